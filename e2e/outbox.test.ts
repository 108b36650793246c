// What a 200 is worth: the payload is durable, is one payload however often it comes, and is accounted for.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { TRACKERS } from "./support/workers.ts";

let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" } });
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

const signUp = (more: object = {}) => ({
  event: "sign up",
  userId: "u",
  deviceId: "d",
  properties: { plan: "free" },
  ...more,
});

/** Rows of `raw` whose id begins so, once there are so many. */
function raw(prefix: string, count: number) {
  return eventually(`${count} rows of ${prefix}`, async () => {
    const pattern = `${prefix}%`;
    const rows = await sparrow.sql("SELECT * FROM raw WHERE eventId LIKE ? ORDER BY 1", pattern);
    return rows.length >= count && rows;
  });
}

const atEach = (outcome: string) => Object.fromEntries(TRACKERS.map((name) => [name, outcome]));

/** How many events each vendor took. */
const taken = () =>
  Object.fromEntries(TRACKERS.map((name) => [name, sparrow.sandbox.received(name).length]));

test("what was answered with 200 outlives a process that ends right after it", async () => {
  sparrow.sandbox.control("webhook", { mode: "hang" });
  const ids = Array.from({ length: 20 }, (_, i) => `durable-${i}`);
  const answers = await Promise.all(ids.map((id) => sparrow.send(signUp(), `&id=${id}`)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    ids.map(() => 200),
  );
  await sparrow.restart();
  sparrow.sandbox.control("webhook", { mode: "ok" });
  assert.equal((await raw("durable-", ids.length)).length, ids.length);
  for (const id of ids) {
    assert.deepEqual((await sparrow.settled(id))[0]?.trackers, atEach("delivered"), id);
  }
  // Nor is it forgotten that it came.
  assert.equal((await sparrow.send(signUp(), `&id=${ids[0]}`)).status, 200);
  await sparrow.send({ event: "unknown" }, "&id=durable-last");
  await sparrow.settled("durable-last");
  assert.equal((await raw("durable-", ids.length + 1)).length, ids.length + 1);
});

test("a payload that is sent five times at once is one row and one event at each vendor", async () => {
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => sparrow.send(signUp(), "&id=again")),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  await sparrow.settled("again");
  assert.equal((await sparrow.send(signUp(), "&id=again")).status, 200, "nor when it comes later");
  // Payloads go their way in their order: after this one no copy is to come.
  await sparrow.send({ event: "unknown" }, "&id=again-last");
  await sparrow.settled("again-last");
  assert.equal((await raw("again", 2)).length, 2);
  assert.deepEqual(taken(), { amplitude: 1, ga4: 1, heap: 1, webhook: 1 });
});

test("the same id with other bytes is another payload, and its own retries meet", async () => {
  const other = signUp({ userId: "other" });
  for (const body of [signUp(), other, other, signUp()]) {
    assert.equal((await sparrow.send(body, "&id=reused")).status, 200);
  }
  await sparrow.send({ event: "unknown" }, "&id=reused-last");
  await sparrow.settled("reused-last");
  const rows = await raw("reused", 3);
  const bodies = rows.map(({ data }) => data).slice(0, 2);
  assert.equal(rows.length, 3);
  assert.deepEqual(bodies, [JSON.stringify(signUp()), JSON.stringify(other)]);
  assert.match(String(rows[1]?.eventId), /^reused-[0-9a-f]{16}$/);
  assert.deepEqual(taken(), { amplitude: 2, ga4: 2, heap: 2, webhook: 2 });
});

test("an event that comes again in another payload is delivered once, also at the same moment", async () => {
  const [once, twin] = [signUp({ eventId: "event-once" }), signUp({ eventId: "event-twin" })];
  await Promise.all(["copy-0", "copy-1"].map((id) => sparrow.send(once, `&id=${id}`)));
  await sparrow.settled("copy-0");
  await sparrow.settled("copy-1");
  await sparrow.send({ batch: [once, twin, twin] }, "&id=copy-2");
  const later = await sparrow.settled("copy-2", 3);
  assert.deepEqual(
    later.map(({ trackers }) => trackers),
    [atEach("filtered(duplicate)"), atEach("delivered"), atEach("filtered(duplicate)")],
  );
  const outcomes = await sparrow.sql(
    "SELECT outcome, reason, count(*) AS n FROM deliveries WHERE eventId = ? GROUP BY 1, 2 ORDER BY 1",
    "event-once",
  );
  assert.deepEqual(outcomes, [
    { outcome: "delivered", reason: null, n: 4 },
    { outcome: "filtered", reason: "duplicate", n: 8 },
  ]);
  assert.deepEqual(taken(), { amplitude: 2, ga4: 2, heap: 2, webhook: 2 });
  await raw("copy-", 3);
  const normalized = await sparrow.sql("SELECT 1 FROM raw_normalized WHERE eventId = 'event-once'");
  assert.equal(normalized.length, 1);
});

test("the story of an event is told by its id", async () => {
  sparrow.sandbox.control("webhook", { mode: "error", status: 503, times: 2 });
  await sparrow.send(signUp({ eventId: "hero", userId: "ada@example.com" }), "&id=story");
  await sparrow.settled("story");
  const story = await sparrow.sql(
    `SELECT step, tracker, outcome, reason, status, attempts FROM stories
     WHERE eventId = 'hero' ORDER BY step DESC, tracker`,
  );
  const outcome = (tracker: string, more: object) => {
    return { step: "outcome", tracker, outcome: "delivered", reason: null, ...more };
  };
  const nothing = { tracker: null, outcome: null, reason: null, status: null, attempts: null };
  assert.deepEqual(story, [
    { step: "received", ...nothing },
    outcome("amplitude", { status: 200, attempts: 1 }),
    outcome("ga4", { status: 204, attempts: 1 }),
    outcome("heap", { outcome: "rejected", reason: "no_identity", status: null, attempts: 1 }),
    outcome("webhook", { status: 200, attempts: 3 }),
  ]);
});

test("an outcome that is missing in the warehouse shows as unaccounted", async () => {
  await sparrow.send({ event: "purchase product", userId: "u", deviceId: "d" }, "&id=missing");
  await sparrow.settled("missing");
  const unaccounted = () =>
    sparrow.sql(
      `SELECT tracker, unaccounted FROM accounts WHERE event = 'purchase product' AND received = 1
         AND pending = 0 ORDER BY tracker`,
    );
  const before = await eventually("the ledger is written", async () => {
    const rows = await unaccounted();
    return rows.length === TRACKERS.length && rows;
  });
  assert.deepEqual(
    before,
    TRACKERS.map((tracker) => ({ tracker, unaccounted: 0 })),
  );
  await sparrow.sql("DELETE FROM deliveries WHERE payloadId = 'missing' AND tracker = 'heap'");
  assert.deepEqual(
    await unaccounted(),
    TRACKERS.map((tracker) => ({ tracker, unaccounted: tracker === "heap" ? 1 : 0 })),
  );
  const days = await sparrow.sql("SELECT tracker FROM accounts_by_day WHERE unaccounted <> 0");
  assert.deepEqual(days, [{ tracker: "heap" }]);
});
