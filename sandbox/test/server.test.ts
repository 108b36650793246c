// The sandbox over HTTP: how vendors behave, what is written down, and the control API.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Journal } from "../journal.ts";
import { type Sandbox, startSandbox } from "../server.ts";

const HEAP = JSON.stringify({ app_id: "1", event: "e", identity: "ada", properties: { a: "<b>" } });

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

function heap(signal?: AbortSignal): Promise<Response> {
  const init = { method: "POST", body: HEAP, headers: { "x-test": "1" } };
  return fetch(`${sandbox.url}/heap/api/track?a=1&a=2&b=%20`, signal ? { ...init, signal } : init);
}

function put(vendor: string, behaviour: unknown): Promise<Response> {
  const body = typeof behaviour === "string" ? behaviour : JSON.stringify(behaviour);
  return fetch(`${sandbox.url}/control/${vendor}`, { method: "PUT", body });
}

async function json(path: string): Promise<unknown> {
  return (await fetch(sandbox.url + path)).json();
}

test("a request is answered by its vendor and written down as it came", async () => {
  const before = Date.now();
  assert.equal((await heap()).status, 200);
  const after = Date.now();
  const [record, ...others] = sandbox.requests();
  assert.ok(record);
  assert.equal(others.length, 0);
  const { headers, receivedAt, endedAt, ...rest } = record;
  assert.deepEqual(rest, {
    seq: 1,
    vendor: "heap",
    method: "POST",
    path: "/heap/api/track",
    query: { a: "2", b: " " },
    body: HEAP,
    json: JSON.parse(HEAP),
    events: [{ name: "e", properties: { a: "<b>" } }],
    remarks: [],
    mode: "ok",
    outcome: "answered",
    status: 200,
    open: { all: 1, vendor: 1 },
  });
  assert.equal(headers["x-test"], "1");
  assert.ok(before <= receivedAt && endedAt !== null && receivedAt <= endedAt && endedAt <= after);
  assert.deepEqual(await json("/api/requests/1"), JSON.parse(JSON.stringify(record)));
});

test("what no vendor has is answered 404 and written down under the vendor's name", async () => {
  const response = await fetch(`${sandbox.url}/amplitude/identify`, { method: "POST", body: "x" });
  assert.equal(response.status, 404);
  const [record] = sandbox.requests("amplitude");
  assert.equal(record?.status, 404);
  assert.equal(record?.body, "x");
  assert.equal(record?.json, null);
});

test("every vendor is under its path", async () => {
  const paths = ["/ga4/mp/collect", "/amplitude/2/httpapi", "/heap/api/track", "/webhook"];
  const statuses = [];
  for (const path of paths) {
    statuses.push((await fetch(sandbox.url + path, { method: "POST", body: "{}" })).status);
  }
  assert.deepEqual(statuses, [204, 400, 400, 401]);
  assert.deepEqual(
    sandbox.requests().map(({ vendor }) => vendor),
    ["ga4", "amplitude", "heap", "webhook"],
  );
});

