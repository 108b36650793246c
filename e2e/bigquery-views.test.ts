// BigQuery's views show what D1's show: the same payloads and outcomes in both, asked the same questions.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Row } from "./support/account.ts";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { changes, FLOODED, MAX_NAMES, REPEATED } from "./support/changes.ts";
import { type D1, madeBy, migration, startD1 } from "./support/d1.ts";
import { read } from "./support/google.ts";
import {
  DAY_MS,
  extremePayloads,
  hostilePayloads,
  NOON,
  ODD_PROPERTIES,
  type Payload,
} from "./support/hostile.ts";
import { type Batch, inserts, send } from "./support/inserts.ts";
import { accounts } from "./support/outcomes.ts";
import {
  type Answers,
  assertSameAnswer,
  assertSameRows,
  normalized,
  unequalEvents,
} from "./support/parity.ts";
import { policyWith } from "./support/policy.ts";
import { type Question, questions, weekAgo } from "./support/readme.ts";

const PROJECT = "shop-4711";
const DATASET = "sparrow";
const folder = mkdtempSync(join(tmpdir(), "sparrow-"));
let emulator: Emulator;
let d1: D1;

before(async () => {
  [emulator, d1] = await Promise.all([startBqemulator(), startD1()]);
  const policy = join(folder, "policy.toml");
  writeFileSync(policy, policyWith(ODD_PROPERTIES));
  for (const statement of migration("--policy", policy)) await d1.sql(statement);
  await migrate("--endpoint", emulator.url, "--project", PROJECT, "--policy", policy);
  const payloads = [...hostilePayloads(), ...ordinaryPayloads()];
  await store([
    ...batchesOf(payloads),
    // Of two events with one id at one time the same is shown, whichever came first.
    ...batchesOf([payload("tie-b", { event: "b", eventId: "tie" })]),
    ...batchesOf([payload("tie-a", { event: "a", eventId: "tie" })]),
    ...accounts(),
    ...changes(),
  ]);
});

after(async () => {
  await emulator?.close();
  await d1?.close();
  rmSync(folder, { recursive: true, force: true });
});

function payload(id: string, event: object, receivedAt = NOON): Payload {
  return { id, receivedAt, data: JSON.stringify(event), context: "{}" };
}

/** What the README asks for. */
function ordinaryPayloads(): Payload[] {
  const purchases = [
    [1, "workers", "EUR"],
    [1, "workers", "EUR"],
    [2, "workers", "USD"],
    [3, "pages", undefined],
  ].map(([user, productName, currency], i) => {
    const properties = { productName, currency };
    return payload(`o${i}`, { event: "purchase product", userId: `user-${user}`, properties });
  });
  // With tomorrow's, since it may begin meanwhile.
  const days = [-1, 0, 3, 20].map((days) =>
    payload(`d${days}`, { event: "recent" }, Date.now() - days * DAY_MS),
  );
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const order = payload("order", { event: "purchase product", eventId: "order-4711", traceparent });
  return [...purchases, ...days, order];
}

/** Batches as the Outbox cuts them, by the length of their JSON. */
function batchesOf(payloads: Payload[]): Batch[] {
  const batches: unknown[][][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const { id, receivedAt, data, context } of payloads) {
    const row = [id, receivedAt, data, context];
    const length = Buffer.byteLength(JSON.stringify(row));
    bytes += length;
    if (bytes > 1_000_000) {
      batches.push([]);
      bytes = length;
    }
    batches.at(-1)?.push(row);
  }
  return batches.map((rows) => ["raw", rows]);
}

/**
 * Stores rows in both; in BigQuery every second one twice, as happens when an answer was lost and the row is sent again after
 * Google has forgotten its `insertId`.
 */
async function store(batches: Batch[]): Promise<void> {
  const again = batches.map(([table, rows]): Batch => [table, rows.filter((_, i) => i % 2 === 0)]);
  for (const { d1: statement } of inserts(PROJECT, DATASET, batches)) {
    await d1.sql(statement.sql, statement.parameters);
  }
  await send(emulator.url, inserts(PROJECT, DATASET, [...batches, ...again]));
}

/** What both answer to each question. */
async function ask(questions: Question[]): Promise<Answers[]> {
  const sql = questions.map(({ bigquery }) => bigquery);
  const { rows } = await read(emulator.url, PROJECT, DATASET, sql);
  const answers: Answers[] = [];
  for (const [i, question] of questions.entries()) {
    const [one, other] = [await d1.sql(question.d1), rows[i] ?? []];
    answers.push({ d1: one.map(normalized), bigquery: other.map(normalized) });
  }
  return answers;
}

/** A question that both dialects have in the same words. */
const both = (sql: string): Question => ({ d1: sql, bigquery: sql });

