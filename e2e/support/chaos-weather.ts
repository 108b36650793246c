// What goes wrong while chaos lasts: vendors, Trace and the warehouse, at moments that follow from a seed.

import type { Behaviour, Fault, Sandbox } from "../../sandbox/server.ts";
import { TRACKERS } from "./workers.ts";

/** How vendors fail. Each passes by itself; `down` may last until somebody heals it. */
const VENDORS: Behaviour[] = [
  { mode: "error", status: 500, times: 5 },
  { mode: "error", status: 503 }, // down
  { mode: "error", status: 429, headers: { "retry-after": "1" }, times: 3 },
  { mode: "slow", delayMs: 700, times: 5 },
  { mode: "cut", times: 5 },
  { mode: "hang", times: 2 },
  // One event of the batch is to blame: Amplitude's answer names it, any other vendor's has to be found.
  {
    mode: "error",
    status: 400,
    body: { code: 400, error: "Invalid event", events_with_invalid_fields: { time: [0] } },
    times: 1,
  },
];

/** Where Trace and the warehouse fail; `edge::faults`. */
const PLACES = ["raw", "accounts", "open", ...TRACKERS.map((tracker) => `deliver-${tracker}`)];

const FAULTS: Fault[] = [
  { mode: "before", times: 2 },
  { mode: "after", times: 2 },
  { mode: "panic", times: 2 },
];

/** Numbers from 0 to 1 that follow from a seed (a SplitMix generator on 32 bits). */
export function numbersOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Lets one more thing go wrong, or one vendor work again. Says what. */
export function worsen(sandbox: Sandbox, next: () => number): string {
  const one = <T>(choices: readonly T[]) => choices[Math.floor(next() * choices.length)] as T;
  if (next() < 0.5) {
    const [place, fault] = [one(PLACES), one(FAULTS)];
    sandbox.faults(place, fault);
    return `${place}: ${fault.mode}`;
  }
  const [vendor, behaviour] = [one(TRACKERS), one([...VENDORS, { mode: "ok" } as const])];
  sandbox.control(vendor, behaviour);
  return `${vendor}: ${behaviour.mode} ${"status" in behaviour ? behaviour.status : ""}`.trim();
}

/** From now on everything works. */
export function heal(sandbox: Sandbox): void {
  for (const vendor of TRACKERS) sandbox.control(vendor, { mode: "ok" });
  for (const place of PLACES) sandbox.faults(place, { mode: "none" });
}
