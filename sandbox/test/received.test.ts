// What remains of requests when nothing is kept of them: the account by keys.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { PAGE, Received } from "../received.ts";
import { type Sandbox, startSandbox } from "../server.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

function send(vendor: "amplitude" | "heap", ...keys: string[]): Promise<Response> {
  const [path, body] = {
    amplitude: [
      "/amplitude/2/httpapi",
      {
        api_key: "k",
        events: keys.map((key) => ({ event_type: "e", user_id: "user-1", insert_id: key })),
      },
    ] as const,
    heap: [
      "/heap/api/track",
      {
        app_id: "1",
        events: keys.map((key) => ({ event: "e", identity: "ada", idempotency_key: key })),
      },
    ] as const,
  }[vendor];
  return fetch(sandbox.url + path, { method: "POST", body: JSON.stringify(body) });
}

function counts(vendor: string): [string, number][] {
  return sandbox.received(vendor).map(({ key, count }) => [key, count]);
}

async function call(method: string, path: string, body?: string): Promise<[number, unknown]> {
  const init = body === undefined ? { method } : { method, body };
  const response = await fetch(sandbox.url + path, init);
  return [response.status, response.status === 204 ? null : await response.json()];
}

test("accepted events are counted by key, with the time of the first", async () => {
  const before = Date.now();
  await send("heap", "a", "b", "a");
  const between = Date.now();
  await send("heap", "b", "c");
  assert.deepEqual(counts("heap"), [
    ["a", 2],
    ["b", 2],
    ["c", 1],
  ]);
  for (const { key, firstAt } of sandbox.received("heap")) {
    assert.ok(firstAt >= (key === "c" ? between : before), key);
    if (key !== "c") assert.ok(firstAt <= between, key);
  }
  assert.deepEqual(sandbox.received("amplitude"), []);
});

test("what was not answered with success was not accepted", async () => {
  sandbox.control("heap", { mode: "error", times: 1 });
  await send("heap", "refused");
  sandbox.control("heap", { mode: "cut", times: 1 });
  await assert.rejects(send("heap", "cut"));
  sandbox.control("heap", { mode: "slow", delayMs: 1, times: 1 });
  await send("heap", "slow");
  await fetch(`${sandbox.url}/heap/api/track`, { method: "POST", body: '{"events":[{}]}' });
  assert.deepEqual(counts("heap"), [["slow", 1]]);
});

test("GA4's validation endpoint accepts nothing", async () => {
  const event = { name: "e", timestamp_micros: Date.now() * 1000 };
  const body = JSON.stringify({ client_id: "1", events: [event] });
  await fetch(`${sandbox.url}/ga4/debug/mp/collect`, { method: "POST", body });
  assert.deepEqual(counts("ga4"), []);
  await fetch(`${sandbox.url}/ga4/mp/collect`, { method: "POST", body });
  assert.equal(counts("ga4").length, 1);
});

test("the totals and the keys can be asked for, and dropped", async () => {
  await send("amplitude", "a", "a", "b");
  await fetch(`${sandbox.url}/ga4/mp/collect`, { method: "POST", body: '{"events":[{}]}' });
  const none = { events: 0, keys: 0, unknown: 0 };
  assert.deepEqual(await call("GET", "/api/received"), [
    200,
    {
      ga4: { events: 1, keys: 0, unknown: 1 },
      amplitude: { events: 3, keys: 2, unknown: 0 },
      heap: none,
      webhook: none,
      bigquery: none,
      token: none,
    },
  ]);
  const all = { received: sandbox.received("amplitude"), next: null };
  assert.deepEqual(await call("GET", "/api/received?vendor=amplitude"), [200, all]);
  const rest = { ...all, received: all.received.slice(1) };
  assert.deepEqual(await call("GET", "/api/received?vendor=amplitude&after=1"), [200, rest]);
  assert.equal((await call("GET", "/api/received?vendor=nobody"))[0], 404);
  assert.equal((await call("GET", "/api/received?vendor=heap&after=x"))[0], 400);

  await call("DELETE", "/api/requests");
  assert.deepEqual(sandbox.received("amplitude"), []);
  await send("heap", "a");
  sandbox.clear();
  assert.deepEqual(sandbox.received("heap"), []);
  assert.throws(() => sandbox.received("nobody"), /nobody/);
});

test("more keys than fit a page come in pages", async () => {
  const keys = Array.from({ length: PAGE }, (_, i) => String(i));
  for (let i = 0; i < PAGE; i += 1000) await send("heap", ...keys.slice(i, i + 1000));
  await send("heap", "last");
  const [, first] = await call("GET", "/api/received?vendor=heap");
  const { received, next } = first as { received: unknown[]; next: number };
  assert.equal(received.length, PAGE);
  const [, second] = await call("GET", `/api/received?vendor=heap&after=${next}`);
  assert.deepEqual(second, { received: sandbox.received("heap").slice(PAGE), next: null });
});

test("past the limit new keys are counted as unknown, and known ones go on", () => {
  const received = new Received(["heap"], 2);
  const events = ["a", "b", "c", "a"].map((key) => ({ name: "e", properties: {}, key }));
  received.accept("heap", events, 5);
  received.accept("heap", events.slice(0, 1), 4);
  assert.deepEqual(received.keys("heap"), [
    { key: "a", count: 3, firstAt: 4 },
    { key: "b", count: 1, firstAt: 5 },
  ]);
  assert.deepEqual(received.totals().heap, { events: 5, keys: 2, unknown: 1 });
});

test("with the journal off nothing is kept but the account, and what is open", async () => {
  await send("heap", "before");
  assert.deepEqual(await call("POST", "/api/journal", '{"keep":false}'), [200, { keep: false }]);
  sandbox.control("heap", { mode: "hang" });
  const hanging = send("heap", "a");
  await sandbox.until("an open call", () => sandbox.openCalls().now.heap === 1);
  sandbox.control("heap", { mode: "ok" });
  await hanging;
  await sandbox.until("the event", () => sandbox.received("heap").length === 2);
  assert.equal(sandbox.requests().length, 1);
  assert.equal(sandbox.openCalls().now.heap, 0);
  sandbox.keepJournal(true);
  await send("heap", "b");
  assert.equal(sandbox.requests().length, 2);
  for (const body of ["", "{}", '{"keep":1}', "null"]) {
    assert.equal((await call("POST", "/api/journal", body))[0], 400, body);
  }
});
