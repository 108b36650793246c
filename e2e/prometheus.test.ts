// What Console tells Prometheus, judged by a real one: the formats, the rules and the dashboard of docs/, while a vendor
// is cut off and hostile events come in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ALERTS,
  dashboardQueries,
  expose,
  hasData,
  promtool,
  startPrometheus,
} from "./support/prometheus.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";

/** Values and secrets, of which no label may hold any. */
const PLANTED = [
  "ada.lovelace",
  "4111111111111111",
  "sk_live_planted",
  "+4915112345678",
  "0.0.7.7",
];

let sparrow: Sparrow;
let scraped: Awaited<ReturnType<typeof expose>>;
let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
before(async () => {
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    dispatcher: { OUTBOX_SHARDS: "2" },
    trace: { GA4_VALIDATE_SAMPLE: "0" },
  });
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  await sendSome();
  scraped = await expose((path, init) => sparrow.console(path, init));
  prometheus = await startPrometheus(scraped.target, TOKEN);
});
after(async () => {
  await prometheus?.close();
  await scraped?.close();
  await sparrow?.close();
});

let sent = 0;
async function send(body: unknown): Promise<void> {
  sent += 1;
  const answer = await sparrow.send(body, `&id=prometheus-${sent}&k=${sent}`);
  assert.equal(answer.status, 200);
}

const sendSome = async () => {
  for (const event of ["sign up", "purchase product", "pageview", "(not allowed)"]) {
    for (let i = 0; i < 4; i += 1) await send({ event, deviceId: "d", properties: {} });
  }
};

