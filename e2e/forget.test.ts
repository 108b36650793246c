// A person is forgotten: wherever its events are they go, others' stay as they are, and every sum holds.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { run } from "./support/command.ts";
import { consoleHttp } from "./support/console-http.ts";
import * as dump from "./support/dump.ts";
import { DEVELOPMENT_KEY, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";
const USER = "person-ada-4711";
const DEVICE = "device-ada-0193";
const SHARDS = [0, 1, 2];

let sparrow: Sparrow;
let operators: { url: string; close: () => Promise<void> };

const dispatcher = { OUTBOX_SHARDS: "3", RETRY_BASE: "20ms" };

before(async () => {
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    // What fails once is dead.
    dispatcher: { ...dispatcher, RETRY_WINDOW: "1ms" },
    trace: { GA4_VALIDATE_SAMPLE: "0", REQUESTS_LOG: "all" },
  });
  operators = await consoleHttp(sparrow);
});
after(async () => {
  await operators?.close();
  await sparrow?.close();
});

const ada = (eventId: string, more = {}) => ({ event: "sign up", userId: USER, eventId, ...more });
const bob = (eventId: string, more = {}) => ({ event: "sign up", userId: "bob", eventId, ...more });

async function send(id: string, body: unknown, encoding?: "gzip"): Promise<void> {
  const text = JSON.stringify(body);
  const answer = await fetch(`${sparrow.url}/e?key=${DEVELOPMENT_KEY}&id=${id}`, {
    method: "POST",
    body: encoding ? gzipSync(text) : text,
    headers: encoding ? { "content-encoding": encoding } : {},
  });
  assert.equal(answer.status, 200);
}

interface Day {
  rawDeleted: number;
  rawRewritten: number;
  rawEvents: number;
  deliveries: number;
  requests: number;
  outboxPayloads: number;
  outboxEvents: number;
  deadEvents: number;
}

interface Report {
  erased: boolean;
  receipt: string | null;
  days: Record<string, Day>;
  mentioned: { payloads: number; first: string[] };
  waiting: unknown[];
}

async function forget<T = Report>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(["forget", "--json", ...args], {
    D1_FILE: sparrow.d1File(),
    SPARROW_CONSOLE: operators.url,
    CONSOLE_TOKEN: TOKEN,
  });
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout) as T;
}

const adas = (...args: string[]) => forget("--user", USER, "--device", DEVICE, ...args);

/** The only day of a report. A test that begins before midnight has two; it is run again then. */
function only(days: Record<string, Day>): Day {
  const [day, ...others] = Object.values(days);
  assert(day && others.length === 0, JSON.stringify(days));
  return day;
}

const everything = () => dump.d1(sparrow.d1File()) + dump.shards(sparrow.d1File());

/** Whatever one of the tables has on others. */
const ofBob = async () => ({
  events: await sparrow.sql("SELECT * FROM raw_normalized WHERE userId = 'bob' ORDER BY eventId"),
  raw: await sparrow.sql("SELECT * FROM raw WHERE eventId LIKE 'bob%' ORDER BY eventId"),
  outcomes: await sparrow.sql(
    "SELECT * FROM deliveries WHERE eventId LIKE 'bob%' AND outcome <> 'pending' ORDER BY shard, seq",
  ),
});

const sums = () =>
  sparrow.sql(
    `SELECT run, event, tracker, sum(received) AS received, sum(delivered) AS delivered, sum(dead) AS dead,
       sum(filtered) AS filtered, sum(pending) AS pending, sum(unaccounted) AS unaccounted
     FROM accounts WHERE received <> 0 GROUP BY run, event, tracker ORDER BY run, event, tracker`,
  );

/** The sums, once every shard has told what it counts. */
const settled = (what: string, holds: (sums: Record<string, unknown>[]) => boolean) =>
  eventually(what, async () => {
    const now = await sums();
    for (const { unaccounted } of now) assert.equal(unaccounted, 0);
    return holds(now) && now;
  });

const backlog = async (lane: string) => {
  const lanes = await Promise.all(SHARDS.map((shard) => sparrow.lane(lane, shard)));
  return lanes.reduce((sum, lane) => sum + (lane?.backlog ?? 0), 0);
};

const dead = async (lane: string) => {
  const lanes = await Promise.all(SHARDS.map((shard) => sparrow.lane(lane, shard)));
  return lanes.reduce((sum, lane) => sum + (lane?.dead ?? 0), 0);
};

