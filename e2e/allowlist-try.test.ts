// `sparrow allowlist try` over payloads that were really received: what it counts under the policy in force is what became of
// them, and it counts the same in both warehouses.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { run } from "./support/command.ts";
import { inserts, send } from "./support/inserts.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";

const PROJECT = "shop-4711";
const DATASET = "sparrow";
const SECRET = "ada@example.com";
/** Yesterday, since today may end meanwhile. */
const SINCE = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const folder = mkdtempSync(join(tmpdir(), "sparrow-"));
const changed = join(folder, "changed.toml");
let sparrow: Sparrow;
let emulator: Emulator;

before(async () => {
  [emulator, sparrow] = await Promise.all([startBqemulator(), startSparrow()]);
  writeFileSync(changed, change(readFileSync("allowlist/allowlist.toml", "utf8")));
  await migrate("--endpoint", emulator.url, "--project", PROJECT);
});
after(async () => {
  await emulator?.close();
  await sparrow?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A new event for two trackers; a value more, a limit less; an event that has another name. */
function change(toml: string): string {
  const replacements: [string, string][] = [
    ['"team", "enterprise"', '"team", "enterprise", "trial"'],
    ["max_length = 500", "max_length = 5"],
    ["[events.pageview]", '[events."page shown"]'],
    ["[events.pageview.", '[events."page shown".'],
  ];
  const replaced = replacements.reduce((toml, [from, to]) => {
    assert.ok(toml.includes(from), from);
    return toml.replace(from, to);
  }, toml);
  const event = '[events.newsletter]\ndescription = "x"\nowner = "x"\ntrackers = ["ga4", "heap"]';
  return `${replaced}\n${event}\n[events.newsletter.properties]\ntopic = { type = "string" }\n`;
}

interface Found {
  payloads: number;
  events: number;
  copies: number;
  names: Record<
    string,
    {
      events: number;
      admittedBefore: number;
      admittedNow: number;
      newlyAdmitted: number;
      newlyStopped: Record<string, number>;
      trackers: Record<string, { more: number; fewer: number }>;
      fields: { field: string; what: string; rule?: string; events: number }[];
    }
  >;
  next: string[];
  seconds: number;
}

const attempt = (...args: string[]) =>
  run(["allowlist", "try", changed, "--against", "allowlist/allowlist.toml", ...args]);

async function found(...args: string[]): Promise<Found> {
  const ended = await attempt(...args, "--json");
  assert.equal(ended.code, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

test("what a changed policy admits and stops is counted over what was received, in both warehouses alike", async () => {
  const event = (name: string, properties: object = {}, more: object = {}) => ({
    event: name,
    userId: "user-1",
    deviceId: "device-1",
    properties,
    ...more,
  });
  const payloads = [
    {
      batch: [
        event("newsletter", { topic: "cats", mail: SECRET }),
        event("sign up", { plan: "trial" }),
      ],
    },
    event("sign up", { plan: "free" }, { eventId: "once" }),
    // The same event in another payload.
    event("sign up", { plan: "free" }, { eventId: "once" }),
    event("purchase product", { note: "a long note", quantity: 1 }),
    event("pageview", { pathname: "/a" }),
    event(`letter of ${SECRET}`),
    "no JSON",
  ];
  for (const [i, payload] of payloads.entries()) {
    assert.equal((await sparrow.send(payload, `&id=p${i}`)).status, 200);
  }
  for (const [i] of payloads.entries()) await sparrow.settled(`p${i}`, i === 0 ? 2 : 1);

  const d1 = await found("--since", SINCE, "--d1", sparrow.d1File());
  assert.deepEqual([d1.payloads, d1.events, d1.copies], [7, 7, 1]);
  const none = { newlyAdmitted: 0, newlyStopped: {}, trackers: {}, fields: [] };
  const all = (shift: object) =>
    Object.fromEntries(["amplitude", "ga4", "heap", "webhook"].map((name) => [name, shift]));
  assert.deepEqual(d1.names, {
    "(malformed)": { events: 1, admittedBefore: 0, admittedNow: 0, ...none },
    "letter of [email]": { events: 1, admittedBefore: 0, admittedNow: 0, ...none },
    newsletter: {
      events: 1,
      admittedBefore: 0,
      admittedNow: 1,
      newlyAdmitted: 1,
      newlyStopped: {},
      trackers: { ga4: { more: 1, fewer: 0 }, heap: { more: 1, fewer: 0 } },
      fields: [{ field: "properties.mail", what: "staysBehind", rule: "not_allowed", events: 1 }],
    },
    "page shown": { events: 0, admittedBefore: 0, admittedNow: 0, ...none },
    pageview: {
      events: 1,
      admittedBefore: 1,
      admittedNow: 0,
      newlyAdmitted: 0,
      newlyStopped: { not_allowed: 1 },
      trackers: all({ more: 0, fewer: 1 }),
      fields: [],
    },
    "purchase product": {
      events: 1,
      admittedBefore: 1,
      admittedNow: 1,
      ...none,
      fields: [{ field: "properties.note", what: "newlyDropped", rule: "too_long", events: 1 }],
    },
    "sign up": {
      events: 2,
      admittedBefore: 2,
      admittedNow: 2,
      ...none,
      fields: [{ field: "properties.plan", what: "newlyKept", rule: "not_in_enum", events: 1 }],
    },
  });
  assert.deepEqual(
    d1.next,
    ["ga4", "heap"].map(
      (tracker) =>
        `sparrow backfill --tracker ${tracker} --where "event = 'newsletter' AND day >= '${SINCE}'"`,
    ),
  );

  // What was admitted before is what the account says was not kept back by the policy.
  const rows = await sparrow.sql(
    `SELECT count(DISTINCT eventId) AS n FROM deliveries
     WHERE outcome <> 'filtered' AND substr(receivedAt, 1, 10) >= ?`,
    SINCE,
  );
  const before = Object.values(d1.names).reduce(
    (sum, { admittedBefore }) => sum + admittedBefore,
    0,
  );
  assert.equal(before, rows[0]?.n);

  const raw = await sparrow.sql(
    "SELECT eventId, unixepoch(timestamp) * 1000 + substr(timestamp, 21, 3) AS at, data, context FROM raw",
  );
  const values = raw.map(({ eventId, at, data, context }) => [eventId, at, data, context]);
  await send(emulator.url, inserts(PROJECT, DATASET, [["raw", values]]));
  const bigquery = await found(
    ...["--since", SINCE, "--warehouse", "bigquery", "--endpoint", emulator.url],
    ...["--project", PROJECT],
  );
  assert.deepEqual({ ...bigquery, seconds: 0 }, { ...d1, seconds: 0 });

  const text = await attempt("--since", SINCE, "--d1", sparrow.d1File());
  assert.match(text.stdout, /newsletter +0 +1 +\+1/);
  assert.match(text.stdout, /pageview +1 +0 +-1 {2}not_allowed/);
  for (const output of [text.stdout, text.stderr, JSON.stringify(d1)]) {
    assert.ok(!output.includes(SECRET), "no value is shown");
  }
});

test("the trackers that have settings and the sources of the environment count", async () => {
  const settings = join(folder, "vars");
  writeFileSync(settings, 'HEAP_APP_ID="1"\n');
  const args = ["--since", SINCE, "--d1", sparrow.d1File(), "--settings", settings];
  const heap = await found(...args);
  assert.deepEqual(heap.names.newsletter?.trackers, { heap: { more: 1, fewer: 0 } });
  assert.equal(heap.next.length, 1);
  // The write key counts in development alone.
  const production = await found(...args, "--sources", "production");
  assert.equal(production.names["sign up"]?.admittedBefore, 0);
  assert.deepEqual(production.next, []);
});

test("a policy against itself changes nothing", async () => {
  const same = ["allowlist/allowlist.toml", "--against", "allowlist/allowlist.toml"];
  const ended = await run(["allowlist", "try", ...same, "--d1", sparrow.d1File()]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /nothing changes: \d+ events are admitted, \d+ are not/);
});
