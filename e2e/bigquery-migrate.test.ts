// `sparrow warehouse migrate` for BigQuery, as Google's client sees what it leaves.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { failing, startSandbox } from "../sandbox/server.ts";
import { makeTables, migrate } from "./support/bigquery.ts";
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
  const where = ["--endpoint", emulator.url, "--project", PROJECT];
  if (!options.includes("--dataset")) where.push("--dataset", DATASET);
  return migrate(...where, ...options);
};

/** What a migration says that fails. */
const refused = (...options: string[]) =>
  bring(...options).then(
    () => assert.fail("it did not fail"),
    ({ stderr }: { stderr: string }) => stderr,
  );

const readBack = (queries: string[] = []) => read(emulator.url, PROJECT, DATASET, queries);

before(async () => {
  emulator = await startBqemulator();
  await bring("--requests-days", "7");
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

test("a second migration leaves everything as it is, also where it is told nothing", async () => {
  const before = await readBack(STORED);
  const said = await bring("--location=");
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

test("how long days are kept can be changed, and by a word of its own to fewer", async () => {
  const days = async () => (await readBack()).tables.raw?.timePartitioning?.expirationMs;
  const said = await refused("--raw-days", "30", "--requests-days", "8");
  assert.match(said, /table raw keeps its days for ever, not for 30 days\nadd --delete-older/);
  assert.equal(await days(), undefined);
  await bring("--raw-days", "30", "--delete-older");
  assert.equal(await days(), String(30 * DAY_MS));
  await bring("--raw-days", "31");
  assert.equal(await days(), String(31 * DAY_MS));
  await bring("--raw-days", "0");
  assert.equal(await days(), undefined);
});

test("a dataset is made where somebody said, and nowhere else", async () => {
  const elsewhere = ["--dataset", "elsewhere"];
  const said = await refused(...elsewhere, "--location=");
  assert.match(said, /shop-4711\.elsewhere is not there yet, .* --location EU \(BIGQUERY_LOCATION/);
  const made = await bring(...elsewhere, "--location", "europe-west3");
  assert.match(made, /dataset elsewhere: made, in europe-west3\n/);
  const again = await bring(...elsewhere);
  assert.match(again, /dataset elsewhere: is there, in europe-west3 and not in EU/);
});

test("rights that Google has yet to hear of are waited for", async () => {
  const sandbox = await startSandbox();
  try {
    sandbox.control("bigquery", failing("accessDenied", 1));
    const said = await makeTables(sandbox);
    assert.match(said, /accessDenied: .*; rights and keys .* next attempt in 1 s\n/);
    assert.match(said, /dataset sparrow: made, in EU\n/);
  } finally {
    await sandbox.close();
  }
});
