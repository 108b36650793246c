// What Trace tells of its calls to vendors: which ones, with what, and never a secret.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { DEVELOPMENT_ORIGIN, type Sparrow, startSparrow } from "./support/sparrow.ts";

/** Written in another way by each of JSON, addresses and forms. */
const SECRET = 's3"c\\r/t+%&=?';
const TOKEN = "token=t0ken";

let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow();
});
after(() => sparrow.close());
beforeEach(() => {
  for (const vendor of ["amplitude", "ga4", "webhook"]) {
    sparrow.sandbox.control(vendor, { mode: "ok" });
  }
  sparrow.sandbox.clear();
});

function logging(setting: string) {
  const trace = {
    REQUESTS_LOG: setting,
    GA4_VALIDATE_SAMPLE: "0",
    GA4_API_SECRET: SECRET,
    AMPLITUDE_API_KEY: SECRET,
    WEBHOOK_URL: `${sparrow.sandbox.url}/webhook?${TOKEN}`,
  };
  return sparrow.restart({ trace }, []);
}

interface Call {
  method: string;
  url: string;
  body: string;
  status?: number;
  at: number;
  events: [number, number][];
}

const signUp = { event: "sign up", deviceId: "d", properties: { plan: "team" } };

/** Delivers the events of these payloads, and tells the reply as it came and the calls in it. */
async function deliver(tracker: string, ...batches: object[][]) {
  const payloads = batches.map((batch, place) => {
    const id = `p${place}`;
    const context = { origin: DEVELOPMENT_ORIGIN };
    const payload = { id, receivedAt: Date.now(), data: JSON.stringify({ batch }), context };
    return { id, payload, events: batch.map((_, idx) => idx) };
  });
  const answer = await sparrow.trace(`/deliver/${tracker}`, { run: "live", payloads });
  assert.equal(answer.status, 200);
  const text = await answer.text();
  const reply = JSON.parse(text) as { outcomes: unknown[]; calls?: Call[] };
  assert.equal(reply.outcomes.length, batches.flat().length);
  return { text, calls: reply.calls };
}

/** A secret as it is, and as it stands in addresses and in forms. */
function formsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), String(new URLSearchParams({ s: secret }))];
}

/** What a tracker with this secret tells of three events, one of which holds the secret; all of it but the body is checked. */
async function told(tracker: string, secret: string, url: string, status: number) {
  const properties = { productName: formsOf(secret).join(" "), entry: "billing" };
  const bought = { event: "purchase product", deviceId: "d", properties };
  const started = Date.now();
  const { text, calls } = await deliver(tracker, [signUp, bought], [signUp]);
  const requests = sparrow.sandbox.requests(tracker);
  assert.ok(calls && calls.length === requests.length && calls.length > 0, tracker);
  for (const call of calls) {
    assert.ok(call.at >= started && call.at <= Date.now(), `${call.at}`);
    assert.deepEqual([call.method, call.url, call.status], ["POST", url, status]);
  }
  const escaped = JSON.stringify(secret).slice(1, -1);
  for (const form of [...formsOf(secret), escaped, JSON.stringify(escaped).slice(1, -1)]) {
    assert.ok(!text.includes(form), form);
  }
  assert.ok(!text.includes("signature"), "headers are not told");
  return { calls, requests };
}

const HIDDEN = { productName: "[secret] [secret] s=[secret]", entry: "billing" };

test("every call is told with what the vendor got, and the secret in no form", async () => {
  await logging("all");
  const { url } = sparrow.sandbox;

  const amplitude = await told("amplitude", SECRET, `${url}/amplitude/2/httpapi`, 200);
  const sent = amplitude.requests[0]?.json as { events: { event_properties: object }[] };
  const [, withSecret] = sent.events;
  assert.ok(withSecret);
  withSecret.event_properties = HIDDEN;
  const [call] = amplitude.calls;
  assert.deepEqual(JSON.parse(call?.body ?? ""), { ...sent, api_key: "[secret]" });
  const places = [
    [0, 0],
    [0, 1],
    [1, 0],
  ];
  assert.deepEqual(call?.events, places);

  const collect = `${url}/ga4/mp/collect?measurement_id=G-SANDBOX&api_secret=[secret]`;
  const ga4 = await told("ga4", SECRET, collect, 204);
  assert.equal(ga4.calls.flatMap(({ events }) => events).length, 3);

  const webhook = await told("webhook", TOKEN, `${url}/webhook?[secret]`, 200);
  const bodies = Object.fromEntries(webhook.calls.map(({ events, body }) => [`${events}`, body]));
  assert.deepEqual(Object.keys(bodies).sort(), places.map(String));
  assert.deepEqual(JSON.parse(bodies["0,1"] ?? "").data.properties, HIDDEN);
});

test("failures are told and what went well is not", async () => {
  await logging("failures");
  assert.equal((await deliver("webhook", [signUp])).calls, undefined);

  sparrow.sandbox.control("ga4", { mode: "error", status: 503 });
  sparrow.sandbox.control("webhook", { mode: "cut" });
  const failed = async (tracker: string) => {
    const { calls } = await deliver(tracker, [signUp]);
    return calls?.map(({ status, events }) => ({ status, events }));
  };
  assert.deepEqual(await failed("ga4"), [{ status: 503, events: [[0, 0]] }]);
  assert.deepEqual(await failed("webhook"), [{ status: undefined, events: [[0, 0]] }]);

  // The vendor names a culprit; the others are sent again at once, and that goes well.
  const body = { code: 400, events_with_invalid_fields: { time: [1] } };
  sparrow.sandbox.control("amplitude", { mode: "error", status: 400, body, times: 1 });
  const { calls } = await deliver("amplitude", [signUp, signUp, signUp]);
  assert.equal(sparrow.sandbox.requests("amplitude").length, 2);
  assert.deepEqual(
    calls?.map(({ status, events }) => `${status} ${events}`),
    ["400 0,0,0,1,0,2"],
  );
});

test("without the setting nothing is told, whatever becomes of the calls", async () => {
  for (const setting of ["", "off"]) {
    await logging(setting);
    sparrow.sandbox.control("ga4", { mode: "error", status: 503 });
    assert.ok(!(await deliver("ga4", [signUp])).text.includes('"calls"'));
    assert.ok(!(await deliver("webhook", [signUp])).text.includes('"calls"'));
  }
});
