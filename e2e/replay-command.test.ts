// `sparrow replay dead` against Console: it says what it would do, does it once, and tells how that went.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { run, start } from "./support/command.ts";
import { consoleHttp } from "./support/console-http.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-replay-token-0123456789abcdef";

let sparrow: Sparrow;
let address: Awaited<ReturnType<typeof consoleHttp>>;
before(async () => {
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    // What fails once is dead.
    dispatcher: { OUTBOX_SHARDS: "3", RETRY_WINDOW: "1ms", RETRY_BASE: "1ms" },
    trace: { GA4_VALIDATE_SAMPLE: "0" },
    off: ["heap", "webhook"],
  });
  address = await consoleHttp(sparrow);
});
after(async () => {
  await address?.close();
  await sparrow?.close();
});
beforeEach(() => {
  for (const vendor of ["amplitude", "ga4"]) sparrow.sandbox.control(vendor, { mode: "ok" });
  sparrow.sandbox.clear();
});

interface Told {
  letters: number;
  events: number;
  groups: { event: string; day: string; reason: string; events: number }[];
  run?: string;
  putBack?: { letters: number; events: number };
  standing?: { received: number; delivered: number; dead: number; pending: number };
  lastRun?: string;
  unready: string[];
}

const environment = () => ({ CONSOLE_TOKEN: TOKEN, SPARROW_CONSOLE: address.url });
const dead = (...args: string[]) => run(["replay", "dead", ...args], environment());

async function told(code: number, ...args: string[]): Promise<Told> {
  const ended = await dead(...args, "--json");
  assert.equal(ended.code, code, ended.stderr + ended.stdout);
  return JSON.parse(ended.stdout);
}

async function console<T>(path: string, method = "GET"): Promise<T> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await sparrow.console(path, { method, headers });
  assert.equal(answer.status, 200);
  return (await answer.json()) as T;
}

/** Sends payloads of one event each while the tracker fails, and waits until all are dead. */
async function lose(event: string, prefix: string, count: number): Promise<void> {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  const ids = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const id of ids) {
    const body = { event, userId: id, deviceId: id, eventId: id, properties: {} };
    assert.equal((await sparrow.send(body, `&id=${id}&k=${id}`)).status, 200);
  }
  await eventually("all are dead", async () => {
    const { letters } = await console<{ letters: { payloadId: string }[] }>(
      "/api/dead?tracker=amplitude&limit=1000",
    );
    const payloads = letters.map(({ payloadId }) => payloadId);
    return ids.every((id) => payloads.includes(id));
  });
  sparrow.sandbox.control("amplitude", { mode: "ok" });
}

/** How often the vendor took each of the events that it took. */
const received = (vendor: string) => sparrow.sandbox.received(vendor).map(({ count }) => count);

const once = (events: number) => Array.from({ length: events }, () => 1);

test("a dry run tells and does nothing, --yes replays each event once, and again there is nothing to do", async () => {
  await lose("purchase product", "lost", 7);
  await lose("sign up", "other", 2);
  const day = new Date().toISOString().slice(0, 10);
  sparrow.sandbox.clear();

  const args = ["--tracker", "amplitude", "--event", "purchase product", "--since", "1h"];
  const plan = await told(0, ...args);
  assert.deepEqual(plan.groups, [
    { event: "purchase product", day, reason: "http_503", events: 7, tooOld: 0, pastDedupe: 0 },
  ]);
  assert.equal(plan.run, undefined);
  const none = await told(0, "--tracker", "amplitude", "--to", "2026-01-01");
  assert.equal(none.letters, 0);
  assert.deepEqual(received("amplitude"), []);

  const text = await dead(...args, "--yes");
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /of 7 events 7 delivered, 0 filtered, 0 rejected, 0 dead, 0 pending/);
  assert.deepEqual(received("amplitude"), once(7));
  assert.deepEqual(received("ga4"), [], "the others are untouched");

  const again = await told(0, ...args, "--yes");
  assert.deepEqual([again.letters, again.putBack], [0, undefined]);
  assert.ok(text.stdout.includes(String(again.lastRun)), "it says which run did it");
  assert.equal(again.standing?.delivered, 7);
  assert.deepEqual(received("amplitude"), once(7));
  assert.equal((await told(0, "--tracker", "amplitude", "--yes")).putBack?.events, 2);
});

