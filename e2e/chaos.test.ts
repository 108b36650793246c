// Workers that are killed again and again, while vendors, Trace and the warehouse fail: nothing is lost, and every event
// is accounted for. `make chaos` runs the same for longer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chaos, type Plan } from "./support/chaos-run.ts";
import { table } from "./support/chaos-table.ts";
import { problems } from "./support/chaos-verdict.ts";

/** Longer than the kills take, so that they come under load. */
const PLANS = {
  d1: { seed: 1, seconds: 25, rate: 40, kills: 10 },
  bigquery: { seed: 2, seconds: 15, rate: 40, kills: 6 },
};

for (const [warehouse, plan] of Object.entries(PLANS) as [keyof typeof PLANS, Plan][]) {
  test(`kills under load and in bad weather lose nothing, with ${warehouse}`, async (t) => {
    const outcome = await chaos({ ...plan, warehouse, say: (what) => t.diagnostic(what) });
    t.diagnostic(`seed ${plan.seed}\n${table(outcome)}`);
    assert.deepEqual(problems(outcome), []);
    assert.ok(
      outcome.kills >= plan.kills / 2,
      `${outcome.kills} kills came while payloads were being sent`,
    );
  });
}
