// A person is forgotten in BigQuery, at once or, where rows are in its streaming buffer, by the same command later.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { type Ended, run } from "./support/command.ts";
import { consoleHttp } from "./support/console-http.ts";
import { read } from "./support/google.ts";
import { DEVELOPMENT_KEY, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { type StreamingBuffer, streamingBuffer } from "./support/streaming-buffer.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";
const PROJECT = "shop-4711";
const USER = "person-ada-4711";

let emulator: Emulator;
let buffer: StreamingBuffer;
let sparrow: Sparrow;
let operators: { url: string; close: () => Promise<void> };

before(async () => {
  emulator = await startBqemulator();
  buffer = await streamingBuffer(emulator.url);
  await migrate("--endpoint", emulator.url, "--project", PROJECT);
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    dispatcher: {
      WAREHOUSE: "bigquery",
      BIGQUERY_PROJECT: PROJECT,
      BIGQUERY_ENDPOINT: emulator.url,
    },
    trace: { REQUESTS_LOG: "all" },
    off: ["ga4", "heap"],
  });
  operators = await consoleHttp(sparrow);
});
after(async () => {
  await operators?.close();
  await sparrow?.close();
  await buffer?.close();
  await emulator?.close();
});

const sql = async (...queries: string[]) =>
  (await read(emulator.url, PROJECT, "sparrow", queries)).rows;

interface Report {
  receipt: string | null;
  days: Record<string, Record<string, number>>;
  waiting: { payload: string; idx: number[] }[];
  again: string | null;
}

const command = (...args: string[]): Promise<Ended> =>
  run(["forget", "--json", ...args], {
    WAREHOUSE: "bigquery",
    BIGQUERY_PROJECT: PROJECT,
    BIGQUERY_ENDPOINT: buffer.url,
    SPARROW_CONSOLE: operators.url,
    CONSOLE_TOKEN: TOKEN,
  });

async function forget(code: number, ...args: string[]): Promise<{ report: Report }> {
  const ended = await command("--user", USER, ...args);
  assert.equal(ended.code, code, ended.stderr + ended.stdout);
  return { report: JSON.parse(ended.stdout) as Report };
}

async function send(id: string, body: unknown, encoding?: "gzip"): Promise<void> {
  const text = JSON.stringify(body);
  const answer = await fetch(`${sparrow.url}/e?key=${DEVELOPMENT_KEY}&id=${id}`, {
    method: "POST",
    body: encoding ? gzipSync(text) : text,
    headers: encoding ? { "content-encoding": encoding } : {},
  });
  assert.equal(answer.status, 200);
}

const event = (userId: string, eventId: string) => ({ event: "sign up", userId, eventId });

const TABLES = ["raw", "deliveries", "ledger", "requests", "erasures"];
const everything = async () =>
  JSON.stringify(await sql(...TABLES.map((table) => `SELECT * FROM ${table}`)));

const SUMS = `SELECT tracker, SUM(received) AS received, SUM(delivered) AS delivered, SUM(unaccounted) AS unaccounted
  FROM accounts WHERE received <> 0 GROUP BY tracker ORDER BY tracker`;
const OF_BOB =
  "SELECT * FROM raw_normalized WHERE userId = 'bob' AND payloadId <> 'zipped' ORDER BY eventId";

