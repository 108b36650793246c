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

const QUOTA = { error: { code: 403, errors: [{ reason: "quotaExceeded", message: "Exceeded" }] } };

/** How BigQuery fails. None of it is a row's fault: of one that is refused no more is heard. */
const BIGQUERY: Behaviour[] = [
  { mode: "error", status: 503, times: 5 },
  { mode: "error", status: 401, times: 1 },
  { mode: "error", status: 403, body: QUOTA, times: 3 },
  { mode: "cut", times: 3 },
  { mode: "cut", stored: true, times: 3 },
  { mode: "slow", delayMs: 700, times: 5 },
  { mode: "hang", times: 1 },
];

/** A row that is stored twice, and one that fails for once. */
const BIGQUERY_ROWS = ["bigquery-insert-id", "bigquery-row-failed"];

/** Lets one more thing go wrong, or one vendor work again. Says what. */
export function worsen(sandbox: Sandbox, warehouse: string, next: () => number): string {
  const one = <T>(choices: readonly T[]) => choices[Math.floor(next() * choices.length)] as T;
  if (warehouse === "bigquery" && next() < 0.3) {
    if (next() < 0.3) {
      const place = one(BIGQUERY_ROWS);
      sandbox.faults(place, { mode: "error", times: 2 });
      return place;
    }
    const behaviour = one(BIGQUERY);
    sandbox.control("bigquery", behaviour);
    return told("bigquery", behaviour);
  }
  if (next() < 0.5) {
    const [place, fault] = [one(PLACES), one(FAULTS)];
    sandbox.faults(place, fault);
    return `${place}: ${fault.mode}`;
  }
  const [vendor, behaviour] = [one(TRACKERS), one([...VENDORS, { mode: "ok" } as const])];
  sandbox.control(vendor, behaviour);
  return told(vendor, behaviour);
}

function told(vendor: string, { mode, status }: Behaviour): string {
  return `${vendor}: ${mode} ${status ?? ""}`.trim();
}

/** From now on everything works. */
export function heal(sandbox: Sandbox): void {
  for (const vendor of [...TRACKERS, "bigquery"]) sandbox.control(vendor, { mode: "ok" });
  for (const place of [...PLACES, ...BIGQUERY_ROWS]) sandbox.faults(place, { mode: "none" });
}
