// How often Sentry is told, when it is not, and that nothing depends on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../e2e/support/wait.ts";
import { type Failing, failing } from "./failing.ts";

/** Failures that are told of so far. */
const failures = ({ sentry }: Failing) =>
  sentry.reports.reduce((sum, { event }) => sum + Number(event.extra?.count), 0);

const came = (worker: Failing, count: number) =>
  eventually(`${count} reports came`, () => worker.sentry.reports.length >= count);

test("500 equal failures are at most 3 envelopes that account for all of them", async () => {
  // Longer than 500 failures take, and short enough to wait for.
  await using worker = await failing({ FIRST_WINDOW_MS: "2000" });
  const requests = Array.from({ length: 50 }, () => worker.get("/fail?message=outage&times=10"));
  await Promise.all(requests);
  await eventually("all are told", async () => {
    // What is due is told at the next request.
    await worker.get("/");
    return failures(worker) === 500;
  });
  assert.ok(worker.sentry.reports.length <= 3);
  assert.equal(worker.sentry.reports[0]?.event.extra?.count, 1);
  assert.equal((await worker.get("/counts")).text, `${worker.sentry.reports.length} 499`);
});

test("failures that differ are told each", async () => {
  await using worker = await failing();
  for (const message of ["a", "b", "c"]) await worker.get(`/fail?message=${message}`);
  await came(worker, 3);
});

test("nothing is sent while Sentry wants no events, and then what was counted", async () => {
  const seconds = 2;
  await using worker = await failing();
  const limit = { "x-sentry-rate-limits": `${seconds}:error:key:quota` };
  worker.sentry.reply({ status: 200, headers: limit });
  const begun = Date.now();
  await worker.get("/fail?message=first");
  await came(worker, 1);
  const sent = await heard(worker);
  worker.sentry.reply({ status: 200 });
  await worker.get(`/fail?message=${sent}`);
  assert.equal((await worker.get("/counts")).text, `${sent} 2`);
  await eventually("the limit is over", async () => {
    await worker.get("/");
    return worker.sentry.reports.length > sent;
  });
  assert.ok(Date.now() - begun >= seconds * 1000, "nothing came before");
  const { event } = worker.sentry.reports[sent] ?? {};
  assert.deepEqual([event?.message, event?.extra?.count], [`${sent}`, 2]);
  assert.equal((await worker.get("/counts")).text, `${sent + 1} 2`);
});

for (const [what, headers] of Object.entries({
  "Retry-After": { "retry-after": "600" },
  "a date": { "retry-after": new Date(Date.now() + 600_000).toUTCString() },
  "nothing more": {},
  "a limit for all categories": { "x-sentry-rate-limits": "600::organization" },
  "several limits": { "x-sentry-rate-limits": "1:transaction:key, 600:default;error:key" },
})) {
  test(`a refusal is honoured, and heard after the answer has left: ${what}`, async () => {
    await using worker = await failing();
    worker.sentry.reply("hangs");
    await worker.get("/fail?message=first");
    await came(worker, 1);
    worker.sentry.reply({ status: 429, headers });
    await honoured(worker);
  });
}

/**
 * Fails until a failure is counted and not sent, each time with another message: after "first" the first of them is "1".
 * Returns how many were sent, which is also the message of the one that was not.
 */
async function heard(worker: Failing): Promise<number> {
  let tried = 0;
  const sent = await eventually("a limit is heard", async () => {
    tried += 1;
    await worker.get(`/fail?message=${tried}`);
    const [sent, suppressed] = (await worker.get("/counts")).text.split(" ").map(Number);
    return suppressed === 1 && sent;
  });
  await came(worker, sent);
  return sent;
}

/** Failures are counted and not sent, from the moment at which the refusal was heard. */
async function honoured(worker: Failing): Promise<void> {
  const sent = await heard(worker);
  for (let i = 0; i < 5; i++) await worker.get(`/fail?message=later-${i}`);
  assert.equal((await worker.get("/counts")).text, `${sent} 6`);
  assert.equal(worker.sentry.reports.length, sent);
}

test("a limit for other categories stops no event", async () => {
  await using worker = await failing();
  const headers = { "x-sentry-rate-limits": "600:transaction;attachment:key, 600:session:key" };
  worker.sentry.reply({ status: 429, headers });
  for (let i = 1; i <= 5; i++) {
    await worker.get(`/fail?message=${i}`);
    await came(worker, i);
  }
});

test("the sample rate is the share of events that is sent", async () => {
  await using worker = await failing({ SENTRY_SAMPLE_RATE: "0" });
  await worker.get("/fail");
  assert.equal((await worker.get("/counts")).text, "0 1");
  await using other = await failing({ SENTRY_SAMPLE_RATE: "0.5" });
  for (let i = 0; i < 100; i++) await other.get(`/fail?message=${i}`);
  const [sent = 0, suppressed = 0] = (await other.get("/counts")).text.split(" ").map(Number);
  // One that waited for others to end was suppressed, and may be sent as well.
  assert.ok(sent + suppressed >= 100, `${sent} sent, ${suppressed} suppressed`);
  // Outside of it once in more than a billion runs.
  assert.ok(sent > 20 && sent < 80, `${sent} of 100 were sent`);
});

test("a report outlives the answer, and one that is made after it", async () => {
  await using worker = await failing();
  assert.equal((await worker.get("/later")).text, "failed");
  await came(worker, 1);
  assert.equal(worker.sentry.reports[0]?.event.message, "later");
  assert.equal(worker.sentry.reports[0]?.event.request?.url, `${worker.url.origin}/later`);
});

test("the work goes on as it would while Sentry hangs, breaks off, fails or is away", async () => {
  await using worker = await failing();
  for (const reply of ["hangs", "drops", { status: 500 }, { status: 302 }] as const) {
    worker.sentry.reply(reply);
    const message = JSON.stringify(reply).replaceAll(/\W/g, "");
    assert.deepEqual(await worker.get(`/fail?message=${message}`), { status: 200, text: "failed" });
  }
  await using away = await failing({ SENTRY_DSN: "http://public@127.0.0.1:1/42" });
  assert.deepEqual(await away.get("/fail"), { status: 200, text: "failed" });
  assert.deepEqual(await away.get("/fail?message=other"), { status: 200, text: "failed" });
});

test("two envelopes are under way at most, and what waits is told as they end", async () => {
  await using worker = await failing();
  worker.sentry.reply("hangs");
  for (let i = 0; i < 40; i++) await worker.get(`/fail?message=${i}`);
  await came(worker, 2);
  assert.equal((await worker.get("/counts")).text, "2 38");
  assert.equal(worker.sentry.reports.length, 2);
  worker.sentry.reply({ status: 200 });
  // No request comes that would tell of them.
  await eventually("all are told", () => failures(worker) === 40);
  assert.equal(worker.sentry.reports.length, 40);
});

test("without a DSN nothing is sent, and all else is the same", async () => {
  await using worker = await failing({ SENTRY_DSN: null });
  assert.deepEqual(await worker.get("/fail"), { status: 200, text: "failed" });
  assert.deepEqual(await worker.get("/panic"), { status: 500, text: "panicked" });
  assert.equal((await worker.get("/mix/x")).status, 200);
  assert.equal((await worker.get("/counts")).text, "0 0");
  assert.equal(worker.sentry.bytes(), "");
});