test("the webhook's secret can be chosen", async () => {
  await sandbox.close();
  sandbox = await startSandbox({ webhookSecret: `whsec_${btoa("a key of one's own")}` });
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", "a key of one's own").update(`1.${timestamp}.{}`);
  const headers = {
    "webhook-id": "1",
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${signature.digest("base64")}`,
  };
  const response = await fetch(`${sandbox.url}/webhook`, { method: "POST", body: "{}", headers });
  assert.equal(response.status, 200);
});

test("error: the status, headers and body that were asked for, so many times", async () => {
  const headers = { "retry-after": "2" };
  await put("heap", { mode: "error", status: 429, headers, body: { throttled: true }, times: 2 });
  for (const _ of [1, 2]) {
    const response = await heap();
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), "2");
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.deepEqual(await response.json(), { throttled: true });
  }
  assert.equal((await heap()).status, 200);
  assert.deepEqual(
    sandbox.requests().map(({ mode, status }) => [mode, status]),
    [
      ["error", 429],
      ["error", 429],
      ["ok", 200],
    ],
  );
});

test("error: 503 and no body where nothing is said, and text as it is", async () => {
  sandbox.control("heap", { mode: "error" });
  const plain = await heap();
  assert.equal(plain.status, 503);
  assert.equal(await plain.text(), "");
  sandbox.control("heap", { mode: "error", status: 400, body: "no" });
  assert.equal(await (await heap()).text(), "no");
});

test("slow: the vendor's own answer after the delay", async () => {
  sandbox.control("heap", { mode: "slow", delayMs: 80 });
  assert.equal((await heap()).status, 200);
  const [record] = sandbox.requests();
  // Node's timers may be early by a millisecond of their own clock.
  assert.ok(record?.endedAt && record.endedAt - record.receivedAt >= 79);
});

test("hang: no answer until the behaviour is set anew", async () => {
  sandbox.control("heap", { mode: "hang" });
  const hanging = heap();
  await sandbox.until("a hanging call", () => sandbox.requests()[0]?.mode === "hang");
  assert.equal(sandbox.requests()[0]?.outcome, "open");
  sandbox.control("heap", { mode: "hang" }); // anew, and the same
  sandbox.control("heap", { mode: "error", status: 500 });
  assert.equal((await hanging).status, 500);
});

test("hang: a client that goes is written down, and counted as open no longer", async () => {
  sandbox.control("heap", { mode: "hang" });
  const client = new AbortController();
  const hanging = heap(client.signal);
  await sandbox.until("a hanging call", () => sandbox.requests()[0]?.mode === "hang");
  assert.equal(sandbox.openCalls().now.heap, 1);
  client.abort();
  await assert.rejects(hanging);
  await sandbox.until("the end", () => sandbox.requests()[0]?.outcome === "client gone");
  assert.equal(sandbox.requests()[0]?.status, null);
  assert.equal(sandbox.openCalls().now.heap, 0);
  sandbox.control("heap", { mode: "ok" });
  assert.equal((await heap()).status, 200);
});

test("cut: the request is read, then the connection is gone", async () => {
  sandbox.control("heap", { mode: "cut", times: 1 });
  await assert.rejects(heap());
  const [record] = sandbox.requests();
  assert.equal(record?.outcome, "cut");
  assert.equal(record?.body, HEAP);
  assert.equal((await heap()).status, 200);
});

test("cut: where it is asked for, the request is carried out before", async () => {
  assert.equal((await put("ga4", { mode: "cut", stored: true, times: 1 })).status, 200);
  const event = { name: "e", timestamp_micros: Date.now() * 1000 };
  const body = JSON.stringify({ client_id: "1", events: [event] });
  await assert.rejects(fetch(`${sandbox.url}/ga4/mp/collect`, { method: "POST", body }));
  assert.equal(sandbox.requests()[0]?.outcome, "cut");
  assert.equal(sandbox.received("ga4").length, 1);
});

test("open calls are counted, of each vendor and of all", async () => {
  sandbox.control("heap", { mode: "hang" });
  const hanging = [heap(), heap(), heap()];
  await sandbox.until("three calls", () => sandbox.openCalls().now.heap === 3);
  await fetch(`${sandbox.url}/ga4/mp/collect`, { method: "POST", body: "{}" });
  assert.deepEqual(sandbox.requests("ga4")[0]?.open, { all: 4, vendor: 1 });
  sandbox.control("heap", { mode: "ok" });
  await Promise.all(hanging);
  await heap(); // one alone does not lower what was the most
  const none = { all: 0, ga4: 0, amplitude: 0, heap: 0, webhook: 0, bigquery: 0, token: 0 };
  assert.deepEqual(sandbox.openCalls(), { now: none, most: { ...none, all: 4, heap: 3, ga4: 1 } });
  sandbox.clear();
  assert.deepEqual(sandbox.openCalls(), { now: none, most: none });
});

test("the control API says what holds and refuses what makes no sense", async () => {
  assert.equal((await put("heap", { mode: "slow", times: 2 })).status, 200);
  assert.deepEqual(await json("/control"), {
    ga4: { mode: "ok" },
    amplitude: { mode: "ok" },
    heap: { mode: "slow", times: 2, delayMs: 2000 },
    webhook: { mode: "ok" },
    bigquery: { mode: "ok" },
    token: { mode: "ok" },
  });
  const refused = [
    "not JSON",
    [],
    {},
    { mode: "broken" },
    { mode: "ok", status: 500 },
    { mode: "slow", delayMs: -1 },
    { mode: "error", status: 199 },
    { mode: "error", status: 600 },
    { mode: "error", status: "500" },
    { mode: "error", headers: [] },
    { mode: "error", headers: { a: 1 } },
    { mode: "error", headers: { "a b": "c" } },
    { mode: "error", headers: { a: "b\nc" } },
    { mode: "cut", stored: 1 },
    { mode: "hang", stored: true },
    { mode: "hang", times: 0 },
    { mode: "hang", tmies: 1 },
  ];
  for (const behaviour of refused) {
    const response = await put("heap", behaviour);
    assert.equal(response.status, 400, JSON.stringify(behaviour));
    assert.ok(((await response.json()) as { error: string }).error);
  }
  const both = await put("heap", { mode: "error", status: 1, delayMs: -1 });
  assert.match(((await both.json()) as { error: string }).error, /status.*delayMs/);
  assert.equal((await put("nobody", { mode: "ok" })).status, 404);
  assert.throws(() => sandbox.control("nobody", { mode: "ok" }), /nobody/);
});

test("the account of what was received can be asked for and dropped", async () => {
  await heap();
  await fetch(`${sandbox.url}/ga4/mp/collect`, { method: "POST", body: "{}" });
  const all = (await json("/api/requests")) as { requests: { seq: number }[]; forgotten: number };
  assert.deepEqual(
    all.requests.map(({ seq }) => seq),
    [1, 2],
  );
  assert.equal(all.forgotten, 0);
  const ga4 = (await json("/api/requests?vendor=ga4")) as typeof all;
  assert.deepEqual(
    ga4.requests.map(({ seq }) => seq),
    [2],
  );
  const dropped = await fetch(`${sandbox.url}/api/requests`, { method: "DELETE" });
  assert.equal(dropped.status, 204);
  assert.deepEqual(sandbox.requests(), []);
  for (const [method, path] of [
    ["GET", "/api/requests/1"],
    ["DELETE", "/api/requests/1"],
    ["POST", "/api/requests"],
    ["GET", "/api/other"],
    ["GET", "/other"],
    ["GET", "//"],
  ]) {
    const response = await fetch(`${sandbox.url}${path}`, { method: method as string });
    assert.equal(response.status, 404, `${method} ${path}`);
  }
});

test("a journal that grows beyond its limit forgets the oldest", () => {
  const journal = new Journal(["heap"], 10_000);
  const request = {
    vendor: "heap",
    method: "POST",
    path: "/",
    query: {},
    headers: {},
    receivedAt: 0,
  };
  const add = (body: string) => {
    const record = journal.arrive(request);
    journal.read(record, { body, json: null, events: [], remarks: [] });
  };
  for (const body of ["a", "b", "c", "x".repeat(6000)]) add(body);
  assert.deepEqual(
    journal.records().map(({ body }) => body[0]),
    ["x"],
  );
  assert.equal(journal.forgotten, 3);
});

test("until() gives up after its time, and says what it waited for", async () => {
  await assert.rejects(
    sandbox.until("a miracle", () => undefined, 1),
    /a miracle/,
  );
});

test("the command prints its address once it is ready, and ends when told", async (t) => {
  const main = join(import.meta.dirname, "..", "main.ts");
  const child: ChildProcess = spawn(process.execPath, [main, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, SANDBOX_DISPATCHER: "http://127.0.0.1:1" },
  });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(child.stdout as NodeJS.ReadableStream, "data");
  const [, url] = String(line).match(/^Sandbox: (http:\/\/127\.0\.0\.1:\d+) .*\n$/) ?? [];
  const demo = await (await fetch(`${url}/demo`)).text();
  assert.ok(demo.includes('src="http://127.0.0.1:1/sparrow.js"'));
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
