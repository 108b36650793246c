// `make chaos SECONDS=300 SEED=…`: load on the Workers while everything around them fails and they are killed again and
// again. Fails where anything is lost or unaccounted for. The same seed makes the same plan; without one, the time is.
// WAREHOUSE=bigquery takes BigQuery for the warehouse, and lets it fail, too.

import { chaos } from "../e2e/support/chaos-run.ts";
import { table } from "../e2e/support/chaos-table.ts";
import { problems } from "../e2e/support/chaos-verdict.ts";

const [seconds = 300, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const warehouse = process.env.WAREHOUSE || "d1";
const isKnown = warehouse === "d1" || warehouse === "bigquery";
if (!(seconds > 0 && Number.isSafeInteger(seed) && isKnown)) {
  console.error("usage: make chaos SECONDS=300 SEED=1 WAREHOUSE=d1|bigquery");
  process.exit(1);
}

/** One kill in so many seconds. */
const SECONDS_PER_KILL = 3;

const start = Date.now();
const say = (what: string) =>
  console.error(`${((Date.now() - start) / 1000).toFixed(1).padStart(7)} s  ${what}`);
console.error(`make chaos SECONDS=${seconds} SEED=${seed} WAREHOUSE=${warehouse}`);
const kills = Math.ceil(seconds / SECONDS_PER_KILL);
const outcome = await chaos({ seed, seconds, rate: 50, kills, warehouse, say });
console.log(table(outcome));
const wrong = problems(outcome);
for (const problem of wrong) console.log(`✗ ${problem}`);
console.log(wrong.length === 0 ? "\nnothing is lost, and every event is accounted for" : "");
process.exitCode = wrong.length === 0 ? 0 : 1;
