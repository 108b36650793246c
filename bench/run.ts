// One side under load, alone on the machine: warmed up, measured until everything is delivered, ended.

import { setTimeout as wait } from "node:timers/promises";
import { Child } from "./child.ts";
import { monotonic } from "./clock.ts";
import { type Latency, latency } from "./figures.ts";
import { idle } from "./kernel.ts";
import type { Shape } from "./load/bodies.ts";
import type * as driver from "./load/driver.ts";
import type * as sink from "./load/sink.ts";
import {
  type Account,
  type Arrived,
  type Death,
  type Ports,
  VENDORS,
  type VendorName,
} from "./load/vendors.ts";
import { Meter } from "./meter.ts";
import { type Side, type SideName, start } from "./sides.ts";

/** In seconds. */
export interface Timing {
  /** Load before the measured one. */
  warmup: number;
  /** Measured load. */
  seconds: number;
  /** After which what is not delivered yet is given up on. */
  settle: number;
}

export interface Setting {
  side: SideName;
  shards: number;
  shape: Shape;
  pace: driver.Pace;
  timing: Timing;
  dead?: { vendor: VendorName; how: Death };
}

/** Latencies are in ms. */
export interface Figures {
  /** Events of requests that were answered by 200. */
  events: number;
  /** Of them, per second of load. */
  acceptedPerSecond: number;
  /** The same per second until everything was delivered: what can be kept up. */
  deliveredPerSecond: number;
  /** CPU time of workerd until everything was delivered, per event, in µs. */
  cpuPerEvent: number;
  /** From sending a request to its 200. */
  answer: Latency;
  /** From the 200 to the vendor, over all vendors that live, and of each. */
  delivery: Latency;
  deliveryTo: Partial<Record<VendorName, Latency>>;
  /** Requests to vendors, per event that was accepted. */
  requestsPerEvent: number;
  /** Bytes of their bodies, per event that was accepted. */
  bytesPerEvent: number;
  /** Connections to vendors, and calls, at most at once. */
  connections: number;
  calls: number;
  /** Answers by status, `failed` for none. */
  statuses: Record<string, number>;
  /** Accepted events that a vendor that lives does not have, and accepted payloads that `raw` does not have. */
  missing: number;
  /** Events that a vendor got more than once. */
  repeated: number;
  /** Rows that the warehouse lacks, and events that it knows to be pending. */
  pending: number;
  /** Seconds from the end of the load until everything was delivered. */
  drain: number;
  /** Memory of workerd, in MiB: each second from the load's beginning. */
  memory: number[];
  /** Share of a core that senders and vendors took: near 1, they are what was measured. */
  driverBusy: number;
  sinkBusy: number;
  /** Cores that other programs took meanwhile: above a tenth, measure again. */
  othersBusy: number;
  /** What the Workers logged as errors, up to three different ones. */
  errors: string[];
}

/** What is left to do for the accepted part of a load. */
interface Left {
  /** Events on their way to vendors. */
  arriving: number;
  pending: number;
}

