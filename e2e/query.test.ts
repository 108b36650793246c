// `sparrow query` as people run it: on the local D1's file, on D1 by Cloudflare's API (a stand-in), and on BigQuery's emulator. The
// same question has the same answer, and what changes something is refused.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { type Cloudflare, startCloudflare, TOKEN } from "./support/cloudflare.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";

const COMMAND = resolve("target/debug/sparrow");
const PROJECT = "shop-4711";

let sparrow: Sparrow;
let cloudflare: Cloudflare;
let bigquery: Emulator;
const folder = mkdtempSync(join(tmpdir(), "sparrow-"));

before(async () => {
  [sparrow, bigquery] = await Promise.all([startSparrow(), startBqemulator()]);
  const purchases = Array.from({ length: 3 }, (_, i) => ({
    event: "purchase product",
    deviceId: `d${i}`,
    userId: i === 0 ? undefined : `u${i}`,
    properties: { entry: "billing", productName: `größe, "${i}"` },
  }));
  assert.equal((await sparrow.send({ batch: purchases }, "&id=bought")).status, 200);
  await sparrow.settled("bought", 3);
  cloudflare = await startCloudflare(sparrow.d1File());
  const policy = resolve("allowlist/allowlist.toml");
  const migrate = ["warehouse", "migrate", "--location", "EU", "--policy", policy];
  const made = await run(migrate, bigqueryAt());
  assert.equal(made.code, 0, made.stderr);
  const rows = await sparrow.sql("SELECT eventId, timestamp, data, context FROM raw");
  for (const row of rows) await insert("raw", row);
});
after(async () => {
  await Promise.all([sparrow?.close(), cloudflare?.close(), bigquery?.close()]);
  rmSync(folder, { recursive: true });
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command without what this machine's environment says of warehouses. */
function run(
  command: string[],
  environment: Record<string, string> = {},
  input = "",
): Promise<Ended> {
  const env = { PATH: process.env.PATH, ...environment };
  return new Promise((done) => {
    const options = { env, cwd: folder, maxBuffer: 1 << 30 };
    const child = execFile(COMMAND, command, options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    // Most commands end without having read it.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

const bigqueryAt = () => ({
  WAREHOUSE: "bigquery",
  BIGQUERY_ENDPOINT: bigquery.url,
  BIGQUERY_PROJECT: PROJECT,
});

/** Streams a row as Dispatcher does. */
async function insert(table: string, row: Record<string, unknown>): Promise<void> {
  const path = `/bigquery/v2/projects/${PROJECT}/datasets/sparrow/tables/${table}/insertAll`;
  const body = JSON.stringify({ rows: [{ json: row }] });
  const reply = await fetch(bigquery.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assert.equal(reply.status, 200, await reply.text());
}

/** The environments in which the same rows are asked for. */
const places = (): Record<string, Record<string, string>> => ({
  "the local D1": { D1_FILE: sparrow.d1File() },
  "D1 by the API": { D1_REMOTE: "true", ...cloudflare.environment },
  BigQuery: bigqueryAt(),
});

const SQL =
  "SELECT idx, event, userId AS person, productName AS product FROM raw_normalized WHERE payloadId = 'bought' ORDER BY idx";

test("the same question has the same answer in every warehouse", async () => {
  const csv = `idx,event,person,product
0,purchase product,,"größe, ""0"""
1,purchase product,u1,"größe, ""1"""
2,purchase product,u2,"größe, ""2"""
`;
  const objects = [0, 1, 2].map((idx) => ({
    idx,
    event: "purchase product",
    person: idx === 0 ? null : `u${idx}`,
    product: `größe, "${idx}"`,
  }));
  for (const [place, environment] of Object.entries(places())) {
    assert.deepEqual(
      await run(["query", SQL], environment),
      { code: 0, stdout: csv, stderr: "" },
      place,
    );
    const json = await run(["query", SQL, "--json"], environment);
    assert.deepEqual(JSON.parse(json.stdout), objects, place);
    const lines = (await run(["query", "-", "--format", "ndjson"], environment, SQL)).stdout;
    assert.deepEqual(
      lines
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
      objects,
      place,
    );
  }
});

test("a table says how many rows it shows, and a limit what is left out", async () => {
  writeFileSync(join(folder, "asked.sql"), SQL);
  for (const [place, environment] of Object.entries(places())) {
    const asked = ["query", "--file", "asked.sql", "--format", "table"];
    const whole = await run(asked, environment);
    assert.match(whole.stdout, /NULL[\s\S]*größe, "2"[\s\S]*\n3 rows\n$/, place);
    assert.equal(whole.stderr, "", place);
    const cut = await run([...asked, "--limit", "2"], environment);
    assert.match(cut.stdout, /\n2 rows\n$/, place);
    assert.match(cut.stderr, /first 2 rows/, place);
  }
});

test("an answer without rows has its columns", async () => {
  const none = "SELECT event, day FROM raw_normalized WHERE payloadId = 'none'";
  for (const [place, environment] of Object.entries(places())) {
    assert.equal((await run(["query", none], environment)).stdout, "event,day\n", place);
    assert.equal((await run(["query", none, "--json"], environment)).stdout, "[]\n", place);
  }
});

test("what changes something is refused before anything is asked", async () => {
  const statements = [
    "DELETE FROM raw WHERE TRUE",
    "SELECT 1; DELETE FROM raw WHERE TRUE",
    "WITH x AS (SELECT 1) DELETE FROM raw",
    "WITH x AS (SELECT 1) REPLACE INTO raw SELECT 1, 1, 1, 1",
    "INSERT INTO raw (eventId) VALUES ('x') RETURNING eventId",
    "PRAGMA user_version = 7",
    "DROP VIEW raw_normalized",
    "CREATE TABLE x (a INT64)",
  ];
  const before = cloudflare.statements.length;
  for (const [place, environment] of Object.entries(places())) {
    for (const sql of statements) {
      const refused = await run(["query", sql], environment);
      assert.equal(refused.code, 1, `${place}: ${sql}`);
      assert.equal(refused.stdout, "", `${place}: ${sql}`);
    }
  }
  const sent = cloudflare.statements.slice(before).map(({ sql }) => sql);
  assert.ok(
    sent.every((sql) => sql.startsWith("SELECT sql FROM sqlite_schema")),
    sent.join("\n"),
  );
  assert.deepEqual(await sparrow.sql("SELECT count(*) AS n FROM raw"), [{ n: 1 }]);
});

test("what is wrong with SQL is told in the warehouse's words", async () => {
  for (const [place, environment] of Object.entries(places())) {
    const wrong = await run(["query", "SELECT nothing_like_it FROM raw"], environment);
    assert.equal(wrong.code, 1, place);
    assert.match(wrong.stderr, /^sparrow: [^\n]*nothing_like_it/, place);
  }
});

test("Cloudflare's trouble passes, and its refusals name no token", async () => {
  const environment = places()["D1 by the API"] ?? {};
  cloudflare.fail(503, 1);
  const asked = await run(["query", "SELECT 1 AS one"], environment);
  assert.equal(asked.stdout, "one\n1\n");
  assert.match(asked.stderr, /answered 503[^\n]*next attempt in 1 s/);
  const refused = await run(["query", "SELECT 1"], {
    ...environment,
    CLOUDFLARE_API_TOKEN: `${TOKEN}x`,
  });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /refuses the token \(401\): CLOUDFLARE_API_TOKEN needs/);
  assert.ok(!refused.stderr.includes(TOKEN));
  const unset = await run(["query", "SELECT 1"], { D1_REMOTE: "true" });
  assert.match(unset.stderr, /CLOUDFLARE_ACCOUNT_ID[\s\S]*CLOUDFLARE_API_TOKEN/, "all at once");
});

test("what sparrow.toml says counts where nothing else is said", async () => {
  const file = join(folder, "here.toml");
  const { D1_FILE } = places()["the local D1"] ?? {};
  writeFileSync(
    file,
    `d1_file = "nowhere.sqlite"\n[local]\nd1_file = ${JSON.stringify(D1_FILE)}\n[emulator]\n` +
      `warehouse = "bigquery"\nbigquery_endpoint = "${bigquery.url}"\nbigquery_project = "${PROJECT}"\n`,
  );
  const count = ["query", "SELECT COUNT(*) AS n FROM raw", "--config", file];
  for (const profile of ["local", "emulator"]) {
    const counted = await run([...count, "--profile", profile]);
    assert.equal(counted.stdout, "n\n1\n", counted.stderr);
  }
  assert.match((await run(count)).stderr, /nowhere\.sqlite/);
  const said = await run([...count, "--profile", "emulator"], {
    WAREHOUSE: "d1",
    D1_FILE: D1_FILE ?? "",
  });
  assert.equal(said.stdout, "n\n1\n", "the environment counts before the file");
  assert.match(
    (await run([...count, "--profile", "prod"])).stderr,
    /no profile `prod`; it has emulator, local/,
  );
});
