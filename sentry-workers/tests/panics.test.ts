// Panics are reported, and the isolate goes on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { eventually } from "../../e2e/support/wait.ts";
import { failing } from "./failing.ts";

test("a panic is reported with the functions that led to it, and the next request is served", async () => {
  await using worker = await failing();
  const answer = await worker.get("/panic");
  assert.deepEqual(answer, { status: 500, text: "panicked" });
  assert.deepEqual(await worker.get("/next"), { status: 200, text: "/next" });
  const event = await eventually("it is told", () => worker.sentry.reports[0]?.event);
  assert.equal(event.level, "fatal");
  assert.match(String((event as { culprit?: string }).culprit), /^src\/reports\.rs:\d+:\d+$/);
  const [exception] = event.exception?.values ?? [];
  assert.equal(exception?.type, "panic");
  assert.match(exception?.value ?? "", /^on purpose \(src\/reports\.rs:\d+:\d+\)$/);
  assert.deepEqual(exception?.mechanism, { type: "panic", handled: false });
  const frames = exception?.stacktrace?.frames ?? [];
  assert.match(frames.at(-1)?.function ?? "", /failing::.*route/);
  assert.doesNotMatch(JSON.stringify(frames), /panicking|__rustc|sentry_workers::panics::install/);
  for (const { addr_mode, instruction_addr } of frames.filter((one) => one.in_app)) {
    assert.equal(addr_mode, "rel:0");
    assert.match(instruction_addr ?? "", /^0x[0-9a-f]+$/);
  }
  const module = await WebAssembly.compile(
    readFileSync("sentry-workers/tests/worker/build-sentry/index_bg.wasm"),
  );
  const [id] = WebAssembly.Module.customSections(module, "build_id");
  const hex = Buffer.from(id ?? new ArrayBuffer()).toString("hex");
  const [image] = event.debug_meta?.images ?? [];
  assert.deepEqual([image?.type, image?.debug_id?.replaceAll("-", "")], ["wasm", hex]);
});

test("a panic that quotes a value is told by its place alone", async () => {
  await using worker = await failing();
  await worker.get("/panic-with-value?value=planted");
  const event = await eventually("it is told", () => worker.sentry.reports[0]?.event);
  assert.match(event.exception?.values?.[0]?.value ?? "", /^src\/reports\.rs:\d+:\d+$/);
});

test("a panic after the answer is told with the request that it belongs to", async () => {
  await using worker = await failing();
  assert.equal((await worker.get("/panic-later")).status, 200);
  const event = await eventually("it is told", () => worker.sentry.reports[0]?.event);
  assert.match(event.exception?.values?.[0]?.value ?? "", /^later \(/);
  assert.equal(event.request?.url, `${worker.url.origin}/panic-later`);
  assert.equal((await worker.get("/next")).status, 200);
});

test("requests under way are finished when another one panics", async () => {
  await using worker = await failing();
  const others = Array.from({ length: 5 }, (_, i) => worker.get(`/mix/other-${i}?wait=30`));
  const panics = Array.from({ length: 5 }, () => worker.get("/panic"));
  for (const { status } of await Promise.all(panics)) assert.equal(status, 500);
  for (const { status } of await Promise.all(others)) assert.equal(status, 200);
  await eventually("all are told", () => {
    const messages = worker.sentry.reports.map(({ event }) => event.message);
    return messages.filter((message) => message?.startsWith("other-")).length === 5;
  });
});
