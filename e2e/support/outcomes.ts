// Accounts of events as shards write them, in several runs and on several days: outcomes, counters, and calls to vendors. Rows
// have their values in the order of the columns; see `event/src/account.rs`.

import { DAY_MS, NOON } from "./hostile.ts";
import type { Batch } from "./inserts.ts";
import { below } from "./numbers.ts";

const OUTCOMES = ["delivered", "filtered", "rejected", "dead"];

/** The same in every run. They add up. */
export function accounts(): Batch[] {
  const random = below(44);
  const one = <T>(choices: T[]) => choices[random(choices.length)] as T;
  const deliveries: unknown[][] = [];
  const ledger: unknown[][] = [];
  const requests: unknown[][] = [];
  for (let shard = 0; shard < 3; shard += 1) {
    const counters = new Map<string, number>();
    for (let seq = 0; seq < 400; seq += 1) {
      const day = random(3);
      const run = ["replay:1", "backfill:1"][random(8)] ?? "live";
      const event = one(["sign up", "(unopened)", "größe"]);
      const tracker = one(["amplitude", "ga4", "heap"]);
      const counter = JSON.stringify([day, run, event, tracker]);
      const settled = counters.get(counter) ?? 0;
      if (random(5) === 0) {
        const url = "https://vendor.example/?key=[secret]";
        const body = one(['{"größe": "\\ud83d"}', "{", ""]);
        const carried = one([
          [],
          [["order-4711", 0, 1]],
          [
            ["p", 1, 2],
            ["it's", 0, 1],
          ],
        ]);
        const receivedAt = NOON + day * DAY_MS;
        const answer = [one([null, 200, 503]), carried, receivedAt, receivedAt + seq];
        requests.push([shard, seq, run, tracker, "POST", url, body, ...answer]);
      } else if (random(3)) {
        counters.set(counter, settled + 1);
        const outcome = one(OUTCOMES);
        const payload = `p${shard}-${random(40)}-${day}`;
        const idx = random(2);
        deliveries.push([
          payload,
          idx,
          one([`${payload}.${idx}`, `own-${random(9)}`, "order-4711.0"]),
          event,
          tracker,
          outcome,
          outcome === "delivered" ? null : one(["timeout", "consent"]),
          one([200 + random(300), null]),
          random(5),
          one([[{ field: "properties.größe", rule: "drop" }], null]),
          one(["1-a", null]),
          "0.1.0",
          run,
          shard,
          seq,
          NOON + day * DAY_MS + random(2),
          NOON + day * DAY_MS + 1_000 + seq,
        ]);
      } else {
        const date = new Date(NOON + day * DAY_MS).toISOString().slice(0, 10);
        const pending = random(4);
        const counts = [settled + pending, pending, NOON + seq];
        ledger.push([shard, seq, run, date, event, tracker, ...counts]);
      }
    }
  }
  return [
    ["deliveries", deliveries],
    ["ledger", ledger],
    ["requests", requests],
  ];
}
