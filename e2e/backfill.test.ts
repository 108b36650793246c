// An incident, and its end: a vendor was down past the retry window, and a release lost a property on the way. What the
// vendor lacks is found in SQL and sent again: all of it, once, and nothing to anybody else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { run, start } from "./support/command.ts";
import { consoleHttp } from "./support/console-http.ts";
import { type Sparrow, type Status, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";
const SHARDS = [0, 1, 2];

/** A release of Trace that loses who sent an event on its way to one vendor. */
const BAD_RELEASE = `
  export default {
    async fetch(request, env) {
      if (!new URL(request.url).pathname.endsWith("/deliver/amplitude")) return env.TRACE.fetch(request);
      const asked = await request.json();
      const lost = (text) => text.replace(/"(userId|deviceId)":"[^"]*",?/g, "");
      asked.payloads = asked.payloads.map(({ allowed, payload, ...rest }) => ({
        ...rest, ...(payload && { payload: { ...payload, data: lost(payload.data) } }),
      }));
      return env.TRACE.fetch(request.url, { method: "POST", body: JSON.stringify(asked) });
    },
  };`;

/** The same, as it should be. */
const GOOD_RELEASE = "export default { fetch: (request, env) => env.TRACE.fetch(request) };";

let sparrow: Sparrow;
let operators: { url: string; close: () => Promise<void> };

before(async () => {
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    dispatcher: { OUTBOX_SHARDS: "3", RETRY_WINDOW: "300ms", RETRY_BASE: "20ms" },
    trace: { GA4_VALIDATE_SAMPLE: "0" },
  });
  operators = await consoleHttp(sparrow);
});
after(async () => {
  await operators.close();
  await sparrow.close();
});

const environment = () => ({
  D1_FILE: sparrow.d1File(),
  SPARROW_CONSOLE: operators.url,
  CONSOLE_TOKEN: TOKEN,
});

/** Nothing is left out. */
const NONE = { delivered: 0, underWay: 0, copies: 0, malformed: 0, erased: 0, unknown: 0 };

interface Report {
  run: string;
  found: number;
  toSend: number;
  handedBefore: number;
  unread: number;
  leftOut: typeof NONE;
  before: { outcome: string | null; reason: string | null; events: number }[];
  sent?: {
    taken: number;
    known: number;
    pending: number;
    letters: number;
    run: Record<string, number>;
  };
}

/** A backfill whose report is read, which must end well. */
async function backfill(...args: string[]): Promise<Report> {
  const ended = await run(["backfill", "--tracker", "amplitude", "--json", ...args], environment());
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  return JSON.parse(ended.stdout) as Report;
}

/** Payloads of three events each, at all shards; returns the events' ids. */
async function send(prefix: string, payloads: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < payloads; i++) {
    const id = `${prefix}-${i}`;
    const event = {
      event: "purchase product",
      userId: id,
      deviceId: id,
      properties: { entry: prefix },
    };
    const answer = await sparrow.send({ batch: [event, event, event] }, `&id=${id}&k=${id}`);
    assert.equal(answer.status, 200);
    ids.push(...[0, 1, 2].map((idx) => `${id}.${idx}`));
  }
  return ids;
}

/** Waits until nothing is on its way in any shard. */
const settled = () =>
  eventually("nothing is on its way", async () => {
    const all = await Promise.all(SHARDS.map((shard) => sparrow.outbox<Status>("/status", shard)));
    return all.every(({ lanes }) => lanes.every(({ backlog }) => backlog === 0));
  });

/** Lets Amplitude's lanes rest, or go on. */
async function pause(paused: boolean): Promise<void> {
  for (const shard of SHARDS) {
    await sparrow.outbox("/pause", shard, { tracker: "amplitude", paused });
  }
}

/** What each vendor accepted: events, repeated ones included, and how many different ones by its dedupe key. */
async function received(): Promise<Record<string, { events: number; keys: number }>> {
  const answer = await fetch(`${sparrow.sandbox.url}/api/received`);
  return (await answer.json()) as Record<string, { events: number; keys: number }>;
}

const atAmplitude = async () => {
  const { amplitude } = await received();
  return [amplitude?.keys, amplitude?.events];
};

/** Nothing is unaccounted for, and all vendors have `events`, Amplitude each once. */
async function assertWhole(events: number): Promise<void> {
  const wrong = await sparrow.sql(
    "SELECT * FROM accounts_by_day WHERE unaccounted <> 0 OR pending <> 0",
  );
  assert.deepEqual(wrong, []);
  const lacking = await sparrow.sql(
    "SELECT * FROM latest_outcomes WHERE outcome IN ('dead', 'rejected') AND tracker = 'amplitude'",
  );
  assert.deepEqual(lacking, []);
  assert.deepEqual(await atAmplitude(), [events, events], "each once");
}

