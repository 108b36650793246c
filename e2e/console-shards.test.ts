// Who may ask Console, and what it makes of shards that fail, hang, or hold more than a page. The shards are a
// stand-in's, since the real ones do not fail on request.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Console, SECRET, startConsole, TOKEN } from "./support/shards.ts";

let console: Console;
before(async () => {
  console = await startConsole({ CONSOLE_TOKEN: TOKEN });
});
after(() => console.close());
beforeEach(() => console.lines.splice(0));

const READS = ["/api/shards", "/api/ledger", "/api/trackers", "/api/dead", "/metrics"];
const COMMANDS = ["/api/dead/replay", "/api/trackers/ga4/pause", "/api/trackers/ga4/resume"];

interface Answer extends Record<string, unknown> {
  status: number;
  text: string;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await console.ask(path, { ...init, headers });
  assert.equal(answer.headers.get("cache-control"), "no-store", path);
  const text = await answer.text();
  return { ...(JSON.parse(text) as object), status: answer.status, text };
}

const post = (path: string, body?: unknown) =>
  ask(path, { method: "POST", body: body === undefined ? null : JSON.stringify(body) });

const shardsOf = (list: unknown) => (list as { shard: number }[]).map(({ shard }) => shard);

test("nothing is told or done without the token", async () => {
  await console.play([0]);
  const wrong = [undefined, "", `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN];
  for (const path of [...READS, ...COMMANDS, "/nowhere"]) {
    for (const authorization of wrong) {
      for (const method of ["GET", "POST"]) {
        const headers: Record<string, string> = authorization ? { authorization } : {};
        const answer = await console.ask(path, { method, headers });
        assert.equal(answer.status, 401, `${method} ${path} ${authorization}`);
        assert.equal(answer.headers.get("www-authenticate"), "Bearer");
      }
    }
  }
  assert.deepEqual((await console.played()).calls, [], "no shard was asked");
});

test("without a token of 32 characters in its settings, Console is off", async () => {
  for (const token of ["", TOKEN.slice(0, 31)]) {
    const off = await startConsole({ CONSOLE_TOKEN: token });
    try {
      for (const path of [...READS, "/health", "/"]) {
        const answer = await off.ask(path, { headers: { authorization: `Bearer ${token}` } });
        assert.equal(answer.status, 404, path);
      }
      assert.ok(off.lines.some((line) => line.includes("console_off")));
    } finally {
      await off.close();
    }
  }
});

test("health is told to everybody, and nothing but health", async () => {
  const answer = await console.ask("/health");
  assert.deepEqual([answer.status, await answer.json()], [200, { status: "ok" }]);
});

test("plain HTTP and other hosts are for development on this machine alone", async () => {
  const production = await startConsole({ CONSOLE_TOKEN: TOKEN, ENVIRONMENT: "production" });
  try {
    assert.equal((await production.ask("/health")).status, 403);
  } finally {
    await production.close();
  }
});

test("paths, methods and parameters that do not exist are refused, every fault at once", async () => {
  await console.play([0]);
  for (const path of ["/", "/api/none", "/api/trackers/ga4/stop"]) {
    assert.equal((await ask(path)).status, 404, path);
  }
  for (const path of COMMANDS) assert.equal((await ask(path)).status, 405, path);
  for (const path of READS) assert.equal((await post(path)).status, 405, path);

  const faulty: [Promise<Answer>, number][] = [
    [ask("/api/shards?shard=1"), 1],
    [ask("/api/trackers?tracker=ga4"), 1],
    [ask("/metrics?shard=1"), 1],
    [ask("/api/ledger?day=today&run=all&event=x"), 3],
    [ask("/api/dead?from=yesterday&to=today&limit=0&cursor=x&page=2"), 5],
    [post("/api/dead/replay"), 2],
    [post("/api/dead/replay", {}), 1],
    [post("/api/dead/replay?tracker=ga4", { tracker: 4, page: "2" }), 4],
    [post("/api/dead/replay", { tracker: "ga4", event: "x".repeat(20_000) }), 1],
    [post("/api/trackers/(raw d1)/pause?force=1"), 2],
  ];
  for (const [asked, count] of faulty) {
    const answer = await asked;
    assert.equal(answer.status, 400, answer.text);
    assert.equal((answer.faults as string[]).length, count, answer.text);
  }
  assert.deepEqual((await console.played()).calls, [], "no shard was asked");
});

test("a shard that fails is listed with its error, and the others still are", async () => {
  const failures = { 1: "throw", 2: "status", 3: "hang", 4: "text", 5: "long" } as const;
  await console.play([0, 1, 2, 3, 4, 5, 6], failures);
  const answer = await ask("/api/shards");
  assert.equal(answer.status, 200);
  assert.deepEqual(shardsOf(answer.shards), [0, 6]);
  assert.deepEqual(shardsOf(answer.failed), [1, 2, 3, 4, 5]);
  const errors = (answer.failed as { error: string }[]).map(({ error }) => error);
  const expected = [/reached/, /answered 500/, /no answer within 10 s/, /not the JSON/, /longer/];
  for (const [i, pattern] of expected.entries()) assert.match(errors[i] ?? "", pattern);
  const logged = console.lines.filter((line) => line.includes('"shard_failed"'));
  assert.equal(logged.length, 5, "each is in the log");
  assert.ok(
    !`${answer.text}${logged}`.includes(SECRET),
    "and a shard's own words are repeated nowhere",
  );
});

test("a scrape lacks the series of shards that fail and has all others, before Prometheus gives up", async () => {
  const failures = { 1: "throw", 2: "status", 3: "hang", 4: "text", 5: "long", 6: "hang" } as const;
  const scrape = async () => {
    // Prometheus waits for 10 s.
    const signal = AbortSignal.timeout(10_000);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await console.ask("/metrics", { headers, signal });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    return (await answer.text()).split("\n");
  };
  const isOf = (shards: string) => (line: string) =>
    new RegExp(`shard="[${shards}]"`).test(line) && !line.includes("_bucket");
  await console.play([0, 1, 2, 3, 4, 5, 6, 7]);
  const all = await scrape();
  assert.ok(all.includes("sparrow_shards_failed 0"), console.lines.join("\n"));
  assert.ok(all.filter(isOf("1-6")).length > 0);
  await console.play([0, 1, 2, 3, 4, 5, 6, 7], failures);
  const some = await scrape();
  for (const line of [
    "sparrow_shards 8",
    "sparrow_shards_failed 6",
    'sparrow_payloads_accepted_total{shard="7"} 17',
    'sparrow_lane_breaker_state{shard="0",lane="ga4"} 2',
  ]) {
    assert.ok(some.includes(line), `${line} is not in\n${some.join("\n")}`);
  }
  assert.deepEqual(some.filter(isOf("0-9")), all.filter(isOf("07")));
  const logged = console.lines.filter((line) => line.includes('"shard_failed"'));
  assert.equal(logged.length, 6, "each is in the log");
});

test("without shard 0, which knows the others, there is an error and no empty list", async () => {
  await console.play([0, 1], { 0: "status" });
  for (const path of READS) {
    const answer = await ask(path);
    assert.equal(answer.status, 502, path);
    assert.match(String(answer.error), /shard 0.*answered 500/);
  }
});

test("six shards are asked at once and no seventh", async () => {
  const shards = Array.from({ length: 20 }, (_, i) => i);
  await console.play(shards);
  assert.deepEqual(shardsOf((await ask("/api/shards")).shards), shards);
  assert.equal((await console.played()).most, 6);
});

test("the ledger is summed over shards and says how much of it is unaccounted", async () => {
  await console.play([0, 1, 2]);
  const { ledger } = await ask("/api/ledger?day=2026-11-01&run=live&tracker=ga4");
  const line = { run: "live", day: "2026-11-01", event: "sign up", tracker: "ga4" };
  const counts = { received: 30, delivered: 15, filtered: 3, rejected: 3, dead: 3, pending: 3 };
  assert.deepEqual(ledger, [{ ...line, ...counts, unaccounted: 3 }]);
  assert.deepEqual((await ask("/api/ledger?tracker=heap")).ledger, []);
});

test("trackers show the backlog of all shards, the oldest age, each breaker and what is paused", async () => {
  await console.play([0, 1, 2]);
  const { trackers } = await ask("/api/trackers");
  const [ga4, webhook] = trackers as Record<string, unknown>[];
  assert.equal(ga4?.tracker, "ga4");
  assert.deepEqual([ga4?.backlog, ga4?.oldestPendingSeconds, ga4?.dead], [3, 2, 3]);
  const lanes = ga4?.shards as { breaker: string }[];
  assert.deepEqual(
    lanes.map(({ breaker }) => breaker),
    ["closed", "open", "closed"],
  );
  assert.deepEqual([webhook?.tracker, webhook?.paused, ga4?.paused], ["webhook", true, false]);
});

test("dead letters of all shards are listed once, whatever the page size", async () => {
  await console.play([0, 1, 3, 4]);
  const all = ["1.1", "3.1", "3.2", "3.3", "4.1", "4.2", "4.3", "4.4"];
  for (const limit of [1, 2, 3, 4, 7, 8, 9]) {
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const more = cursor ? `&cursor=${cursor}` : "";
      const page = await ask(`/api/dead?tracker=ga4&limit=${limit}${more}`);
      const letters = page.letters as { payloadId: string }[];
      assert.ok(letters.length <= limit && shardsOf(page.failed).length === 0, page.text);
      seen.push(...letters.map(({ payloadId }) => payloadId));
      cursor = page.cursor;
    } while (cursor);
    assert.deepEqual(seen, all, `limit ${limit}`);
  }
  const [letter] = (await ask("/api/dead")).letters as { deadAt: string }[];
  assert.equal(letter?.deadAt, "1970-01-01T00:00:00.250Z");
});

test("a filter reaches the shards as it was asked for", async () => {
  await console.play([1]);
  const asked = {
    tracker: "ga4",
    event: "sign up",
    from: "2026-11-01T00:00:00Z",
    to: "2026-11-02T00:00:00+00:00",
  };
  await ask(`/api/dead?${new URLSearchParams(asked)}`);
  const { run } = await post("/api/dead/replay", asked);
  const filter = { tracker: "ga4", event: "sign up", from: 1793491200000, to: 1793577600000 };
  const { calls } = await console.played();
  const bodies = calls.flatMap(({ path, body }) => (path === "/shards" ? [] : [body]));
  assert.deepEqual(bodies, [
    { ...filter, after: 0, limit: 100 },
    { ...filter, run },
  ]);
});

test("a replay has one run for all shards, and one that did not reach every shard is no success", async () => {
  await console.play([0, 1, 2]);
  const done = await post("/api/dead/replay", { tracker: "ga4" });
  assert.match(String(done.run), /^replay:[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.deepEqual([done.status, done.letters, done.events, done.failed], [200, 3, 6, []]);
  const { calls } = await console.played();
  const runs = calls.flatMap(({ path, body }) => (path === "/replay" ? [body?.run] : []));
  assert.deepEqual(runs, [done.run, done.run, done.run]);
  const audit = console.lines.find((line) => line.includes('"code":"replay"'));
  assert.ok(
    audit?.includes(String(done.run)) && audit.includes('"tracker":"ga4"'),
    "the log has it",
  );

  await console.play([0, 1, 2], { 1: "status" });
  const half = await post("/api/dead/replay", { tracker: "ga4" });
  assert.deepEqual([half.status, half.letters, shardsOf(half.failed)], [502, 2, [1]]);
});

test("a pause is told to shard 0 first, so that no shard that joins meanwhile misses it", async () => {
  for (const verb of ["pause", "resume"]) {
    await console.play([0, 1, 2]);
    const answer = await post(`/api/trackers/ga4/${verb}`);
    assert.deepEqual([answer.status, answer.shards, answer.failed], [200, [0, 1, 2], []]);
    const body = { tracker: "ga4", paused: verb === "pause" };
    const { calls } = await console.played();
    assert.deepEqual(
      calls.slice(0, 2).map(({ shard, path }) => [shard, path]),
      [
        [0, "/pause"],
        [0, "/shards"],
      ],
    );
    const told = calls.filter(({ path }) => path === "/pause");
    assert.deepEqual(shardsOf(told).sort(), [0, 1, 2], "each shard once");
    for (const call of told) assert.deepEqual(call.body, body);
    const audit = console.lines.find((line) => line.includes(`"code":"${verb}"`));
    assert.ok(audit?.includes('"tracker":"ga4"'), "the log has it");
  }
});

test("a pause that did not reach every shard is no success", async () => {
  await console.play([0, 1, 2], { 1: "status" });
  const half = await post("/api/trackers/ga4/pause");
  assert.deepEqual([half.status, half.shards, shardsOf(half.failed)], [502, [0, 2], [1]]);
  await console.play([0, 1], { 0: "status" });
  assert.equal((await post("/api/trackers/ga4/pause")).status, 502);
  assert.equal((await console.played()).calls.length, 1, "nor is it half done when shard 0 fails");
});
