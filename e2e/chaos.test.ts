// Workers that are killed again and again, while vendors, Trace and the warehouse fail: nothing is lost, and every event
// is accounted for. `make chaos` runs the same for longer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chaos } from "./support/chaos-run.ts";
import { table } from "./support/chaos-table.ts";
import { problems } from "./support/chaos-verdict.ts";

/** Longer than ten kills take, so that they come under load. */
const PLAN = { seed: 1, seconds: 25, rate: 40, kills: 10 };

test("ten kills under load and in bad weather lose nothing", async (t) => {
  const outcome = await chaos({ ...PLAN, say: (what) => t.diagnostic(what) });
  t.diagnostic(`seed ${PLAN.seed}\n${table(outcome)}`);
  assert.deepEqual(problems(outcome), []);
  assert.ok(
    outcome.kills >= PLAN.kills / 2,
    `${outcome.kills} kills came while payloads were being sent`,
  );
});