test("what was lost is found, sent once and proven, and nobody else gets it", async () => {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  await send("outage", 20);
  await settled();
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  await sparrow.restart({ between: BAD_RELEASE }, SHARDS);
  await send("bad-release", 20);
  await settled();
  await sparrow.restart({ between: GOOD_RELEASE }, SHARDS);
  await send("healthy", 20);
  await settled();
  const { amplitude, ...others } = await received();
  assert.deepEqual([amplitude?.keys, amplitude?.events], [60, 60], "Amplitude has a third");

  const raw = await sparrow.sql("SELECT * FROM raw ORDER BY eventId");
  const plan = await backfill("--failed", "--since", "1h");
  assert.equal(plan.toSend, 120);
  const were = (outcome: string) =>
    plan.before.reduce((sum, one) => sum + (one.outcome === outcome ? one.events : 0), 0);
  assert.deepEqual([were("dead"), were("rejected")], [60, 60]);
  assert.deepEqual(await atAmplitude(), [60, 60], "a dry run sends nothing");

  const { sent, run: name } = await backfill("--failed", "--since", "1h", "--yes");
  assert.deepEqual(
    { ...sent?.run },
    { received: 120, delivered: 120, filtered: 0, rejected: 0, dead: 0, pending: 0 },
  );
  assert.equal(sent?.letters, 60);
  await settled();
  await assertWhole(180);
  const { amplitude: _, ...rest } = await received();
  assert.deepEqual(rest, others, "the others got nothing");
  assert.deepEqual(
    await sparrow.sql("SELECT * FROM raw ORDER BY eventId"),
    raw,
    "raw is untouched",
  );
  const [account] = await sparrow.sql(
    "SELECT * FROM accounts WHERE run = ? AND received > 0",
    name,
  );
  assert.deepEqual(
    [account?.event, account?.tracker, account?.delivered],
    ["purchase product", "amplitude", 120],
  );

  const again = await backfill("--failed", "--since", "1h", "--yes");
  assert.equal(again.sent, undefined, "there is nothing left");
  const all = await backfill("--where", "event = 'purchase product'", "--yes");
  assert.deepEqual([all.found, all.toSend, all.leftOut.delivered], [180, 0, 180]);
  await assertWhole(180);
});

test("ended halfway by Ctrl-C, then killed, the same command goes on and sends nothing twice", async () => {
  const [before = 0] = await atAmplitude();
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  await send("halfway", 60);
  await settled();
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  const wanted = before + 180;
  const slowly = [
    "backfill",
    "--tracker",
    "amplitude",
    "--failed",
    "--since",
    "1h",
    "--yes",
    "--rate",
    "2",
  ];
  let last = before;
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const { child, ended } = start(slowly, environment());
    last = await eventually("some more have come", async () => {
      const [now = 0] = await atAmplitude();
      return now > last && now;
    });
    child.kill(signal);
    const { code, stdout } = await ended;
    assert.equal(code, signal === "SIGINT" ? 130 : null);
    if (signal === "SIGINT") assert.match(stdout, /interrupted; the same command goes on/);
    await settled();
    [last = 0] = await atAmplitude();
    assert.ok(last < wanted, `after ${signal} something is left to do`);
  }
  const { sent } = await backfill("--failed", "--since", "1h", "--yes");
  assert.equal(sent?.known, 0, "the warehouse knows what was delivered");
  await settled();
  await assertWhole(wanted);
});

test("what a shard took is not taken again before the warehouse knows of it", async () => {
  const [before = 0] = await atAmplitude();
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  await send("twice", 10);
  await settled();
  await pause(true);
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  const condition = ["--where", "entry = 'twice'", "--yes", "--no-wait"];
  const first = await backfill(...condition);
  const second = await backfill(...condition);
  assert.deepEqual([first.sent?.taken, second.sent?.taken, second.sent?.known], [30, 0, 30]);
  const dry = await backfill("--where", "entry = 'twice'");
  assert.equal(dry.handedBefore, 30, "which the dry run says");
  const other = await run(
    ["backfill", "--tracker", "amplitude", ...condition, "--run", "another"],
    environment(),
  );
  assert.equal(other.code, 1);
  assert.match(other.stderr, /has events on their way to the tracker/);
  await pause(false);
  await settled();
  const [now = 0, events = 0] = await atAmplitude();
  assert.deepEqual([now, events], [before + 30, before + 30]);
});

