// What is known of the three vendors outside of their process.

import { FIRST_NUMBER, MARK } from "./bodies.ts";

export const VENDORS = ["amplitude", "ga4", "heap"] as const;
export type VendorName = (typeof VENDORS)[number];

/** How a vendor is dead. */
export const DEATHS = ["refuse", "hang", "error"] as const;
export type Death = (typeof DEATHS)[number];

/** Vendors' ports. */
export type Ports = Record<VendorName, number>;

/** Distinct events of a range that came, by vendor. */
export type Arrived = Record<VendorName, number>;

/** Since `count from here`, but for `arrivedAt`. */
export interface Account {
  /** When each event of the range came first, on the monotonic clock; 0 where it did not. */
  arrivedAt: Record<VendorName, Float64Array>;
  requests: number;
  /** Of bodies. */
  bytes: number;
  /** Events that came again. */
  repeated: number;
  /** Connections open at once, over all vendors, at most. */
  connections: number;
  /** Calls open at once, at most. */
  calls: number;
  cpuMs: number;
}

const NEEDLE = Buffer.from(MARK);

/** Numbers of the events in a body: the digits after each mark. */
export function* numbers(body: Buffer): Generator<number> {
  for (let at = body.indexOf(NEEDLE); at >= 0; at = body.indexOf(NEEDLE, at)) {
    at += NEEDLE.length;
    let number = 0;
    for (const end = at + 8; at < end; at++) number = number * 10 + ((body[at] ?? 0) - 48);
    yield number - FIRST_NUMBER;
  }
}
