// `sparrow warehouse migrate` for BigQuery, as Google's client sees what it leaves.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { madeBy, migration } from "./support/d1.ts";
import { read, type Table } from "./support/google.ts";
import { type Batch, inserts, send } from "./support/inserts.ts";
import { policyWith } from "./support/policy.ts";

const PROJECT = "shop-4711";
const DATASET = "events";
const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), "sparrow-"));
let emulator: Emulator;

const bring = (...options: string[]) => {
  const where = ["--endpoint", emulator.url, "--project", PROJECT, "--dataset", DATASET];
  return migrate(...where, "--requests-days", "7", ...options);
};

const readBack = (queries: string[] = []) => read(emulator.url, PROJECT, DATASET, queries);

before(async () => {
  emulator = await startBqemulator();
  await bring();
  const now = Date.now();
  const row = ["p", now, '{"event": "e", "properties": {"team size": 5}}', "{}"];
  const delivery = ["p", 0, "p.0", "e", "ga4", "delivered", null, 200, 1, null, null, "0.1.0"];
  const batches: Batch[] = [
    ["raw", [row]],
    ["deliveries", [[...delivery, "live", 0, 1, now, now]]],
  ];
  await send(emulator.url, inserts(PROJECT, DATASET, batches));
});

after(async () => {
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

const STORED = ["SELECT * FROM raw", "SELECT * FROM deliveries", "SELECT * FROM stories"];

test("there are D1's tables, which keep the days that they are told, and its views", async () => {
  const { tables } = await readBack();
  const names = (kind: string) => Object.keys(tables).filter((name) => tables[name]?.type === kind);
  const d1 = migration();
  assert.deepEqual(new Set(names("TABLE")), new Set(madeBy(d1, "TABLE")));
  assert.deepEqual(new Set(names("VIEW")), new Set(madeBy(d1, "VIEW")));
  const days = (name: string) => tables[name]?.timePartitioning?.expirationMs;
  assert.deepEqual([days("requests"), days("raw")], [String(7 * DAY_MS), undefined]);
});

test("a second migration leaves everything as it is", async () => {
  const before = await readBack(STORED);
  const said = await bring();
  assert.match(said, /table raw: is there/);
  assert.doesNotMatch(said, /made/);
  assert.deepEqual(await readBack(STORED), before);
  assert.deepEqual(
    before.rows.map((rows) => rows.length),
    [1, 1, 2],
  );
});

test("a new property has its column in the view, and no table changes", async () => {
  const before = await readBack(STORED);
  const policy = join(folder, "policy.toml");
  writeFileSync(policy, policyWith(["team size"]));
  await bring("--policy", policy);
  const { rows, tables } = await readBack([...STORED, "SELECT team_size FROM raw_normalized"]);
  // Also of what was stored before.
  assert.deepEqual(rows.pop(), [{ team_size: "5" }]);
  assert.deepEqual(rows, before.rows);
  const columns = (table?: Table) => table?.schema.fields.map(({ name }) => name) ?? [];
  const more = columns(tables.raw_normalized).filter(
    (name) => !columns(before.tables.raw_normalized).includes(name),
  );
  assert.deepEqual(more, ["team_size"]);
  const others = ({ raw_normalized: _, ...others }: Record<string, Table>) => others;
  assert.deepEqual(others(tables), others(before.tables));
});

test("how long days are kept can be changed, also back", async () => {
  const days = async () => (await readBack()).tables.raw?.timePartitioning?.expirationMs;
  await bring("--raw-days", "30");
  assert.equal(await days(), String(30 * DAY_MS));
  await bring("--raw-days", "0");
  assert.equal(await days(), undefined);
});