test("a person with events in every place is forgotten in all of them, and nobody else", async () => {
  // Dead letters at heap.
  sparrow.sandbox.control("heap", { mode: "error" });
  await send("dead-ada", ada("ada-dead"));
  await send("dead-both", {
    batch: [bob("bob-dead"), ada("ada-dead-2", { userId: "x", deviceId: DEVICE })],
  });
  await eventually("heap has dead letters", async () => (await dead("heap")) === 2);
  sparrow.sandbox.control("heap", { mode: "ok" });
  await sparrow.restart({ dispatcher }, SHARDS);

  // Pending at amplitude.
  sparrow.sandbox.control("amplitude", { mode: "error" });
  await send("single", ada("ada-1"));
  await send("shared", { batch: [ada("ada-2"), bob("bob-1"), ada("ada-3", { userId: USER })] });
  await send("zipped", { batch: [bob("bob-2"), ada("ada-4")] }, "gzip");
  await send("zipped-ada", ada("ada-5"), "gzip");
  await send("bob-alone", bob("bob-3", { properties: { plan: "team" } }));
  await send("bob-names", bob("bob-4", { properties: { plan: USER } }));
  const isTold = (rows: Record<string, unknown>[]) =>
    rows.every(({ tracker, pending }) => Number(pending) === (tracker === "amplitude" ? 9 : 0)) &&
    rows
      .filter(({ tracker }) => tracker === "ga4")
      .every(({ received }) => Number(received) === 12);
  const before = await settled("all but amplitude has its events", isTold);
  await eventually("all is in the warehouse", async () => {
    const [row] = await sparrow.sql(
      "SELECT count(*) AS n FROM requests WHERE tracker <> 'amplitude'",
    );
    return (
      (await backlog("(accounts d1)")) === 0 &&
      (await backlog("(raw d1)")) === 0 &&
      Number(row?.n) > 0
    );
  });
  const bobBefore = await ofBob();
  assert(everything().includes(USER) && everything().includes(DEVICE));

  // Nothing is changed at first.
  const dry = await adas();
  assert.deepEqual([dry.erased, dry.receipt], [false, null]);
  const expected = {
    rawDeleted: 3,
    rawRewritten: 3,
    rawEvents: 7,
    outboxPayloads: 6,
    deadEvents: 2,
  };
  const { deliveries, requests, outboxEvents, ...counted } = only(dry.days);
  assert.deepEqual(counted, expected);
  assert(deliveries >= 7 * 3 && requests > 0 && outboxEvents === 7);
  assert.deepEqual(dry.mentioned.first, ["bob-names", "bob-names"], "in the Outbox and in raw");
  assert.deepEqual(await ofBob(), bobBefore);
  assert.equal((await sparrow.sql("SELECT * FROM erasures")).length, 0);

  const done = await adas("--yes");
  assert.equal(done.erased, true);
  assert.deepEqual(done.waiting, []);
  const { rawDeleted, rawRewritten, rawEvents } = only(done.days);
  assert.deepEqual(
    { rawDeleted, rawRewritten, rawEvents },
    { rawDeleted: 3, rawRewritten: 3, rawEvents: 7 },
  );
  await settled("amplitude waits for others alone", (rows) =>
    rows.every(({ tracker, pending }) => Number(pending) === (tracker === "amplitude" ? 4 : 0)),
  );
  // One that bob named: it is his.
  const left = everything()
    .replaceAll(`"plan\\":\\"${USER}\\"`, "")
    .replaceAll(new RegExp(`plan[^,]{0,12}${USER}`, "g"), "");
  const at = left.indexOf(USER);
  assert.equal(at, -1, left.slice(at - 300, at + 300));
  assert(!left.includes(DEVICE) && !/ada-\d/.test(left), /.{200}ada-\d.{100}/.exec(left)?.[0]);
  const bobNow = await ofBob();
  // A body that was encoded is plain now, so that the view unnests it.
  const plain = bobNow.events.filter(({ payloadId }) => payloadId !== "zipped");
  assert.deepEqual([plain, bobNow.events.length], [bobBefore.events, plain.length + 1]);
  assert.deepEqual(bobNow.raw, bobBefore.raw);
  for (const outcome of bobBefore.outcomes) {
    assert(bobNow.outcomes.some((now) => JSON.stringify(now) === JSON.stringify(outcome)));
  }

  // What was there stays counted: pending has become filtered.
  const afterwards = await sums();
  for (const { tracker, event, run, received, delivered, dead } of before) {
    const now = afterwards.find(
      (row) => row.tracker === tracker && row.event === event && row.run === run,
    );
    assert.deepEqual(
      [now?.received, now?.delivered, now?.dead],
      [received, delivered, dead],
      String(tracker),
    );
  }
  const [erased] = await sparrow.sql(
    "SELECT sum(events) AS events FROM reasons WHERE tracker = 'amplitude' AND reason = 'erased'",
  );
  assert.equal(Number(erased?.events), 5);
  const [shared] = await sparrow.sql("SELECT data, context FROM raw WHERE eventId = 'shared'");
  const place = '{"event":"(erased)"}';
  assert.equal(shared?.data, `{"batch":[${place},${JSON.stringify(bob("bob-1"))},${place}]}`);
  assert.equal(JSON.parse(String(shared?.context)).erased, 2);
  const [zipped] = await sparrow.sql("SELECT data, context FROM raw WHERE eventId = 'zipped'");
  assert.equal(zipped?.data, `{"batch":[${JSON.stringify(bob("bob-2"))},${place}]}`);
  const context = JSON.parse(String(zipped?.context));
  assert.deepEqual([context.encoding, context.contentEncoding], [undefined, undefined]);

  // The others are delivered, of the batches, too.
  sparrow.sandbox.clear();
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  await settled("amplitude has what is left", (rows) =>
    rows.every(({ pending }) => Number(pending) === 0),
  );
  const sent = JSON.stringify(sparrow.sandbox.requests("amplitude"));
  assert(!sent.includes(DEVICE) && !sent.includes(`user_id\\":\\"${USER}`), sent);
  assert.equal(await dead("heap"), 1, "bob's letter");

  const [receipt, ...others] = await forget<Record<string, unknown>[]>("--receipts");
  assert.deepEqual([receipt?.id, others, receipt?.waiting], [done.receipt, [], []]);
  assert(
    receipt?.finished &&
      /^(user|device):[0-9a-f]{64}$/.test(String((receipt.subjects as string[])[0])),
  );
});