test("what dies again is a failure", async () => {
  await lose("sign up", "again", 2);
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  const ended = await told(1, "--tracker", "amplitude", "--yes");
  assert.deepEqual([ended.putBack?.events, ended.standing?.dead], [2, 2]);
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  assert.equal((await told(0, "--tracker", "amplitude", "--yes")).standing?.delivered, 2);
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  test(`a replay that is left by ${signal} goes on, and can be followed`, async () => {
    await lose("sign up", signal, 3);
    sparrow.sandbox.clear();
    await console("/api/trackers/amplitude/pause", "POST");
    try {
      const { unready } = await told(0, "--tracker", "amplitude");
      assert.match(unready.join(), /it is paused/);
      const replay = start(["replay", "dead", "--tracker", "amplitude", "--yes"], environment());
      let said = "";
      replay.child.stdout?.on("data", (part) => {
        said += part;
      });
      const run = await eventually("the run has begun", async () => {
        const path = "/api/ledger?tracker=amplitude";
        const { ledger } = await console<{ ledger: { run: string; pending: number }[] }>(path);
        return ledger.find(({ pending }) => pending === 3)?.run;
      });
      await eventually("it follows", () => said.includes(run));
      replay.child.kill(signal);
      const ended = await replay.ended;
      if (signal === "SIGINT") {
        assert.equal(ended.code, 130);
        assert.match(ended.stdout, /the replay goes on/);
        assert.ok(ended.stdout.includes(`--follow ${run}`));
      }
      const stands = await told(0, "--tracker", "amplitude", "--yes");
      assert.deepEqual(
        [stands.letters, stands.lastRun, stands.standing?.pending],
        [0, run, 3],
        "it does nothing and says how it stands",
      );
      const look = await told(0, "--tracker", "amplitude", "--follow", run, "--no-wait");
      assert.equal(look.standing?.pending, 3);
      await console("/api/trackers/amplitude/resume", "POST");
      const followed = await told(0, "--tracker", "amplitude", "--follow", run);
      assert.deepEqual([followed.standing?.delivered, followed.standing?.pending], [3, 0]);
      assert.deepEqual(received("amplitude"), once(3));
    } finally {
      await console("/api/trackers/amplitude/resume", "POST");
    }
  });
}

test("what a warehouse refused is put back, too", async () => {
  await sparrow.sql(
    `CREATE TRIGGER refuse BEFORE INSERT ON raw WHEN NEW.eventId = 'refused'
     BEGIN SELECT RAISE(ABORT, 'not this one'); END`,
  );
  const body = { event: "sign up", userId: "refused", deviceId: "refused", properties: {} };
  assert.equal((await sparrow.send(body, "&id=refused&k=refused")).status, 200);
  const plan = await eventually("it is dead", async () => {
    const plan = await told(0, "--tracker", "(raw d1)");
    return plan.letters === 1 && plan;
  });
  assert.equal(plan.groups[0]?.reason, "d1_refused");
  await sparrow.sql("DROP TRIGGER refuse");
  assert.equal((await told(0, "--tracker", "(raw d1)", "--yes")).putBack?.letters, 1);
  await eventually("raw has it", async () => {
    const rows = await sparrow.sql("SELECT 1 FROM raw WHERE eventId = 'refused'");
    return rows.length === 1;
  });
  assert.equal((await told(0, "--tracker", "(raw d1)", "--yes")).letters, 0);
});

test("a name that is no tracker's is refused with those that are", async () => {
  const refused = await dead("--tracker", "amplitud");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /there are ga4, amplitude, heap, webhook, and lanes/);
});

test("no token is told", async () => {
  const wrong = { ...environment(), CONSOLE_TOKEN: "another-token-0123456789abcdef-0123" };
  const ended = await run(["replay", "dead", "--tracker", "ga4"], wrong);
  assert.equal(ended.code, 1);
  assert.ok(!(ended.stdout + ended.stderr).includes(wrong.CONSOLE_TOKEN));
});
