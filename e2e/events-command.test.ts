// `sparrow events`: one event from end to end and all of them as they pass, from D1's file and from BigQuery's emulator.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { run } from "./support/command.ts";
import { DEVELOPMENT_KEY, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";
const PROJECT = "sparrow-e2e";

let emulator: Emulator;
let sparrow: Sparrow;
before(async () => {
  emulator = await startBqemulator();
  await migrate("--endpoint", emulator.url, "--project", PROJECT);
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    dispatcher: {
      WAREHOUSE: "d1,bigquery",
      BIGQUERY_ENDPOINT: emulator.url,
      BIGQUERY_PROJECT: PROJECT,
      // What fails twice is dead.
      RETRY_WINDOW: "1ms",
      RETRY_BASE: "1ms",
    },
    trace: { REQUESTS_LOG: "failures", GA4_VALIDATE_SAMPLE: "0" },
  });
});
after(async () => {
  await sparrow?.close();
  await emulator?.close();
});

interface Story {
  eventId: string;
  event: string;
  payloadId: string;
  idx: number;
  events: number;
  shard: number;
  timestamp: string;
  context: Record<string, unknown>;
  payload: Record<string, unknown>;
  today: { policy: string; kept: Field[]; changed: Field[]; dropped: Field[] };
  then: { policy: string; isToday: boolean; runs: string[]; changes: Field[] }[];
  trackers: {
    tracker: string;
    history: { outcome: string; reason: string | null; status: number; run: string }[];
    request?: { from: string; status?: number; events?: number; body: Record<string, unknown> };
    without?: string;
  }[];
}
interface Field {
  field: string;
  rule?: string;
}

const D1 = () => ["--warehouse", "d1", "--d1", sparrow.d1File()];
const BIGQUERY = () => [
  ...["--warehouse", "bigquery", "--endpoint", emulator.url],
  ...["--project", PROJECT],
];

/** The stories, which both warehouses tell alike. */
async function explain(...args: string[]): Promise<Story[]> {
  const told: Story[][] = [];
  for (const warehouse of [D1(), BIGQUERY()]) {
    const ended = await run(["events", "explain", ...args, "--json", ...warehouse]);
    assert.equal(ended.code, 0, ended.stderr);
    told.push((JSON.parse(ended.stdout) as { events: Story[] }).events);
  }
  assert.deepEqual(told[1], told[0], "BigQuery tells what D1 tells");
  return told[0] as Story[];
}

/** Waits until BigQuery has as many rows as D1. */
async function stored(): Promise<void> {
  await sparrow.idle();
  await eventually("BigQuery has what D1 has", async () => {
    const count = async (warehouse: string[], min: number) =>
      (await run(["events", "tail", "--since", "1h", "--count", `${min}`, ...warehouse])).stdout
        .split("\n")
        .filter(Boolean).length;
    const [row] = await sparrow.sql(
      "SELECT count(*) AS n FROM (SELECT DISTINCT payloadId, idx FROM deliveries)",
    );
    const events = Number(row?.n);
    return (await count(BIGQUERY(), events)) === events;
  });
}

const person = {
  event: "purchase product",
  eventId: "order-1",
  deviceId: "d-1",
  properties: { productName: "workers", productname: "x", note: "call ada@example.com" },
};

