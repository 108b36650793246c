// What the crate costs: the size of a Worker with it and without, and the CPU time of a request. Not a test.
// Run: tools/build-worker sentry-workers/tests/worker; tools/build-worker --sentry sentry-workers/tests/worker;
//      node sentry-workers/tests/cost.ts [ROUNDS]

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { startAlone } from "../../bench/alone.ts";
import { idle, threadsMs } from "../../bench/kernel.ts";
import { Connection } from "../../bench/load/connection.ts";
import { startSentry } from "../../e2e/support/sentry.ts";

/** Requests that are measured together, and those before, within which V8 compiles. */
const REQUESTS = 2000;
const WARMUP = 4000;

interface Side {
  name: string;
  /** So many requests, and what each took of the processor, in µs. */
  run(requests: number): Promise<number>;
  close(): Promise<unknown>;
}

const sentry = await startSentry();

/** A Worker that is asked for `path`; in it, `#` is another number each time. */
async function side(name: string, build: string, path: string, dsn?: string): Promise<Side> {
  const entry = "sentry-workers/tests/worker/build/index.js";
  const bindings = dsn ? { SENTRY_DSN: dsn } : {};
  const { pid, url, close } = await startAlone(entry, build, bindings);
  let number = 0;
  const run = async (requests: number) => {
    await idle(pid);
    // A new one each time: workerd closes those that are idle.
    const connection = new Connection(Number(url.port));
    const before = threadsMs(pid);
    for (let i = 0; i < requests; i++) {
      const target = path.replace("#", String(number++));
      const status = await connection.send(
        Buffer.from(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`),
      );
      if (status !== 200) throw new Error(`${name}: ${status}`);
    }
    await idle(pid);
    return ((threadsMs(pid) - before) * 1000) / requests;
  };
  await run(WARMUP);
  return { name, run, close };
}

for (const build of ["build", "build-sentry"]) {
  const wasm = readFileSync(`sentry-workers/tests/worker/${build}/index_bg.wasm`);
  console.log(`${build}: ${wasm.length} bytes, ${gzipSync(wasm, { level: 9 }).length} with gzip`);
}
const sides = [
  await side("without the crate", "build", "/"),
  await side("off", "build-sentry", "/"),
  await side("on, no event", "build-sentry", "/", sentry.dsn),
  await side("on, an event counted", "build-sentry", "/fail?message=same", sentry.dsn),
  await side("on, an event sent", "build-sentry", "/fail?message=#", sentry.dsn),
];
const figures = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
for (let round = Number(process.argv[2] ?? 8); round > 0; round--) {
  for (const { name, run } of sides) figures.get(name)?.push(await run(REQUESTS));
}
for (const [name, rounds] of figures) {
  const sorted = rounds.toSorted((a, b) => a - b).map(Math.round);
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(`${name}: ${median} µs per request (${sorted[0]} to ${sorted.at(-1)})`);
}
await Promise.all(sides.map(({ close }) => close()));
await sentry.close();