test("whatever was sent, both show the same events, once each", async () => {
  const [events, stored] = (await ask([
    both("SELECT * FROM raw_normalized"),
    both("SELECT COUNT(*) AS payloads FROM raw"),
  ])) as [Answers, Answers];
  assertSameRows(events, ["day", "payloadId", "idx"], unequalEvents);
  const payloads = (rows: Row[]) => Number(rows[0]?.payloads);
  assert.ok(payloads(stored.bigquery) > payloads(stored.d1), "BigQuery has payloads twice");
});

/** Of the views, all but `raw_normalized`: what tells their rows apart. */
const KEYS = {
  accounts: ["run", "day", "event", "tracker"],
  accounts_by_day: ["run", "day", "tracker"],
  reasons: ["run", "day", "event", "tracker", "outcome", "reason"],
  latest_outcomes: ["day", "payloadId", "idx", "eventId", "tracker"],
  changes_by_rule: ["day", "event", "field", "rule", "policy"],
  requests_by_event: ["shard", "seq", "payloadId", "idx"],
  stories: ["eventId", "payloadId", "idx", "step", "tracker", "outcome", "at", "run"],
};

test("both give the same account, though BigQuery has rows twice", async () => {
  const views = madeBy(migration(), "VIEW");
  assert.deepEqual(new Set(["raw_normalized", ...Object.keys(KEYS)]), new Set(views));
  const answers = await ask(Object.keys(KEYS).map((view) => both(`SELECT * FROM ${view}`)));
  for (const [i, key] of Object.values(KEYS).entries()) assertSameRows(answers[i] as Answers, key);
});

test("of a day's names both tell the same thousand, and count the others", async () => {
  const from = `FROM changes_by_rule WHERE rule = 'not_allowed' AND day = '${FLOODED}'`;
  const [told, others, everything] = (await ask([
    both(`SELECT DISTINCT event, field ${from} AND event <> '(others)'`),
    both(`SELECT event, field, policy, events, names ${from} AND event = '(others)'`),
    both(`SELECT SUM(events) AS events ${from}`),
  ])) as [Answers, Answers, Answers];
  assertSameRows(told, ["event", "field"]);
  assert.equal(told.d1.length, MAX_NAMES);
  const row = { event: "(others)", field: "(others)", policy: null, events: 35, names: 35 };
  assert.deepEqual(others, { d1: [row], bigquery: [row] });
  const sum = [{ events: 1_056 }];
  assert.deepEqual(everything, { d1: sum, bigquery: sum });
});

test("an event that came again counts once in both", async () => {
  const question = both(
    `SELECT SUM(events) AS events FROM changes_by_rule WHERE event = '${REPEATED}'`,
  );
  const [answers] = await ask([question]);
  assert.deepEqual(answers, { d1: [{ events: 1 }], bigquery: [{ events: 1 }] });
});

test("every query that the README shows has the same answer in both", async () => {
  const asked = questions();
  assert.ok(asked.length >= 8, "the README's queries are found");
  // A reserved word there, which the emulator takes all the same.
  for (const { bigquery } of asked) assert.doesNotMatch(bigquery, /(?<!`)\bat\b/i);
  for (const [i, answers] of (await ask(asked)).entries()) {
    assertSameAnswer(answers, asked[i]?.d1 ?? "");
  }
});

test("the README says in both dialects what a week ago is", async () => {
  const since = (day: string) =>
    `SELECT payloadId FROM raw_normalized WHERE event = 'recent' AND day >= ${day} ORDER BY payloadId`;
  const { d1, bigquery } = weekAgo();
  const [answers] = await ask([{ d1: since(d1), bigquery: since(bigquery) }]);
  const expected = [{ payloadid: "d-1" }, { payloadid: "d0" }, { payloadid: "d3" }];
  assert.deepEqual(answers, { d1: expected, bigquery: expected });
});

/** The last one, since from now on answers may differ. */
test("what only one of them can read has a row in both, and breaks no query", async () => {
  const payloads = extremePayloads();
  await store(batchesOf(payloads));
  const all = {
    d1: "SELECT * FROM raw_normalized",
    // As text: the emulator takes JSON that is nested deeper than BigQuery's 500, and that Python reads.
    bigquery:
      "SELECT * EXCEPT (properties), TO_JSON_STRING(properties) AS properties FROM raw_normalized",
  };
  const [answers] = (await ask([all])) as [Answers];
  for (const rows of [answers.d1, answers.bigquery]) {
    const shown = new Set(rows.map(({ payloadid }) => payloadid));
    const missing = payloads.filter(({ id }) => !shown.has(id));
    assert.deepEqual(missing, []);
  }
});
