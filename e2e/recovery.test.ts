// Each vendor in turn fails in every way it can: every event ends delivered, under the same key on every attempt, and
// no other vendor waits for it.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { Behaviour, RequestRecord } from "../sandbox/server.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { TRACKERS } from "./support/workers.ts";

/** Events of a payload: more than one call holds at a webhook, and than a vendor has calls open. */
const EVENTS = 12;

const RETRY_AFTER_MS = 1000;

const LIMIT: Behaviour = { mode: "error", status: 429, headers: { "retry-after": "1" } };

/** A failure, for so many calls, or until the others are through. */
const FAILURES: Record<string, Behaviour> = {
  down: { mode: "error", status: 503 },
  error: { mode: "error", status: 500, times: 3 },
  slow: { mode: "slow", delayMs: 300 },
  cut: { mode: "cut", times: 2 },
  limit: LIMIT,
};

let sparrow: Sparrow;
let sent = 0;
before(async () => {
  sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" } });
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

/** Payload ids with their events' own, so that a vendor's keys can be told apart. */
function payload(id: string) {
  const event = (i: number) => ({
    event: "sign up",
    userId: `${id}-${i}`,
    deviceId: `${id}-${i}`,
    properties: { plan: "free" },
  });
  return { batch: Array.from({ length: EVENTS }, (_, i) => event(i)) };
}

const keys = (requests: RequestRecord[]) =>
  new Set(requests.flatMap(({ events }) => events.map(({ key }) => key)));

for (const vendor of TRACKERS) {
  const others = TRACKERS.filter((name) => name !== vendor);

  test(`${vendor} fails in every way, and every event is delivered once, the others at once`, async () => {
    for (const [failure, behaviour] of Object.entries(FAILURES)) {
      sparrow.sandbox.clear();
      sparrow.sandbox.control(vendor, behaviour);
      const id = `${vendor}-${failure}`;
      assert.equal((await sparrow.send(payload(id), `&id=${id}`)).status, 200);
      sent += EVENTS;
      await sparrow.sandbox.until("the others have it", () =>
        others.every((name) => sparrow.sandbox.received(name).length === EVENTS),
      );
      if (behaviour.mode === "error" && behaviour.times === undefined) {
        const [first] = await eventually(`${vendor} was asked`, () => {
          const answered = sparrow.sandbox.requests(vendor).filter(({ status }) => status !== null);
          return answered.length > 0 && answered;
        });
        assert.equal(first?.status, behaviour.status, failure);
        assert.equal(sparrow.sandbox.received(vendor).length, 0, "it takes nothing");
        sparrow.sandbox.control(vendor, { mode: "ok" });
      }
      for (const { trackers } of await sparrow.settled(id, EVENTS)) {
        for (const name of TRACKERS) assert.equal(trackers[name], "delivered", `${id}, ${name}`);
      }
      const received = sparrow.sandbox.received(vendor);
      assert.equal(received.length, EVENTS, failure);
      assert.ok(
        received.every(({ count }) => count === 1),
        `${failure}: each once`,
      );
      const tried = keys(sparrow.sandbox.requests(vendor));
      assert.equal(tried.size, EVENTS, `${failure}: every attempt has the same keys`);
    }
    sparrow.sandbox.control(vendor, { mode: "ok" });
    const sums = await sparrow.balanced(sent);
    for (const name of TRACKERS) assert.equal(sums[name]?.delivered, sent, name);
  });

  test(`${vendor} is not called before the time that it asked to wait`, async () => {
    // Late enough for every call that does not wait for another's answer to be there.
    sparrow.sandbox.control(vendor, { ...LIMIT, delayMs: 100 });
    await sparrow.send(payload(`${vendor}-wait`), `&id=${vendor}-wait`);
    sent += EVENTS;
    const asked = await sparrow.sandbox.until("it asks", () => {
      const refused = sparrow.sandbox.requests(vendor).find(({ status }) => status === 429);
      return refused?.endedAt ?? undefined;
    });
    sparrow.sandbox.control(vendor, { mode: "ok" });
    for (const { trackers } of await sparrow.settled(`${vendor}-wait`, EVENTS)) {
      assert.equal(trackers[vendor], "delivered");
    }
    const early = sparrow.sandbox
      .requests(vendor)
      .map(({ receivedAt }) => receivedAt - asked)
      .filter((after) => after > 0 && after < RETRY_AFTER_MS);
    assert.deepEqual(early, [], "calls so many ms after it asked");
  });
}

test("of a batch that a vendor takes in part, each event has its own outcome, and the sums add up", async () => {
  const body = { code: 400, error: "Invalid", events_with_invalid_fields: { time: [3] } };
  sparrow.sandbox.control("amplitude", { mode: "error", status: 400, body, times: 1 });
  await sparrow.send(payload("partial"), "&id=partial");
  sent += EVENTS;
  const outcomes = (await sparrow.settled("partial", EVENTS)).map(
    ({ trackers }) => trackers.amplitude,
  );
  const expected = outcomes.map((_, i) => (i === 3 ? "rejected(invalid_event)" : "delivered"));
  assert.deepEqual(outcomes, expected);
  const { amplitude, ga4 } = await sparrow.balanced(sent);
  assert.deepEqual([amplitude?.delivered, amplitude?.rejected], [sent - 1, 1]);
  assert.equal(ga4?.delivered, sent);
});

test("a pause outlives the process, and what comes meanwhile waits", async () => {
  await sparrow.outbox("/pause", 0, { tracker: "webhook", paused: true });
  await sparrow.restart();
  await sparrow.send(payload("paused"), "&id=paused");
  sent += EVENTS;
  await eventually("it is owed", async () => (await sparrow.lane("webhook"))?.backlog === 1);
  assert.equal(sparrow.sandbox.received("heap").length, EVENTS, "the others have it");
  assert.equal(sparrow.sandbox.requests("webhook").length, 0);
  await sparrow.outbox("/pause", 0, { tracker: "webhook", paused: false });
  assert.equal((await sparrow.balanced(sent)).webhook?.delivered, sent);
});

test("what is owed to a tracker that is switched off is filtered, and the sums add up", async () => {
  sparrow.sandbox.control("webhook", { mode: "error", status: 503 });
  await sparrow.send(payload("off"), "&id=off");
  sent += EVENTS;
  await eventually("it is owed", async () => (await sparrow.lane("webhook"))?.backlog === 1);
  await sparrow.restart({ off: ["webhook"] });
  const sums = await sparrow.balanced(sent);
  assert.deepEqual([sums.webhook?.filtered, sums.webhook?.delivered], [EVENTS, sent - EVENTS]);
  const [row] = await sparrow.sql(
    "SELECT DISTINCT reason FROM deliveries WHERE payloadId = 'off' AND tracker = 'webhook'",
  );
  assert.equal(row?.reason, "tracker_off");
});