test("the same again does nothing, and a copy that comes later goes to no vendor", async () => {
  const again = await adas("--yes");
  assert.deepEqual([again.days, again.receipt], [{}, null]);
  sparrow.sandbox.clear();
  // To each shard, whichever had it.
  for (const k of ["a", "b", "c", "d", "e", "f"]) {
    const answer = await sparrow.send(
      { batch: [ada("ada-1"), bob(`bob-${k}`)] },
      `&id=copy-${k}&k=${k}`,
    );
    assert.equal(answer.status, 200);
  }
  const copies = () =>
    sparrow.sql("SELECT * FROM deliveries WHERE payloadId LIKE 'copy-%' ORDER BY payloadId, idx");
  const rows = await eventually("the copies are accounted for", async () => {
    const rows = await copies();
    return rows.length === 6 * 2 * 4 && rows;
  });
  for (const { payloadId, idx, eventId, outcome, reason } of rows.filter(({ idx }) => idx === 0)) {
    assert.deepEqual(
      [eventId, outcome, reason],
      [`(erased) ${payloadId}.${idx}`, "filtered", "erased"],
    );
  }
  assert(rows.filter(({ idx }) => idx === 1).every(({ outcome }) => outcome === "delivered"));
  assert(!JSON.stringify(sparrow.sandbox.requests()).includes(USER));
  const { rawRewritten } = only((await adas("--yes")).days);
  assert.equal(rawRewritten, 6);
  await settled("every sum holds", (rows) => rows.every(({ pending }) => Number(pending) === 0));
});

test("whoever is meant must be named, and nothing is done without Console", async () => {
  const named = await run(["forget"], {});
  assert.equal(named.code, 2);
  const env = {
    D1_FILE: sparrow.d1File(),
    SPARROW_CONSOLE: "http://127.0.0.1:9",
    CONSOLE_TOKEN: TOKEN,
  };
  const { code, stderr } = await run(["forget", "--user", USER, "--yes"], env);
  assert.equal(code, 1);
  assert(
    stderr.includes("does not answer") && !stderr.includes(USER) && !stderr.includes(TOKEN),
    stderr,
  );
});