test("what the streaming buffer holds is named in the receipt, and erased by the same command later", async () => {
  await send("old", event(USER, "ada-1"));
  await send("recent", { batch: [event(USER, "ada-2"), event("bob", "bob-1")] });
  await send("zipped", { batch: [event("bob", "bob-2"), event(USER, "ada-3")] }, "gzip");
  await send("bob", event("bob", "bob-3"));
  const [sums, bob] = await eventually(
    "everything is in the warehouse",
    async () => {
      const [sums = [], bob, calls] = await sql(SUMS, OF_BOB, "SELECT COUNT(*) AS n FROM requests");
      const isTold = sums.filter(({ delivered }) => Number(delivered) === 6).length === 2;
      return isTold && Number(calls?.[0]?.n) > 0 && [sums, bob];
    },
    60_000,
  );
  await sparrow.idle();

  const dry = (await forget(0)).report;
  const [day] = Object.values(dry.days);
  assert.deepEqual(
    [day?.rawDeleted, day?.rawRewritten, day?.rawEvents, day?.deliveries],
    [1, 2, 3, 6],
  );
  assert((await everything()).includes(USER));

  buffer.payloads.add("recent");
  const first = (await forget(1, "--yes")).report;
  assert.deepEqual(
    first.waiting.map(({ payload, idx }) => [payload, idx]),
    [["recent", [0]]],
  );
  assert(first.again && first.receipt);
  const [raw = []] = await sql("SELECT eventId FROM raw ORDER BY eventId");
  assert.deepEqual(
    raw.map(({ eventId }) => eventId),
    ["bob", "recent", "zipped"],
  );
  const [begun = []] = await sql("SELECT id, waiting, finished FROM erasures");
  assert.deepEqual([begun.length, begun[0]?.id, begun[0]?.finished], [1, first.receipt, null]);
  assert.match(String(begun[0]?.waiting), /"recent"/);

  buffer.payloads.clear();
  const second = (await forget(0, "--yes")).report;
  assert.deepEqual([second.receipt, second.waiting, second.again], [first.receipt, [], null]);
  const left = await everything();
  const at = left.indexOf(USER);
  assert.equal(at, -1, left.slice(at - 300, at + 300));
  assert(!/ada-\d/.test(left), /.{200}ada-\d.{100}/.exec(left)?.[0]);
  const [bobNow, sumsNow, receipts, erased] = await sql(
    OF_BOB,
    SUMS,
    "SELECT finished IS NOT NULL AS isFinished FROM erasures",
    "SELECT DISTINCT eventId FROM deliveries WHERE STARTS_WITH(eventId, '(erased) ') ORDER BY eventId",
  );
  assert.deepEqual([bobNow, sumsNow], [bob, sums]);
  assert.deepEqual(receipts, [{ isFinished: true }]);
  assert.deepEqual(
    erased?.map(({ eventId }) => eventId),
    ["(erased) old.0", "(erased) recent.0", "(erased) zipped.1"],
  );
  assert.deepEqual((await forget(0, "--yes")).report.days, {});
});

test("an erasure that breaks off is seen in its receipt, and the same command goes on", async () => {
  await send("eve-1", event("person-eve", "eve-1"));
  await send("eve-2", { batch: [event("person-eve", "eve-2"), event("bob", "bob-9")] });
  await eventually(
    "eve is in the warehouse",
    async () => {
      const [rows] = await sql("SELECT * FROM deliveries WHERE STARTS_WITH(payloadId, 'eve-')");
      const [raw] = await sql("SELECT * FROM raw WHERE STARTS_WITH(eventId, 'eve-')");
      return rows?.length === 6 && raw?.length === 2;
    },
    60_000,
  );
  await sparrow.idle();
  buffer.broken = /"query":"DELETE FROM `[^`]*\.raw`/;
  const first = await command("--user", "person-eve", "--yes");
  assert.equal(first.code, 1);
  assert(first.stderr.includes("blocked") && !first.stderr.includes("person-eve"), first.stderr);
  const unfinished = "SELECT id FROM erasures WHERE finished IS NULL";
  const [begun = []] = await sql(unfinished);
  assert.equal(begun.length, 1);
  assert((await everything()).includes("person-eve"), "raw goes last");

  buffer.broken = undefined;
  const second = await command("--user", "person-eve", "--yes");
  assert.equal(second.code, 0, second.stderr);
  assert.equal((JSON.parse(second.stdout) as Report).receipt, begun[0]?.id);
  assert(!(await everything()).includes("person-eve"));
  assert.deepEqual(await sql(unfinished), [[]]);
});
