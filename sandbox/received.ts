// What vendors accepted, by the keys under which they know an event again: enough to tell lost events and
// repeated ones apart after millions of them, when the journal has long forgotten the requests.

import type { SeenEvent } from "./vendors/vendor.ts";

/** Keys that are kept of each vendor. A key with its numbers takes about 150 bytes. */
const LIMIT = 4_000_000;

/** Keys of one page. */
export const PAGE = 10_000;

export interface ReceivedKey {
  key: string;
  /** How often it was accepted. */
  count: number;
  /** When the first request that was accepted with it came, in ms since 1970. */
  firstAt: number;
}

export interface ReceivedTotals {
  /** Events that were accepted, repeated ones included. */
  events: number;
  /** Different keys. */
  keys: number;
  /** Events without a key, or past the limit of what is kept. */
  unknown: number;
}

interface Memory {
  entries: Map<string, ReceivedKey>;
  /** The same in the order of their coming, so that pages can be taken from it. */
  order: ReceivedKey[];
  events: number;
  unknown: number;
}

export class Received {
  readonly #vendors: Map<string, Memory>;
  readonly #limit: number;

  constructor(vendors: string[], limit = LIMIT) {
    this.#limit = limit;
    this.#vendors = new Map(vendors.map((vendor) => [vendor, emptyMemory()]));
  }

  /** Counts the events of a request that came at `at` and was answered with success. */
  accept(vendor: string, events: SeenEvent[], at: number): void {
    const memory = this.#memory(vendor);
    memory.events += events.length;
    for (const { key } of events) {
      const known = key === undefined ? undefined : memory.entries.get(key);
      if (known) {
        known.count++;
        known.firstAt = Math.min(known.firstAt, at);
      } else if (key === undefined || memory.order.length >= this.#limit) {
        memory.unknown++;
      } else {
        const entry = { key, count: 1, firstAt: at };
        memory.entries.set(key, entry);
        memory.order.push(entry);
      }
    }
  }

  /** Keys in the order of their coming, those after the first `after`. */
  keys(vendor: string, after = 0, most = Number.POSITIVE_INFINITY): ReceivedKey[] {
    return this.#memory(vendor).order.slice(after, after + most);
  }

  totals(): Record<string, ReceivedTotals> {
    return Object.fromEntries(
      [...this.#vendors].map(([vendor, { events, order, unknown }]) => [
        vendor,
        { events, keys: order.length, unknown },
      ]),
    );
  }

  clear(): void {
    for (const vendor of this.#vendors.keys()) this.#vendors.set(vendor, emptyMemory());
  }

  #memory(vendor: string): Memory {
    const memory = this.#vendors.get(vendor);
    if (!memory) throw new Error(`There is no vendor ${vendor}.`);
    return memory;
  }
}

function emptyMemory(): Memory {
  return { entries: new Map(), order: [], events: 0, unknown: 0 };
}
