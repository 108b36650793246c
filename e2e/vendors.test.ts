// One vendor never affects another, nor the answer; and what it does not take waits until it does.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { DEVELOPMENT_ORIGIN, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const DEADLINE_MS = 1500;
let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({
    trace: { GA4_VALIDATE_SAMPLE: "0", TRACKER_DEADLINE_MS: String(DEADLINE_MS) },
  });
});
after(() => sparrow.close());
beforeEach(() => {
  for (const vendor of ["amplitude", "ga4", "heap", "webhook"]) {
    sparrow.sandbox.control(vendor, { mode: "ok" });
  }
  sparrow.sandbox.clear();
});

function signUps(count: number) {
  const event = (i: number) => ({
    event: "sign up",
    userId: `u${i}`,
    deviceId: `d${i}`,
    properties: { plan: "free", invited: i % 2 === 0 },
  });
  return { batch: Array.from({ length: count }, (_, i) => event(i)) };
}

async function outcomes(id: string, events = 1) {
  return (await sparrow.settled(id, events)).map(({ trackers }) => trackers);
}

const ALL_DELIVERED = {
  amplitude: "delivered",
  ga4: "delivered",
  heap: "delivered",
  webhook: "delivered",
};

/** The lane of a tracker, once its last call has failed for this reason. */
function failing(tracker: string, reason: string, at = sparrow) {
  return eventually(`${tracker} fails with ${reason}`, async () => {
    const lane = await at.lane(tracker);
    return lane?.reason === reason && lane.backlog > 0 && lane;
  });
}

test("a vendor that hangs delays neither the others nor the answer", async () => {
  sparrow.sandbox.control("ga4", { mode: "hang" });
  const sent = Date.now();
  assert.equal((await sparrow.send(signUps(1), "&id=hang")).status, 200);
  const answered = Date.now() - sent;
  await sparrow.sandbox.until("the other vendors have the event", () =>
    ["amplitude", "heap", "webhook"].every(
      (vendor) => sparrow.sandbox.requests(vendor)[0]?.status === 200,
    ),
  );
  const delivered = Date.now() - sent;
  const [hanging] = sparrow.sandbox.requests("ga4");
  assert.equal(hanging?.outcome, "open", "all of this while the vendor hangs");
  assert.ok(answered < DEADLINE_MS && delivered < DEADLINE_MS, `${answered} ms, ${delivered} ms`);
  await failing("ga4", "timeout");
  sparrow.sandbox.control("ga4", { mode: "ok" });
  assert.deepEqual(await outcomes("hang"), [ALL_DELIVERED]);
});

test("each kind of failure stays with its vendor, is told apart, and ends in delivery", async () => {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  sparrow.sandbox.control("heap", { mode: "cut" });
  sparrow.sandbox.control("webhook", {
    mode: "error",
    status: 302,
    headers: { location: "/ga4/mp/collect" },
  });
  await sparrow.send(signUps(1), "&id=failures");
  await failing("amplitude", "http_503");
  await failing("heap", "network");
  await failing("webhook", "misconfigured");
  assert.equal((await sparrow.lane("ga4"))?.reason, null);
  assert.equal(sparrow.sandbox.requests("ga4").length, 1, "a redirect is not followed");
  for (const vendor of ["amplitude", "heap", "webhook"]) {
    sparrow.sandbox.control(vendor, { mode: "ok" });
  }
  assert.deepEqual(await outcomes("failures"), [ALL_DELIVERED]);
});

test("what a vendor out of reach did not get, it gets after a release with the right address", async () => {
  const away = await startSparrow({ trace: { WEBHOOK_URL: "http://127.0.0.1:9/webhook" } });
  try {
    await away.send(signUps(1), "&id=away");
    await failing("webhook", "network", away);
    await away.restart({ trace: {} });
    assert.deepEqual((await away.settled("away"))[0]?.trackers, ALL_DELIVERED);
  } finally {
    await away.close();
  }
});

test("a batch that a vendor refuses as a whole is split until the culprit stands alone", async () => {
  // Refused twice: the whole, then the half that holds the culprit's place.
  sparrow.sandbox.control("heap", {
    mode: "error",
    status: 400,
    body: "postBody.events[0]",
    times: 1,
  });
  await sparrow.send(signUps(8), "&id=split");
  const heap = (await outcomes("split", 8)).map((trackers) => trackers.heap);
  assert.deepEqual(
    heap,
    Array.from({ length: 8 }, () => "delivered"),
  );
  const sizes = sparrow.sandbox.requests("heap").map(({ events }) => events.length);
  assert.deepEqual(sizes, [8, 4, 4]);
});

test("an event that a vendor refuses alone is rejected, and the others are delivered", async () => {
  // The whole, both halves, and whichever event comes first by itself.
  const refusal = { mode: "error", status: 400, body: "no", times: 4 } as const;
  sparrow.sandbox.control("heap", refusal);
  await sparrow.send(signUps(4), "&id=culprit");
  const heap = (await outcomes("culprit", 4)).map((trackers) => trackers.heap);
  assert.deepEqual(heap.sort(), ["delivered", "delivered", "delivered", "rejected(refused)"]);
  const sizes = sparrow.sandbox.requests("heap").map(({ events }) => events.length);
  assert.deepEqual(sizes, [4, 2, 2, 1, 1, 1, 1]);
});

