// One vendor never affects another, nor the answer.

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

async function outcomes(id: string) {
  return (await sparrow.forwarded(id)).events.map(({ trackers }) => trackers);
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
  assert.deepEqual(await outcomes("hang"), [
    { amplitude: "delivered", ga4: "retry(timeout)", heap: "delivered", webhook: "delivered" },
  ]);
});

test("each kind of failure stays with its vendor and is told apart", async () => {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  sparrow.sandbox.control("heap", { mode: "cut" });
  sparrow.sandbox.control("webhook", {
    mode: "error",
    status: 302,
    headers: { location: "/ga4/mp/collect" },
  });
  await sparrow.send(signUps(1), "&id=failures");
  const [trackers] = await outcomes("failures");
  assert.equal(trackers?.ga4, "delivered");
  assert.equal(trackers?.amplitude, "retry(http_503)");
  assert.equal(trackers?.heap, "retry(network)");
  assert.match(trackers?.webhook ?? "", /^retry|^rejected/);
  assert.equal(sparrow.sandbox.requests("ga4").length, 1, "a redirect is not followed");
});

test("a vendor that is out of reach is a retry", async () => {
  const away = await startSparrow({ trace: { WEBHOOK_URL: "http://127.0.0.1:9/webhook" } });
  try {
    await away.send(signUps(1), "&id=away");
    const { events } = await away.forwarded("away");
    assert.equal(events[0]?.trackers.webhook, "retry(network)");
    assert.equal(events[0]?.trackers.heap, "delivered");
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
  const heap = (await outcomes("split")).map((trackers) => trackers.heap);
  assert.deepEqual(
    heap,
    Array.from({ length: 8 }, () => "delivered"),
  );
  const sizes = sparrow.sandbox.requests("heap").map(({ events }) => events.length);
  assert.deepEqual(sizes, [8, 4, 4]);
});

test("an event that a vendor refuses alone is rejected, and the others are delivered", async () => {
  // The whole, both halves, and the first event by itself.
  const refusal = { mode: "error", status: 400, body: "no", times: 4 } as const;
  sparrow.sandbox.control("heap", refusal);
  await sparrow.send(signUps(4), "&id=culprit");
  const heap = (await outcomes("culprit")).map((trackers) => trackers.heap);
  assert.deepEqual(heap, ["rejected(refused)", "delivered", "delivered", "delivered"]);
  const sizes = sparrow.sandbox.requests("heap").map(({ events }) => events.length);
  assert.deepEqual(sizes, [4, 2, 2, 1, 1, 1, 1]);
});

test("a vendor that names the culprits of a batch gets the others at once", async () => {
  const body = { code: 400, error: "Invalid", events_with_invalid_fields: { time: [1] } };
  sparrow.sandbox.control("amplitude", { mode: "error", status: 400, body, times: 1 });
  await sparrow.send(signUps(3), "&id=named");
  const amplitude = (await outcomes("named")).map((trackers) => trackers.amplitude);
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
    const { events } = await stuck.forwarded("stuck");
    assert.equal(events[0]?.trackers.webhook, "retry(timeout)");
    assert.equal(events[0]?.trackers.heap, "delivered");
  } finally {
    await stuck.close();
    server.closeAllConnections();
    server.close();
  }
});

test("forwarding opens one call per tracker at once", async () => {
  for (const vendor of ["amplitude", "ga4", "heap", "webhook"]) {
    sparrow.sandbox.control(vendor, { mode: "slow", delayMs: 50 });
  }
  await sparrow.send(signUps(20), "&id=many");
  await sparrow.forwarded("many");
  const { most } = sparrow.sandbox.openCalls();
  assert.deepEqual(most, { all: 4, amplitude: 1, ga4: 1, heap: 1, webhook: 1 });
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
    payloads: [{ payload, events }],
  });
  const { outcomes } = (await answer.json()) as { outcomes: { outcome: string }[] };
  assert.equal(outcomes.filter(({ outcome }) => outcome === "delivered").length, 20);
  assert.equal(sparrow.sandbox.openCalls().most.webhook, 6);
});

test("a batch of more events than a healthy vendor takes at once is delivered whole", async () => {
  await sparrow.send(signUps(150), "&id=batch");
  const delivered = (await sparrow.forwarded("batch")).events.filter(
    ({ trackers }) => trackers.webhook === "delivered" && trackers.ga4 === "delivered",
  );
  assert.equal(delivered.length, 100, "all that the log lists");
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
    assert.equal((await checked.forwarded("checked")).events[0]?.trackers.ga4, "delivered");
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