test("what waits for the tracker is left out, and what it was never owed is sent", async () => {
  const [before = 0] = await atAmplitude();
  await pause(true);
  const ids = await send("waiting", 4);
  await eventually("they are opened", async () => {
    const lanes = await Promise.all(SHARDS.map((shard) => sparrow.lane("amplitude", shard)));
    return lanes.reduce((sum, lane) => sum + (lane?.backlog ?? 0), 0) === 4;
  });
  // As from before a tracker was there: it is in raw, and nobody has an outcome of it.
  const old = new Date(Date.now() - 2 * 24 * 3_600_000).toISOString();
  await sparrow.sql(
    "INSERT INTO ledger VALUES (9, 1, 'live', ?, 'purchase product', 'webhook', 1, 0, ?)",
    ...[old.slice(0, 10), old],
  );
  const body = { event: "purchase product", deviceId: "old", properties: { entry: "waiting" } };
  await sparrow.sql(
    "INSERT INTO raw VALUES (?, ?, ?, ?)",
    ...["never-owed", old, JSON.stringify(body), '{"shard":1,"origin":"http://localhost:8788"}'],
  );
  const condition = ["--where", "entry = 'waiting'"];
  // Nobody knows of one whose day's account is gone.
  const older = new Date(Date.now() - 4 * 24 * 3_600_000).toISOString();
  await sparrow.sql(
    "INSERT INTO raw SELECT 'unknown', ?, data, context FROM raw WHERE eventId = 'never-owed'",
    older,
  );
  const waiting = await backfill(...condition);
  assert.deepEqual(
    [waiting.found, waiting.toSend, waiting.leftOut],
    [14, 1, { ...NONE, underWay: 12, unknown: 1 }],
  );
  await pause(false);
  await settled();
  assert.deepEqual(await atAmplitude(), [before + ids.length, before + ids.length]);
  const { found, toSend, leftOut, sent } = await backfill(...condition, "--yes");
  assert.deepEqual(
    [found, toSend, leftOut, sent?.taken],
    [14, 1, { ...NONE, delivered: 12, unknown: 1 }, 1],
  );
  assert.equal(sent?.run.delivered, 1);
  assert.deepEqual(await atAmplitude(), [before + 13, before + 13]);
});

test("of a body into which SQL cannot look every event is sent that was not delivered", async () => {
  const [before = 0] = await atAmplitude();
  const events = Array.from({ length: 5 }, (_, i) => ({
    event: "sign up",
    deviceId: `packed-${i}`,
  }));
  const at = new Date(Date.now() - 2 * 24 * 3_600_000).toISOString();
  const data = gzipSync(JSON.stringify({ batch: events })).toString("base64");
  const context = {
    shard: 2,
    origin: "http://localhost:8788",
    contentEncoding: "gzip",
    encoding: "base64",
  };
  await sparrow.sql(
    "INSERT INTO raw VALUES (?, ?, ?, ?)",
    "packed",
    at,
    data,
    JSON.stringify(context),
  );
  const where = ["--where", "payloadId = 'packed'", "--yes"];
  const { toSend, unread, sent } = await backfill(...where);
  assert.deepEqual([toSend, unread, sent?.run.delivered], [1, 1, 5]);
  assert.deepEqual(await atAmplitude(), [before + 5, before + 5]);
  await settled();
  assert.equal((await backfill(...where)).sent, undefined, "all of them are delivered");
});

test("what people say in SQL cannot change anything, and no secret is told", async () => {
  const before = await sparrow.sql("SELECT count(*) AS rows FROM raw");
  for (const condition of [
    "1); DELETE FROM raw; --",
    "1) UNION SELECT 1, 1, 1, 1, 1; DROP TABLE raw; --",
    "event = (DELETE FROM raw RETURNING 1)",
  ]) {
    const { code, stdout, stderr } = await run(
      ["backfill", "--tracker", "amplitude", "--where", condition, "--yes"],
      environment(),
    );
    assert.notEqual(code, 0, condition);
    assert.doesNotMatch(stdout + stderr, new RegExp(TOKEN));
  }
  assert.deepEqual(await sparrow.sql("SELECT count(*) AS rows FROM raw"), before);
  const wrong = await run(["backfill", "--tracker", "amplitude", "--failed", "--since", "1h"], {
    ...environment(),
    CONSOLE_TOKEN: "a-wrong-token-0123456789-0123456789",
  });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /401/);
  assert.doesNotMatch(wrong.stderr, /a-wrong-token/);
});
