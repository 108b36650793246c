// `sparrow reconcile`: what the account says a vendor has is what the vendor's sandbox has, by the events' own days.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { type Ended, run } from "./support/command.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";
const PROJECT = "sparrow-e2e";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const folder = mkdtempSync(join(tmpdir(), "sparrow-"));
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
      // What fails once is dead.
      RETRY_WINDOW: "1ms",
      RETRY_BASE: "1ms",
    },
    trace: { GA4_VALIDATE_SAMPLE: "0" },
    off: ["webhook"],
  });
  await send(5, "sign up", noon);
  await send(3, "pageview", noon);
  // Yesterday in UTC, and today where the vendor is.
  await send(2, "pageview", noon + 11.5 * HOUR);
  // GA4 takes nothing that is older than three days.
  await send(4, "sign up", noon - 4 * DAY);
  await send(1, "of nobody", noon);
  await settled();
});
after(async () => {
  await sparrow?.close();
  await emulator?.close();
  rmSync(folder, { recursive: true });
});

/** Yesterday at noon, UTC. */
const noon = Math.floor(Date.now() / DAY) * DAY - DAY / 2;
const day = (time: number) => new Date(time).toISOString().slice(0, 10);
const yesterday = day(noon);

let sent = 0;
async function send(count: number, event: string, timestamp: number): Promise<void> {
  const batch = Array.from({ length: count }, () => {
    sent += 1;
    return { event, timestamp, eventId: `e-${sent}`, userId: `u-${sent}`, deviceId: `d-${sent}` };
  });
  assert.equal((await sparrow.send({ batch })).status, 200);
}

/** Waits until every event has an outcome at each tracker, in both warehouses. */
async function settled(): Promise<void> {
  await eventually("all outcomes are known", async () => {
    const [row] = await sparrow.sql("SELECT count(*) AS n FROM deliveries WHERE run = 'live'");
    return Number(row?.n) >= sent * 3;
  });
  await sparrow.idle();
}

interface Row {
  day: string;
  event: string;
  ours: number;
  theirs?: number;
  difference?: number;
  percent?: number;
  differs: boolean;
  causes: { cause: string; reason?: string; events: number }[];
}
interface Comparison {
  rows: Row[];
  unnamed: { cause: string; reason: string; events: number }[];
  ours: number;
  theirs?: number;
  young: string[];
  differs: boolean;
}

const D1 = () => ["--warehouse", "d1", "--d1", sparrow.d1File()];
const BIGQUERY = () => [
  ...["--warehouse", "bigquery", "--endpoint", emulator.url],
  ...["--project", PROJECT],
];

const reconcile = (warehouse: string[], tracker: string, ...args: string[]): Promise<Ended> =>
  run(["reconcile", "--tracker", tracker, ...args, ...warehouse]);

/** The comparison, which is the same from both warehouses, and the exit code. */
async function compared(tracker: string, ...args: string[]): Promise<[Comparison, number | null]> {
  const ask = async (warehouse: string[]): Promise<[Comparison, number | null]> => {
    const { code, stdout, stderr } = await reconcile(warehouse, tracker, "--json", ...args);
    assert.notEqual(stdout, "", stderr);
    return [JSON.parse(stdout) as Comparison, code];
  };
  return eventually("BigQuery says what D1 says", async () => {
    const [one, other] = await Promise.all([ask(D1()), ask(BIGQUERY())]);
    return JSON.stringify(other) === JSON.stringify(one) && one;
  });
}