async function scrape(accept?: string): Promise<{ type: string; text: string }> {
  const headers = { authorization: `Bearer ${TOKEN}`, ...(accept ? { accept } : {}) };
  const answer = await sparrow.console("/metrics", { headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return { type: answer.headers.get("content-type") ?? "", text };
}

const samples = (text: string) => text.split("\n").filter((line) => line && !line.startsWith("#"));

test("promtool has nothing to complain of, and both formats tell the same", async () => {
  const { type, text } = await scrape();
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(await promtool(["check", "metrics"], text), "");
  const open = await scrape("application/openmetrics-text; version=1.0.0");
  assert.equal(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(open.text.endsWith("\n# EOF\n"));
  assert.match(open.text, /^# UNIT sparrow_accept_latency_seconds seconds$/m);
  const names = (text: string) => new Set(samples(text).map((line) => line.replace(/ \S+$/, "")));
  const [older, newer] = [names((await scrape()).text), names(open.text)];
  for (const name of newer) assert.ok(older.has(name), name);
});

test("promtool takes the rules, and each alert fires when it should and not when it should not", async () => {
  assert.match(await promtool(["check", "rules", "--lint-fatal", ALERTS]), /SUCCESS/);
  const tests = ["alerts", "volume"].map((name) => `docs/prometheus/${name}.test.yml`);
  await promtool(["test", "rules", ...tests]);
});

test("a real Prometheus scrapes it, and a vendor that is cut off is seen", async () => {
  await eventually("both shards are scraped", async () => {
    const up = await prometheus.query('up{job="sparrow"} == 1 and sparrow_shards == 2');
    return up.length === 1;
  });
  assert.match(scraped.types.at(-1) ?? "", /^application\/openmetrics-text; version=1\.0\.0/);
  const seen = [
    'sparrow_lane_breaker_state{lane="amplitude"} == 2',
    'sparrow_lane_oldest_pending_age_seconds{lane="amplitude"} > 0',
    'sparrow_retries_total{lane="amplitude", reason="http_503"} > 0',
    'sparrow_lane_breaker_state{lane="ga4"} == 0',
  ];
  for (const expression of seen) {
    await eventually(expression, async () => (await prometheus.query(expression)).length > 0);
  }
  // What was sent before, by event and by vendor, over both shards.
  for (const [expression, count] of [
    ["sum(sparrow_payloads_accepted_total)", 16],
    ['sum(sparrow_events_received_total{event="sign up"})', 4],
    ['sum(sparrow_events_allowed_total{event="sign up"})', 4],
    ['sum(sparrow_events_delivered_total{event="sign up", tracker="ga4"})', 4],
    ['sum(sparrow_outcomes_total{tracker="ga4", outcome="delivered"})', 12],
    ["sum(sparrow_ledger_difference)", 0],
    ['sum(sparrow_warehouse_lag_seconds{warehouse="d1"})', 0],
  ]) {
    await eventually(`${expression} is ${count}`, async () => {
      const [sample] = await prometheus.query(String(expression));
      return sample?.value[1] === String(count);
    });
  }
});

test("every rule is healthy and every alert can be asked", async () => {
  // Before the first scrape, rules have nothing that they could stumble over.
  const rules = await eventually("the cut-off vendor's alert is on its way", async () => {
    const rules = await prometheus.rules();
    const isPending = rules.some(
      ({ name, state }) => name === "SparrowBreakerOpen" && state === "pending",
    );
    return isPending && rules;
  });
  assert.ok(rules.length >= 20, `${rules.length} rules`);
  for (const { name, health, lastError, query } of rules) {
    assert.notEqual(health, "err", `${name}: ${lastError}`);
    await prometheus.query(query);
  }
});

test("every query of the dashboard returns data", async () => {
  const queries = dashboardQueries();
  assert.ok(queries.length > 30, `${queries.length} queries`);
  for (const query of queries) {
    await eventually(`data: ${query}`, async () => {
      await send({ event: "pageview", deviceId: "d", properties: {} });
      return hasData(query, await prometheus.query(query));
    });
  }
});

test("buckets never shrink towards +Inf, which is the count", async () => {
  const histograms = new Map<string, number[]>();
  const counts = new Map<string, number>();
  const { text } = await scrape();
  for (const line of samples(text)) {
    const [, name, kind, labels = "", value] =
      /^(\w+)_(bucket|count)(\{.*\})? (\d+)$/.exec(line) ?? [];
    const series = `${name}${labels.replace(/,?le="[^"]*"/, "")}`;
    if (kind === "count") counts.set(series, Number(value));
    if (kind === "bucket")
      histograms.set(series, [...(histograms.get(series) ?? []), Number(value)]);
  }
  assert.ok(histograms.size >= 5, `${histograms.size} histograms`);
  for (const [series, buckets] of histograms) {
    for (const [i, bucket] of buckets.entries()) assert.ok(bucket >= (buckets[i - 1] ?? 0), series);
    assert.equal(buckets.at(-1), counts.get(series), series);
  }
});

test("no label holds a value or a secret, whatever is sent", async () => {
  const [name, card, key, phone] = PLANTED;
  const email = `${name}@example.com`;
  const properties = { [email]: card, productName: `${email} ${card}`, [`x"} 1\n${key}`]: phone };
  const hostile = [
    { event: email, deviceId: phone, userId: email, properties },
    { event: `sign up"} 1\nsparrow_${key} 1`, writeKey: key, deviceId: card, properties },
    { event: "sign up", eventId: card, deviceId: email, userId: phone, sessionId: key, properties },
    { event: "purchase product", context: { url: `https://a/?${key}`, title: email }, properties },
    ...Array.from({ length: 300 }, (_, i) => ({ event: `${key}-${i}`, deviceId: "d" })),
  ];
  const unknown = async () => {
    const counts = (await scrape()).text.matchAll(/received_total\{.*"\(not allowed\)"\} (\d+)/g);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const before = await unknown();
  await send({ batch: hostile });
  await send(`{"event": "${email}", ${card}`);
  await eventually("302 names are counted as one", async () => (await unknown()) === before + 302);
  await eventually("nothing but amplitude's waits", async () =>
    samples((await scrape()).text)
      .filter((line) => line.startsWith("sparrow_lane_backlog") && !line.includes('"amplitude"'))
      .every((line) => line.endsWith(" 0")),
  );
  for (const accept of ["text/plain", "application/openmetrics-text"]) {
    const { text } = await scrape(accept);
    assert.equal(accept === "text/plain" ? await promtool(["check", "metrics"], text) : "", "");
    for (const planted of [...PLANTED, TOKEN, "whsec_", "sparrow-development-key"]) {
      assert.ok(!text.includes(planted), `${planted} is in the scrape`);
    }
    const names = new Set(text.match(/event="[^"]*"/g));
    assert.ok(names.size < 10, `${names.size} names of events: ${[...names]}`);
  }
});
