// Trace's contract with the Outbox: open, then deliver to one tracker at a time.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { DEVELOPMENT_ORIGIN, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" }, off: ["heap"] });
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

interface Opened {
  policy: string;
  payloads: { id: string; events: Record<string, unknown>[]; allowed?: unknown[] }[];
}
interface Delivered {
  policy: string;
  outcomes: {
    payload: string;
    idx: number;
    tracker: string;
    outcome: string;
    reason?: string;
    status?: number;
  }[];
}

function payload(
  id: string,
  body: unknown,
  context: Record<string, unknown> = { origin: DEVELOPMENT_ORIGIN },
) {
  return { id, receivedAt: Date.now(), data: JSON.stringify(body), context };
}

async function ask<T>(path: string, body: unknown): Promise<T> {
  const answer = await sparrow.trace(path, body);
  assert.equal(answer.status, 200, path);
  return (await answer.json()) as T;
}

const signUp = { event: "sign up", deviceId: "d", properties: { plan: "team" } };

test("open says to whom each event is owed and hands over what may leave", async () => {
  const asked = {
    payloads: [
      payload("a", { batch: [signUp, { event: "unknown" }, 1] }),
      payload("b", signUp, {}),
    ],
  };
  const { payloads } = await ask<Opened>("/open", asked);
  const owed = { amplitude: "owed", ga4: "owed", webhook: "owed" };
  const filtered = (reason: string) =>
    Object.fromEntries(Object.keys(owed).map((tracker) => [tracker, { filtered: reason }]));
  const changes = [{ field: "event.unknown", rule: "not_allowed" }];
  assert.deepEqual(payloads[0]?.events, [
    { idx: 0, id: "a.0", name: "sign up", trackers: owed },
    { idx: 1, id: "a.1", name: "(not allowed)", trackers: filtered("not_allowed"), changes },
    { idx: 2, id: "a.2", name: "(malformed)", trackers: filtered("malformed") },
  ]);
  assert.equal(payloads[0]?.allowed?.length, 1);
  assert.deepEqual(payloads[1], {
    id: "b",
    events: [{ idx: 0, id: "b.0", name: "sign up", trackers: filtered("source") }],
  });
  assert.equal(sparrow.sandbox.requests().length, 0, "opening delivers nothing");
});

test("deliver sends the events asked for to one tracker, and the same ones on every attempt", async () => {
  const one = payload("c", { batch: [signUp, { ...signUp, eventId: "own" }, signUp] });
  const opened = await ask<Opened>("/open", { payloads: [one] });
  const first = { id: one.id, events: [0, 1], allowed: opened.payloads[0]?.allowed };
  const again = { id: one.id, events: [0, 1], payload: one };
  const replies = [];
  for (const delivery of [first, again]) {
    const asked = { run: "live", policy: opened.policy, payloads: [delivery] };
    replies.push(await ask<Delivered>("/deliver/amplitude", asked));
  }
  const delivered = { payload: "c", tracker: "amplitude", outcome: "delivered", status: 200 };
  const outcomes = [0, 1].map((idx) => ({ ...delivered, idx }));
  assert.deepEqual(replies[0]?.outcomes, outcomes);
  const toldAgain = outcomes.map((outcome) => ({ ...outcome, changes: [] }));
  assert.deepEqual(replies[1]?.outcomes, toldAgain, "what was dropped is told again");
  const [taken, reopened] = sparrow.sandbox.requests();
  assert.equal(sparrow.sandbox.requests().length, 2, "no other tracker was called");
  assert.deepEqual(taken?.json, reopened?.json, "same ids, same times, same events");
});

test("for an event handed over under another policy Trace asks for the payload, and opens it again", async () => {
  const one = payload("d", { batch: [{ event: "unknown" }] });
  const forged = [
    [0, { id: "d.0", name: "unknown", time: 1, properties: { secret: "leak" }, page: {} }],
  ];
  const deliver = async (payload?: object) => {
    const payloads = [{ id: one.id, payload, events: [0], allowed: forged }];
    const asked = { run: "live", policy: "0-other", payloads };
    return (await ask<Delivered>("/deliver/webhook", asked)).outcomes;
  };
  const outcome = { payload: "d", idx: 0, tracker: "webhook" };
  assert.deepEqual(await deliver(), [{ ...outcome, outcome: "retry", reason: "policy_changed" }]);
  assert.deepEqual(await deliver(one), [
    {
      ...outcome,
      outcome: "filtered",
      reason: "not_allowed",
      changes: [{ field: "event.unknown", rule: "not_allowed" }],
    },
  ]);
  assert.equal(sparrow.sandbox.requests().length, 0);
});

test("a tracker that is off filters what is still owed to it", async () => {
  const asked = {
    run: "live",
    payloads: [{ id: "e", payload: payload("e", signUp), events: [0] }],
  };
  const { outcomes } = await ask<Delivered>("/deliver/heap", asked);
  assert.deepEqual(outcomes, [
    { payload: "e", idx: 0, tracker: "heap", outcome: "filtered", reason: "tracker_off" },
  ]);
});

test("an unknown tracker, route or body is refused in words that repeat nothing", async () => {
  assert.equal((await sparrow.trace("/deliver/nobody", {})).status, 404);
  assert.equal((await sparrow.trace("/", {})).status, 404);
  const answer = await sparrow.trace("/open", { payloads: [{ id: "ada@example.com" }] });
  assert.equal(answer.status, 400);
  assert.ok(!(await answer.text()).includes("ada"));
});

test("a compressed body is opened", async () => {
  const gzip = new Response(
    new Blob([JSON.stringify(signUp)]).stream().pipeThrough(new CompressionStream("gzip")),
  );
  const body = Buffer.from(await gzip.arrayBuffer());
  const headers = { origin: DEVELOPMENT_ORIGIN, "content-encoding": "gzip" };
  await fetch(`${sparrow.url}/e?id=gzip`, { method: "POST", body, headers });
  const events = await sparrow.settled("gzip");
  assert.equal(events[0]?.event, "sign up");
  const row = await eventually("it is kept", async () => {
    const [row] = await sparrow.sql("SELECT data FROM raw WHERE eventId = 'gzip'");
    return row;
  });
  assert.ok(Buffer.from(String(row.data), "base64").equals(body), "as it came");
});

test("a call of very many events is answered for its beginning", async () => {
  const batch = Array.from({ length: 900 }, () => ({}));
  const payload = (id: number) => ({
    id: `many-${id}`,
    receivedAt: Date.now(),
    data: JSON.stringify({ batch }),
    context: {},
  });
  const answer = await sparrow.trace("/open", { payloads: [0, 1, 2, 3, 4, 5, 6].map(payload) });
  const { payloads } = (await answer.json()) as { payloads: { id: string }[] };
  assert.deepEqual(
    payloads.map(({ id }) => id),
    ["many-0", "many-1", "many-2", "many-3", "many-4"],
  );
});