test("an event of a batch is told whole: what came, what leaves, what became of it, in every run", async () => {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  const batch = [{ event: "sign up", deviceId: "d-0", userId: "u-0" }, person];
  assert.equal((await sparrow.send({ batch }, "&id=told")).status, 200);
  await sparrow.settled("told", 2);
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  const replay = await sparrow.console("/api/dead/replay", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ tracker: "amplitude" }),
  });
  const { run } = (await replay.json()) as { run: string };
  await eventually("the replay is delivered", async () => {
    const sql = "SELECT 1 FROM deliveries WHERE run = ? AND outcome = 'delivered'";
    return (await sparrow.sql(sql, run)).length === 2;
  });
  await stored();

  const [story, ...others] = await explain("order-1");
  assert(story);
  assert.equal(others.length, 0);
  const { payloadId, idx, events, shard, event } = story;
  assert.deepEqual([payloadId, idx, events, shard, event], ["told", 1, 2, 0, "purchase product"]);
  // Nothing that the scrubber finds is shown, and nothing of others in the batch.
  assert.deepEqual(story.payload, {
    ...person,
    properties: { ...person.properties, note: "call [email]" },
  });
  assert.equal(story.context.ip, "[hidden]");
  const fields = (told: Field[]) => told.map(({ field }) => field);
  assert.deepEqual(fields(story.today.changed), ["properties.note"]);
  assert.deepEqual(fields(story.today.dropped), ["properties.productname"]);
  assert.ok(fields(story.today.kept).includes("properties.productName"));
  const [then, ...more] = story.then;
  assert.equal(more.length, 0);
  assert.deepEqual(then?.runs, ["live", run]);
  assert.equal(then?.isToday, true);
  assert.deepEqual(fields(then?.changes ?? []).sort(), [
    "properties.note",
    "properties.productname",
  ]);

  const at = Object.fromEntries(story.trackers.map((told) => [told.tracker, told]));
  const outcomes = (tracker: string) =>
    at[tracker]?.history.map(({ outcome, reason, run }) => [outcome, reason, run]);
  assert.deepEqual(outcomes("amplitude"), [
    ["dead", "http_503", "live"],
    ["delivered", null, run],
  ]);
  assert.deepEqual(outcomes("ga4"), [["delivered", null, "live"]]);
  assert.deepEqual(outcomes("heap"), [["rejected", "no_identity", "live"]]);
  // The failure was kept, with this event alone of it; what was delivered was not.
  const kept = at.amplitude?.request;
  assert.deepEqual([kept?.from, kept?.status, kept?.events], ["requests", 503, 2]);
  const sent = kept?.body.events as { event_type: string }[];
  assert.deepEqual(
    sent.map(({ event_type }) => event_type),
    ["purchase product"],
  );
  const [first] = await explain("--payload", "told", "--idx", "0", "--tracker", "amplitude");
  const other = first?.trackers[0]?.request?.body.events as { event_type: string }[] | undefined;
  assert.equal(other?.[0]?.event_type, "sign up");
  assert.equal(at.ga4?.request?.from, "today");
  const made = at.ga4?.request?.body.events as { name: string }[] | undefined;
  assert.equal(made?.[0]?.name, "purchase_product");
  assert.match(at.heap?.without ?? "", /^rejected \(no_identity\)/);

  const [raw] = await explain("--payload", "told", "--idx", "1", "--raw", "--tracker", "ga4");
  assert.deepEqual(raw?.payload, person);
  assert.notEqual(raw?.context.ip, "[hidden]");
  assert.deepEqual(
    raw?.trackers.map(({ tracker }) => tracker),
    ["ga4"],
  );
});

test("the text says which is which, and has no value that was to be hidden", async () => {
  const { stdout } = await run(["events", "explain", "order-1", ...D1()]);
  for (const said of [
    "event     purchase product (id order-1)",
    "payload   told, event 1 of 2",
    "  heap       ",
    "payload, scrubbed; --raw shows it as it came",
    "under today's policy, ",
    "today's as well",
    "amplitude: as kept in `requests`, where its last call is of ",
    "with another event, which is left out; HTTP 503",
    "ga4: as today's code makes it (`requests` has none), for an attempt at ",
    "heap: `requests` has none, and today's code sends none: rejected (no_identity)",
  ]) {
    assert.ok(stdout.includes(said), `${said}\n${stdout}`);
  }
  assert.ok(!stdout.includes("ada@example.com") && !stdout.includes(DEVELOPMENT_KEY), stdout);
  assert.ok(!stdout.includes("\u001b"), "no colours in a pipe");
});

test("an id that came twice is told twice, and a compressed body is opened", async () => {
  const event = JSON.stringify({ event: "sign up", eventId: "twice", userId: "u", deviceId: "d" });
  await sparrow.send(event, "&id=first");
  await sparrow.settled("first");
  const again = await fetch(`${sparrow.url}/e?key=${DEVELOPMENT_KEY}&id=second`, {
    method: "POST",
    headers: { "content-encoding": "gzip" },
    body: gzipSync(event),
  });
  assert.equal(again.status, 200);
  await sparrow.settled("second");
  await stored();
  const stories = await explain("twice");
  assert.deepEqual(
    stories.map(({ payloadId, trackers }) => [payloadId, trackers[0]?.history[0]?.outcome]),
    [
      ["second", "filtered"],
      ["first", "delivered"],
    ],
  );
  assert.equal(stories[0]?.payload.event, "sign up");
});

