// Console with the Outbox: an operator sees a vendor fail, finds what it lost, and sends it again.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";

let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    // What fails once is dead.
    dispatcher: { OUTBOX_SHARDS: "3", RETRY_WINDOW: "1ms", RETRY_BASE: "1ms" },
    trace: { GA4_VALIDATE_SAMPLE: "0" },
    off: ["heap", "webhook"],
  });
});
after(() => sparrow.close());
beforeEach(() => {
  for (const vendor of ["amplitude", "ga4"]) sparrow.sandbox.control(vendor, { mode: "ok" });
  sparrow.sandbox.clear();
});

interface Line {
  run: string;
  event: string;
  tracker: string;
  received: number;
  delivered: number;
  dead: number;
  pending: number;
  unaccounted: number;
}
interface Tracker {
  tracker: string;
  backlog: number;
  oldestPendingSeconds: number | null;
  paused: boolean;
  dead: number;
  shards: { shard: number; breaker: string }[];
}
interface Letters {
  letters: { shard: number; payloadId: string; reason: string; events: { name: string }[] }[];
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await sparrow.console(path, { ...init, headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text) as T;
}

const post = <T>(path: string, body?: unknown) =>
  ask<T>(path, { method: "POST", body: body === undefined ? null : JSON.stringify(body) });

/** Payloads of one event each, spread over the shards. */
async function send(event: string, prefix: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const id of ids) {
    const body = { event, userId: id, deviceId: id, properties: {} };
    assert.equal((await sparrow.send(body, `&id=${id}&k=${id}`)).status, 200);
  }
  return ids;
}

const ledger = async (query: string) =>
  (await ask<{ ledger: Line[] }>(`/api/ledger?${query}`)).ledger;

const tracker = async (name: string) =>
  (await ask<{ trackers: Tracker[] }>("/api/trackers")).trackers.find(
    (one) => one.tracker === name,
  );

const letters = async (query: string) => (await ask<Letters>(`/api/dead?${query}`)).letters;

/** The lines once nothing of them is pending and so many events were received. */
const settled = (query: string, received: number) =>
  eventually(`${query} has settled`, async () => {
    const lines = await ledger(query);
    const sum = lines.reduce((sum, line) => sum + line.received, 0);
    return sum === received && lines.every((line) => line.pending === 0) && lines;
  });

test("every event is accounted for by tracker, over all shards", async () => {
  await send("sign up", "account", 12);
  const lines = await settled("tracker=amplitude&run=live", 12);
  assert.deepEqual(
    lines.map(({ event, delivered, unaccounted }) => [event, delivered, unaccounted]),
    [["sign up", 12, 0]],
  );
  const { shards } = await ask<{ shards: { shard: number; ledger: Line[] }[] }>("/api/shards");
  assert.deepEqual(
    shards.map(({ shard }) => shard),
    [0, 1, 2],
  );
  for (const { shard, ledger } of shards) {
    assert.ok(
      ledger.some((line) => line.tracker === "amplitude"),
      `shard ${shard} has its own`,
    );
  }
});

test("dead letters are found by tracker, name and time, and replayed to the healed vendor alone", async () => {
  const from = new Date().toISOString();
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  const lost = await send("purchase product", "lost", 6);
  await send("pageview", "other", 3);
  await eventually("all are dead", async () => (await letters("tracker=amplitude")).length === 9);
  const query = new URLSearchParams({ tracker: "amplitude", event: "purchase product", from });
  const found = await letters(String(query));
  assert.deepEqual(found.map(({ payloadId }) => payloadId).sort(), lost.sort());
  for (const { events, reason } of found) {
    assert.deepEqual(
      events.map(({ name }) => name),
      ["purchase product"],
    );
    assert.equal(reason, "http_503");
  }
  assert.deepEqual(await letters(`tracker=amplitude&to=${from}`), [], "none is older");
  assert.deepEqual(await letters("tracker=ga4"), [], "the other vendor has lost nothing");

  sparrow.sandbox.control("amplitude", { mode: "ok" });
  sparrow.sandbox.clear();
  const command = { tracker: "amplitude", event: "purchase product", from };
  const replay = await post<{ run: string; events: number }>("/api/dead/replay", command);
  assert.equal(replay.events, 6);
  const lines = await settled(`run=${replay.run}`, 6);
  assert.deepEqual(
    lines.map((line) => [line.event, line.tracker, line.delivered, line.unaccounted]),
    [["purchase product", "amplitude", 6, 0]],
  );
  assert.equal(sparrow.sandbox.requests("ga4").length, 0, "no other vendor hears of it");
  assert.equal((await letters("tracker=amplitude")).length, 3, "other events stay dead");
  const again = await post<{ events: number }>("/api/dead/replay", command);
  assert.equal(again.events, 0, "and a second replay finds nothing");
  assert.ok((await ledger("")).every((line) => line.unaccounted === 0));
});

test("a paused tracker keeps what comes until it is resumed; the others go on", async () => {
  const before = (await ledger("tracker=ga4&run=live")).reduce(
    (sum, line) => sum + line.received,
    0,
  );
  await post("/api/trackers/ga4/pause");
  await send("sign up", "paused", 6);
  await eventually(
    "the other vendor has them",
    () => sparrow.sandbox.requests("amplitude").flatMap(({ events }) => events).length >= 6,
  );
  const paused = await eventually("all six wait", async () => {
    const ga4 = await tracker("ga4");
    return ga4?.backlog === 6 && ga4;
  });
  assert.deepEqual([paused.paused, typeof paused.oldestPendingSeconds], [true, "number"]);
  assert.equal(sparrow.sandbox.requests("ga4").length, 0);

  await post("/api/trackers/ga4/resume");
  await settled("tracker=ga4&run=live", before + 6);
  const resumed = await tracker("ga4");
  assert.deepEqual([resumed?.paused, resumed?.backlog], [false, 0]);
});