export async function run(setting: Setting): Promise<Figures> {
  const vendors = new Child<sink.Question>(new URL("load/sink.ts", import.meta.url));
  const senders = new Child<driver.Question>(new URL("load/driver.ts", import.meta.url));
  const { dead, shape, timing } = setting;
  const living = VENDORS.filter((vendor) => vendor !== dead?.vendor);
  const ports = await vendors.ask<Ports>({ do: "listen", ...(dead && { dead }) });
  const side = await start(setting.side, setting.shards, ports);
  try {
    await senders.ask({ do: "aim", port: side.port, shape });
    await load(timing.warmup);
    await vendors.ask({ do: "count from here" });
    await idle(side.pid);
    const meter = new Meter(side.pid);
    const { sent, left, drain } = await load(timing.seconds);
    const metered = meter.stop();
    const account = await vendors.ask<Account>({ do: "account", ...range(sent) });
    return {
      ...figures(setting, sent, account, metered.cpuMs, drain),
      missing: side.warehouse
        ? missing(shape.events, sent, account, living, side.warehouse.stored())
        : 0,
      pending: left.pending,
      memory: metered.memory,
      othersBusy: (metered.othersMs - sent.cpuMs - account.cpuMs) / metered.lastedMs,
      errors: distinct(side.errors),
    };
  } finally {
    await side.close();
    await Promise.all([senders.end(), vendors.end()]);
  }

  async function load(seconds: number) {
    const before = rows(side);
    const sent = await senders.ask<driver.Sent>({ do: "send", seconds, pace: setting.pace });
    const end = monotonic();
    let left = await remaining(sent, before);
    while (left.arriving + left.pending > 0 && monotonic() < end + timing.settle * 1000) {
      await wait(50);
      left = await remaining(sent, before);
    }
    const drain = (monotonic() - end) / 1000;
    await idle(side.pid);
    return { sent, left, drain };
  }

  /** Counts, which are cheap; what they would hide is found by `missing`. */
  async function remaining(sent: driver.Sent, before: Rows): Promise<Left> {
    if (!side.warehouse) return { arriving: 0, pending: 0 };
    const payloads = sent.acceptedAt.reduce((sum, at) => sum + (at > 0 ? 1 : 0), 0);
    const events = payloads * shape.events;
    const arrived = await vendors.ask<Arrived>({ do: "arrived", ...range(sent) });
    const arriving = Math.max(0, ...living.map((vendor) => events - arrived[vendor]));
    // Counting rows takes time of the machine that is measured: only when it is the last thing to wait for.
    if (arriving > 0) return { arriving, pending: 0 };
    const now = rows(side);
    const raw = Math.max(0, before.raw + payloads - now.raw);
    const deliveries = Math.max(0, before.deliveries + living.length * events - now.deliveries);
    const isAccounted = setting.side === "sparrow" && !dead && raw + deliveries === 0;
    const known = isAccounted ? side.warehouse.pending() : 0;
    return { arriving, pending: raw + deliveries + known };
  }

  function range({ first, sentAt }: driver.Sent) {
    return { from: first * shape.events, to: (first + sentAt.length) * shape.events };
  }
}

interface Rows {
  raw: number;
  deliveries: number;
}

function rows({ warehouse }: Side): Rows {
  return { raw: warehouse?.rows("raw") ?? 0, deliveries: warehouse?.rows("deliveries") ?? 0 };
}

function figures(
  setting: Setting,
  sent: driver.Sent,
  account: Account,
  cpu: number,
  drain: number,
) {
  const size = setting.shape.events;
  const answers: number[] = [];
  const deliveries: Record<VendorName, number[]> = { amplitude: [], ga4: [], heap: [] };
  sent.acceptedAt.forEach((at, request) => {
    if (at === 0) return;
    answers.push(at - (sent.sentAt[request] as number));
    for (const vendor of VENDORS) {
      for (let event = request * size; event < (request + 1) * size; event++) {
        const arrivedAt = account.arrivedAt[vendor][event];
        if (arrivedAt) deliveries[vendor].push(arrivedAt - at);
      }
    }
  });
  const events = answers.length * size;
  const { seconds } = setting.timing;
  return {
    events,
    acceptedPerSecond: events / seconds,
    deliveredPerSecond: events / (seconds + drain),
    cpuPerEvent: (cpu * 1000) / events,
    answer: latency(answers),
    delivery: latency(VENDORS.flatMap((vendor) => deliveries[vendor])),
    deliveryTo: Object.fromEntries(VENDORS.map((vendor) => [vendor, latency(deliveries[vendor])])),
    requestsPerEvent: account.requests / events,
    bytesPerEvent: account.bytes / events,
    connections: account.connections,
    calls: account.calls,
    statuses: sent.statuses,
    repeated: account.repeated,
    drain,
    driverBusy: sent.cpuMs / 1000 / seconds,
    sinkBusy: account.cpuMs / 1000 / (seconds + drain),
  };
}

function missing(
  size: number,
  { first, acceptedAt }: driver.Sent,
  { arrivedAt }: Account,
  living: VendorName[],
  stored: Set<number>,
): number {
  let missing = 0;
  acceptedAt.forEach((at, request) => {
    if (at === 0) return;
    if (!stored.has((first + request) * size)) missing++;
    for (let event = request * size; event < (request + 1) * size; event++) {
      if (living.some((vendor) => !arrivedAt[vendor][event])) missing++;
    }
  });
  return missing;
}

function distinct(errors: string[]): string[] {
  return [...new Set(errors)].slice(0, 3);
}