test("an event without an outcome is found in the payloads of its day", async () => {
  sparrow.sandbox.control("webhook", { mode: "hang" });
  await sparrow.send({ event: "sign up", eventId: "waiting", userId: "u" }, "&id=waits");
  await eventually("the others have it", async () => {
    const sql = "SELECT 1 FROM deliveries WHERE payloadId = 'waits'";
    return (await sparrow.sql(sql)).length === 3;
  });
  await sparrow.sql("DELETE FROM deliveries WHERE payloadId = 'waits' AND tracker = 'heap'");
  const found = await run(["events", "explain", "waiting", ...D1()]);
  assert.match(found.stdout, /webhook {4}pending or never owed/);
  assert.match(found.stdout, /webhook: as today's code makes it/);
  await sparrow.sql("DELETE FROM deliveries WHERE payloadId = 'waits'");
  const [today] = [new Date().toISOString().slice(0, 10)];
  for (const args of [["waiting"], ["waiting", "--day", today], ["waits.0"]]) {
    const { stdout, code } = await run(["events", "explain", ...args, ...D1()]);
    assert.equal(code, 0);
    assert.ok(stdout.includes("event     sign up (id waiting)"), stdout);
  }
  sparrow.sandbox.control("webhook", { mode: "ok" });
});

test("what is not there is said with what to try", async () => {
  for (const warehouse of [D1(), BIGQUERY()]) {
    const none = await run(["events", "explain", "nobody", ...warehouse]);
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    assert.match(none.stderr, /^sparrow: no event nobody: .*--day.*--payload/s);
    const place = ["events", "explain", "--payload", "told", "--idx", "2", ...warehouse];
    const { code, stderr } = await run(place);
    assert.equal(code, 1);
    assert.match(stderr, /^sparrow: told has no event 2: it holds 2, counted from 0/);
  }
});

/** The lines of a tail, which runs until it is ended. */
function tail(...args: string[]) {
  const command = spawn("target/debug/sparrow", ["events", "tail", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface(command.stdout).on("line", (line) => lines.push(line));
  return {
    lines,
    end: async () => {
      const exit = once(command, "exit");
      command.kill("SIGINT");
      const [code] = await exit;
      return code as number;
    },
  };
}

for (const [name, warehouse] of [
  ["D1", D1],
  ["BigQuery", BIGQUERY],
] as const) {
  test(`events are told as they pass, each once, until Ctrl-C: ${name}`, async () => {
    await stored();
    const all = tail("--json", "--interval", "0.1", "--since", "1h", ...warehouse());
    const rejected = tail(
      ...["--tracker", "heap", "--outcome", "rejected", "--event", "pageview"],
      ...["--since", "1h", "--interval", "0.1", ...warehouse()],
    );
    const prefix = `passing-${name}`;
    for (let i = 0; i < 20; i += 1) {
      const event = i % 2 ? "pageview" : "sign up";
      const id = `${prefix}-${i}`;
      await sparrow.send({ event, deviceId: "d", eventId: id }, `&id=${id}`);
    }
    type Passed = {
      eventId: string;
      event: string;
      outcomes: { tracker: string; outcome: string }[];
    };
    const passed = () =>
      all.lines
        .map((line) => JSON.parse(line) as Passed)
        .filter(({ eventId }) => eventId.startsWith(prefix));
    const told = () =>
      passed().flatMap(({ eventId, outcomes }) =>
        outcomes.map(({ tracker, outcome }) => `${eventId} ${tracker} ${outcome}`),
      );
    await eventually("all outcomes are told", () => told().length >= 80);
    assert.equal(new Set(told()).size, 80);
    assert.equal(told().length, 80);
    const lines = () => rejected.lines.filter((line) => line.includes(prefix));
    await eventually("the rejected ones are told", () => lines().length >= 10);
    for (const line of lines()) {
      assert.match(
        line,
        /^\d{4}-\d\d-\d\dT[\d:]{8}Z {2}pageview .* heap rejected \(no_identity\)$/,
      );
    }
    assert.equal(lines().length, 10);
    assert.deepEqual([await all.end(), await rejected.end()], [0, 0]);
  });
}

test("a tail begins now where nothing is said, and ends where there were enough", async () => {
  const live = tail("--interval", "0.1", "--json", ...D1());
  const two = run(["events", "tail", "--since", "1h", "--count", "2", ...D1()]);
  assert.equal((await two).stdout.split("\n").length, 3);
  assert.equal((await two).code, 0);
  // Sent until the tail is seen to have begun.
  await eventually("the tail has begun", async () => {
    await sparrow.send({ event: "sign up", userId: "u", eventId: `live-${Date.now()}` });
    return live.lines.length > 0;
  });
  assert.ok(live.lines.every((line) => JSON.parse(line).eventId.startsWith("live-")));
  assert.equal(await live.end(), 0);
  const wrong = await run(["events", "tail", "--since", "yesterday", ...D1()]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /it is a time ago such as 10m/);
});