/** GA4's export of what the sandbox received, by days that are so many hours ahead of UTC's. */
function exported(hours: number): string[][] {
  const counts = new Map<string, number>();
  for (const { body } of sparrow.sandbox.requests("ga4")) {
    const { events } = JSON.parse(body) as { events: { name: string; timestamp_micros: number }[] };
    for (const { name, timestamp_micros } of events) {
      const key = `${name} ${day(timestamp_micros / 1000 + hours * HOUR).replaceAll("-", "")}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].map(([key, count]) => [...key.split(" "), String(count)]);
}

function csv(name: string, rows: string[][], delimiter = ","): string {
  const path = join(folder, name);
  const lines = [["Event name", "Date", "Event count"], ...rows].map((row) => row.join(delimiter));
  writeFileSync(path, `# Events\n\n${lines.join("\n")}\n`);
  return path;
}

test("what the vendor received is what it should show, by the days of its zone", async () => {
  for (const [offset, hours, pageviews] of [
    ["+00:00", 0, 5],
    ["+01:00", 1, 3],
    ["-11:30", -11.5, 5],
  ] as const) {
    const file = csv(`all${hours}.csv`, exported(hours), hours ? ";" : ",");
    const days = ["--day", yesterday, "--utc-offset", offset, "--vendor-csv", file];
    const [comparison, code] = await compared("ga4", ...days);
    const counts = comparison.rows
      .filter(({ ours }) => ours > 0)
      .map(({ event, ours, theirs }) => [event, ours, theirs]);
    const expected = [
      ["page_view", pageviews, pageviews],
      ["sign_up", 5, 5],
    ];
    assert.deepEqual([counts, comparison.differs, code], [expected, false, 0]);
    assert.deepEqual(comparison.young, [yesterday]);
  }
});

test("what differs is told with its causes, and the exit code is 1", async () => {
  const rows = exported(0).map(([name = "", on = "", count = ""]) =>
    name === "sign_up" ? [name, on, String(Number(count) - 2)] : [name, on, count],
  );
  const compact = yesterday.replaceAll("-", "");
  const file = csv("fewer.csv", [
    ...rows,
    ["session_start", compact, "9"],
    ["newsletter", compact, "1"],
  ]);
  const first = day(noon - 4 * DAY);
  const args = ["--day", first, "--to", yesterday, "--vendor-csv", file];
  const [comparison, code] = await compared("ga4", ...args);
  assert.equal(code, 1);
  const row = (event: string, on = yesterday) =>
    comparison.rows.find((row) => row.event === event && row.day === on);
  const later = { cause: "received_later", events: 5 };
  assert.deepEqual(row("sign_up"), {
    ...{ day: yesterday, event: "sign_up", sentAs: ["sign up"], ours: 5, theirs: 3 },
    ...{ difference: -2, percent: -40, differs: true, causes: [later] },
  });
  assert.deepEqual(row("sign_up", first)?.causes, [
    { cause: "rejected", reason: "too_old", events: 4 },
  ]);
  assert.deepEqual(row("session_start")?.differs, false, "GA4 makes it itself");
  assert.deepEqual(row("newsletter")?.causes, [{ cause: "only_at_the_vendor", events: 1 }]);
  assert.deepEqual(comparison.unnamed, [{ cause: "filtered", reason: "not_allowed", events: 1 }]);
  assert.deepEqual([comparison.ours, comparison.theirs], [10, 9]);

  const { stdout } = await reconcile(D1(), "ga4", ...args);
  assert.match(stdout, /sign_up +5 +3 +-2 {2}\(-40\.00%\)\n +which we call sign up\n/);
  assert.match(stdout, /4 rejected \(too_old\): outside the vendor's window/);
  assert.match(stdout, /\nThey differ\.\n$/);
  const rename = ["--rename", "page_view=newsletter", "--tolerance", "60"];
  const renamed = await reconcile(D1(), "ga4", ...args, ...rename);
  assert.match(renamed.stdout, /newsletter +5 +1 /);
});

test("without an export the table of what the vendor should show can be read as one", async () => {
  const told = await reconcile(D1(), "ga4", "--day", yesterday);
  assert.equal(told.code, 0);
  assert.equal(told.stdout, `event,day,count\npage_view,${yesterday},5\nsign_up,${yesterday},5\n`);
  assert.match(told.stderr, /10 delivered in all; --vendor-csv compares them/);
  const path = join(folder, "own.csv");
  writeFileSync(path, told.stdout);
  const again = await reconcile(BIGQUERY(), "ga4", "--day", yesterday, "--vendor-csv", path);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /\nThey agree\.\n$/);
});

test("what a vendor lost is dead until it is sent again, and counts once", async () => {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
  await send(6, "purchase product", noon);
  await settled();
  const purchases = async () => {
    const [{ rows }] = await compared("amplitude", "--day", yesterday);
    const row = rows.find(({ event }) => event === "purchase product");
    return { ours: row?.ours, causes: row?.causes };
  };
  const dead = [{ cause: "dead", reason: "http_503", events: 6 }];
  assert.deepEqual(await purchases(), { ours: 0, causes: dead });
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  const replay = await sparrow.console("/api/dead/replay", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ tracker: "amplitude" }),
  });
  const { run } = (await replay.json()) as { run: string };
  await eventually("the replay is delivered", async () => {
    const sql = "SELECT 1 FROM deliveries WHERE run = ? AND outcome = 'delivered'";
    return (await sparrow.sql(sql, run)).length === 6;
  });
  await sparrow.idle();
  const { ours, causes } = await purchases();
  assert.equal(ours, 6);
  assert.ok(causes?.every(({ cause }) => cause === "received_later" || cause === "retried"));
});

test("an export that cannot be read for certain is refused with its line", async () => {
  const compact = yesterday.replaceAll("-", "");
  const file = csv("thousands.csv", [
    ["sign_up", compact, "1"],
    ["page_view", compact, '"1,234"'],
  ]);
  const refused = await reconcile(D1(), "ga4", "--day", yesterday, "--vendor-csv", file);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /thousands\.csv, line 5: the count has separators/);
});
