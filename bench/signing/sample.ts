// One way to sign, measured once. The clock inside workerd stands still while it computes, so that all of it is
// measured from outside, as CPU time of the process.

import { monotonic } from "../clock.ts";
import { idle, threadsMs } from "../kernel.ts";
import { Meter } from "../meter.ts";
import { check, type Key } from "./keys.ts";
import { start, type Way, type Worker } from "./worker.ts";

export interface Sample {
  /** CPU ms of a new isolate's first signature: key file and key are read for it. */
  first: number;
  /** CPU ms of a signature when there were many before. */
  warm: number;
  /** Cores that other programs took meanwhile. */
  othersBusy: number;
}

/** Tokens of a request, where there are many requests. */
const TOKENS = 10;

/** Load before the measured one: within it V8 has compiled the loops of WebAssembly for speed. */
const WARMUP_MS = 2000;

const MEASURED_MS = 2000;

export async function sample(way: Way, key: Key): Promise<Sample> {
  const unsigned = await begin(way, key, 0);
  await unsigned.worker.close();
  const signed = await begin(way, key, 1);
  try {
    await load(signed.worker, key, TOKENS, WARMUP_MS);
    const signing = await load(signed.worker, key, TOKENS, MEASURED_MS);
    const answering = await load(signed.worker, key, 0, MEASURED_MS);
    return {
      first: signed.cpuMs - unsigned.cpuMs,
      warm: (signing.cpuMs - answering.cpuMs) / TOKENS,
      othersBusy: signing.othersBusy,
    };
  } finally {
    await signed.worker.close();
  }
}

/** A new workerd, and what its first request took. */
async function begin(
  way: Way,
  key: Key,
  count: number,
): Promise<{ worker: Worker; cpuMs: number }> {
  const worker = await start(way, key.file);
  await idle(worker.pid);
  const before = threadsMs(worker.pid);
  const tokens = await worker.tokens(count);
  const cpuMs = threadsMs(worker.pid) - before;
  check(tokens, count, key);
  return { worker, cpuMs };
}

/** One request after the other, and what each took on average. */
async function load(worker: Worker, key: Key, count: number, forMs: number) {
  const answers: string[][] = [];
  const meter = new Meter(worker.pid);
  const end = monotonic() + forMs;
  while (monotonic() < end) answers.push(await worker.tokens(count));
  const { cpuMs, othersMs, lastedMs } = meter.stop();
  for (const tokens of answers) check(tokens, count, key);
  return { cpuMs: cpuMs / answers.length, othersBusy: Math.max(0, othersMs / lastedMs) };
}