test("a vendor that names the culprits of a batch gets the others at once", async () => {
  const body = { code: 400, error: "Invalid", events_with_invalid_fields: { time: [1] } };
  sparrow.sandbox.control("amplitude", { mode: "error", status: 400, body, times: 1 });
  await sparrow.send(signUps(3), "&id=named");
  const amplitude = (await outcomes("named", 3)).map((trackers) => trackers.amplitude);
  assert.deepEqual(amplitude, ["delivered", "rejected(invalid_event)", "delivered"]);
  const sizes = sparrow.sandbox.requests("amplitude").map(({ events }) => events.length);
  assert.deepEqual(sizes, [3, 2]);
});

test("a vendor that begins an answer and never ends it is a timeout", async () => {
  const server = createServer((_, response) => response.writeHead(200).write("{"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stuck = await startSparrow({
    trace: { WEBHOOK_URL: `http://127.0.0.1:${port}/`, TRACKER_DEADLINE_MS: String(DEADLINE_MS) },
  });
  try {
    await stuck.send(signUps(1), "&id=stuck");
    await failing("webhook", "timeout", stuck);
    assert.equal((await stuck.lane("heap"))?.backlog, 0);
  } finally {
    await stuck.close();
    server.closeAllConnections();
    server.close();
  }
});

test("a vendor never has more than six calls open, however much is waiting for it", async () => {
  for (const vendor of ["amplitude", "ga4", "heap", "webhook"]) {
    sparrow.sandbox.control(vendor, { mode: "slow", delayMs: 50 });
  }
  await Promise.all(["many-0", "many-1"].map((id) => sparrow.send(signUps(20), `&id=${id}`)));
  await Promise.all(["many-0", "many-1"].map((id) => outcomes(id, 20)));
  const { all, ...most } = sparrow.sandbox.openCalls().most;
  assert.deepEqual(most, { amplitude: 1, bigquery: 0, ga4: 6, heap: 1, token: 0, webhook: 6 });
});

test("delivering to one tracker opens six calls at once and no seventh", async () => {
  sparrow.sandbox.control("webhook", { mode: "slow", delayMs: 50 });
  const payload = {
    id: "six",
    receivedAt: Date.now(),
    data: JSON.stringify(signUps(20)),
    context: { origin: DEVELOPMENT_ORIGIN },
  };
  const events = Array.from({ length: 20 }, (_, i) => i);
  const answer = await sparrow.trace("/deliver/webhook", {
    run: "live",
    payloads: [{ id: payload.id, payload, events }],
  });
  const { outcomes } = (await answer.json()) as { outcomes: { outcome: string }[] };
  assert.equal(outcomes.filter(({ outcome }) => outcome === "delivered").length, 20);
  assert.equal(sparrow.sandbox.openCalls().most.webhook, 6);
});

test("a batch of more events than a healthy vendor takes at once is delivered whole", async () => {
  await sparrow.send(signUps(150), "&id=batch");
  const delivered = (await outcomes("batch", 150)).filter(
    ({ webhook, ga4 }) => webhook === "delivered" && ga4 === "delivered",
  );
  assert.equal(delivered.length, 150);
  assert.equal(sparrow.sandbox.requests("webhook").length, 150);
});

test("of a payload of more than a thousand events the first thousand are opened", async () => {
  const batch = Array.from({ length: 1200 }, () => ({ event: "not allowed" }));
  const payload = { id: "p", receivedAt: Date.now(), data: JSON.stringify({ batch }), context: {} };
  const answer = await sparrow.trace("/open", { payloads: [payload] });
  const { payloads } = (await answer.json()) as {
    payloads: { events: { name: string; trackers: Record<string, unknown> }[] }[];
  };
  assert.equal(payloads[0]?.events.length, 1001);
  const last = payloads[0]?.events.at(-1);
  assert.deepEqual([last?.name, last?.trackers.ga4], ["(too many)", { filtered: "too_many" }]);
});

test("GA4's validation endpoint sees a clone when sampled, and its complaint is logged", async () => {
  const checked = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "1" } });
  try {
    const complaint = {
      fieldPath: "events[0].name",
      description: "ada@example.com is no name",
      validationCode: "NAME_INVALID",
    };
    const body = { validationMessages: [complaint] };
    checked.sandbox.control("ga4", { mode: "error", status: 200, body });
    await checked.send(signUps(1), "&id=checked");
    assert.equal((await checked.settled("checked"))[0]?.trackers.ga4, "delivered");
    const logged = await eventually("the complaint is logged", () =>
      checked.logs().find((line) => line.code === "vendor_complains"),
    );
    assert.match(
      JSON.stringify(logged),
      /NAME_INVALID.*events\[0\]\.name|events\[0\]\.name.*NAME_INVALID/,
    );
    assert.ok(!JSON.stringify(logged).includes("ada@"), "its words may repeat values");
    const [call, clone] = checked.sandbox.requests("ga4");
    assert.deepEqual([call?.path, clone?.path], ["/ga4/mp/collect", "/ga4/debug/mp/collect"]);
    const events = (request: typeof call) =>
      (request?.json as { events: unknown } | undefined)?.events;
    assert.deepEqual(events(clone), events(call));
  } finally {
    await checked.close();
  }
});
