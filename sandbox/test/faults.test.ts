import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type Sandbox, startSandbox } from "../server.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

async function ask(name: string): Promise<unknown> {
  return (await fetch(`${sandbox.url}/faults/${name}`)).json();
}

function set(faults: unknown): Promise<Response> {
  const body = typeof faults === "string" ? faults : JSON.stringify(faults);
  return fetch(`${sandbox.url}/api/faults`, { method: "POST", body });
}

test("a place that nobody set has no fault", async () => {
  assert.deepEqual(await ask("store"), { mode: "none" });
  assert.deepEqual(await ask("constructor"), { mode: "none" });
});

test("a fault lasts until it is set anew, or so many questions", async () => {
  sandbox.faults("store", { mode: "before" });
  assert.equal(
    (await set({ send: { mode: "panic", times: 2 }, open: { mode: "error" } })).status,
    200,
  );
  for (const mode of ["panic", "panic", "none", "none"])
    assert.deepEqual(await ask("send"), { mode });
  for (const _ of [1, 2, 3]) assert.deepEqual(await ask("store"), { mode: "before" });
  sandbox.faults("store", { mode: "after", times: 1 });
  for (const mode of ["after", "none"]) assert.deepEqual(await ask("store"), { mode });
  assert.deepEqual(await ask("open"), { mode: "error" });
  sandbox.clear();
  assert.deepEqual(
    await ask("open"),
    { mode: "error" },
    "clearing what was received changes nothing",
  );
  await set({ open: { mode: "none" }, ask: { mode: "error", times: 1, message: "of somebody" } });
  assert.deepEqual(await ask("open"), { mode: "none" });
  assert.deepEqual(await ask("ask"), { mode: "error", message: "of somebody" });
  assert.deepEqual(await ask("ask"), { mode: "none" });
});

test("faults that make no sense are refused, all of them", async () => {
  const refused = [
    "not JSON",
    [],
    { a: "before" },
    { a: {} },
    { a: { mode: "later" } },
    { a: { mode: "before", times: 0 } },
    { a: { mode: "before", tmies: 1 } },
    { a: { mode: "before", message: 1 } },
    { "a/b": { mode: "before" } },
  ];
  for (const faults of refused) {
    assert.equal((await set(faults)).status, 400, JSON.stringify(faults));
  }
  const response = await set({
    good: { mode: "before" },
    a: { mode: "x" },
    b: { mode: "none", times: 0 },
  });
  assert.match(((await response.json()) as { error: string }).error, /a\.mode.*b\.times/);
  assert.deepEqual(await ask("good"), { mode: "none" }, "a refused call sets nothing");
  for (const [method, path] of [
    ["GET", "/faults"],
    ["GET", "/faults/a/b"],
    ["POST", "/faults/a"],
    ["GET", "/api/faults"],
  ]) {
    const response = await fetch(`${sandbox.url}${path}`, { method: method as string });
    assert.equal(response.status, 404, `${method} ${path}`);
  }
});
