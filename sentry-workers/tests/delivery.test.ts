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
  await using worker = await failing();
  worker.sentry.reply({ status: 200, headers: { "x-sentry-rate-limits": "1:error:key:quota" } });
  await worker.get("/fail?message=first");
  await came(worker, 1);
  worker.sentry.reply({ status: 200 });
  await eventually("it is heard", async () => {
    const [, suppressed] = (await worker.get("/fail?message=limited")).text;
    return suppressed && (await worker.get("/counts")).text !== "2 0";
  });
  await eventually("the limit is over", async () => {
    await worker.get("/");
    return worker.sentry.reports.length === 2;
  });
  assert.equal(worker.sentry.reports[1]?.event.message, "limited");
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

/** Failures are counted and not sent, from the moment at which the refusal was heard. */
async function honoured(worker: Failing): Promise<void> {
  let tried = 0;
  await eventually("it is heard", async () => {
    tried += 1;
    await worker.get(`/fail?message=${tried}`);
    return (await worker.get("/counts")).text.split(" ")[1] !== "0";
  });
  const { length } = worker.sentry.reports;
  for (let i = 0; i < 5; i++) await worker.get(`/fail?message=later-${i}`);
  assert.equal((await worker.get("/counts")).text, `${length} 6`);
  assert.equal(worker.sentry.reports.length, length);
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
  const [sent, suppressed] = (await other.get("/counts")).text.split(" ").map(Number);
  assert.equal(Number(sent) + Number(suppressed), 100);
  // Outside of it once in more than a billion runs.
  assert.ok(Number(sent) > 20 && Number(sent) < 80, `${sent} of 100 were sent`);
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

test("envelopes under way are bounded, and what waits is told later", async () => {
  await using worker = await failing();
  worker.sentry.reply("hangs");
  for (let i = 0; i < 40; i++) await worker.get(`/fail?message=${i}`);
  assert.equal((await worker.get("/counts")).text, "32 8");
  worker.sentry.reply({ status: 200 });
  await eventually("all are told", async () => {
    await worker.get("/");
    return failures(worker) === 40;
  });
});

test("without a DSN nothing is sent, and all else is the same", async () => {
  await using worker = await failing({ SENTRY_DSN: null });
  assert.deepEqual(await worker.get("/fail"), { status: 200, text: "failed" });
  assert.deepEqual(await worker.get("/panic"), { status: 500, text: "panicked" });
  assert.equal((await worker.get("/mix/x")).status, 200);
  assert.equal((await worker.get("/counts")).text, "0 0");
  assert.equal(worker.sentry.bytes(), "");
});
