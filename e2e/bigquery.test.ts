// BigQuery as the warehouse: what Google documents of failures costs no row, and nothing is told of keys or values.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { FAULT_PLACES } from "../sandbox/vendors/bigquery-insert.ts";
import { type Lane, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { TRACKERS } from "./support/workers.ts";

let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({ warehouse: "bigquery", trace: { GA4_VALIDATE_SAMPLE: "0" } });
});
after(() => sparrow.close());
beforeEach(async () => {
  for (const vendor of ["bigquery", "token"]) sparrow.sandbox.control(vendor, { mode: "ok" });
  for (const place of Object.values(FAULT_PLACES)) sparrow.sandbox.faults(place, { mode: "none" });
  await sparrow.idle();
  sparrow.sandbox.clear();
});

interface Sent {
  id: string;
  body: string;
}

/** Sends so many payloads of one event each, all of which are accepted. */
async function send(prefix: string, count: number): Promise<Sent[]> {
  const sent = Array.from({ length: count }, (_, i) => {
    const id = `${prefix}-${i}`;
    const event = { event: "sign up", userId: id, deviceId: id, properties: { plan: "free" } };
    return { id, body: JSON.stringify(event) };
  });
  for (const { id, body } of sent)
    assert.equal((await sparrow.send(body, `&id=${id}`)).status, 200, id);
  return sent;
}

/** What is stored of these payloads, each as often as it is. */
const stored = (prefix: string): Sent[] =>
  sparrow.sandbox
    .rows("raw")
    .map(({ eventId, data }) => ({ id: String(eventId), body: String(data) }))
    .filter(({ id }) => id.startsWith(`${prefix}-`))
    .sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));

const until = (what: string, condition: () => boolean) =>
  sparrow.sandbox.until(what, condition, 20_000);

const allAreStored = (prefix: string, count: number) =>
  until(`${count} payloads are stored`, () => stored(prefix).length >= count);

const lane = async (name: string) => (await sparrow.lane(name)) as Lane;

/** The lane of a table, once it has failed so. */
const failing = (name: string, reason: string) =>
  eventually(`${name} fails with ${reason}`, async () => (await lane(name)).reason === reason);

const inserts = (table: string) =>
  sparrow.sandbox.requests("bigquery").filter(({ path }) => path.endsWith(`/${table}/insertAll`));

test("payloads are stored as they came, and what became of every event is accounted for", async () => {
  const sent = await send("usual", 20);
  await allAreStored("usual", 20);
  assert.deepEqual(stored("usual"), sent);
  await until("all outcomes are stored", () => sparrow.sandbox.rows("deliveries").length >= 20 * 4);
  const outcomes = sparrow.sandbox.rows("deliveries").map(({ payloadId, tracker, outcome }) => {
    return `${payloadId} ${tracker} ${outcome}`;
  });
  const expected = sent.flatMap(({ id }) => TRACKERS.map((name) => `${id} ${name} delivered`));
  assert.deepEqual(outcomes.sort(), expected.sort());
  await until("the ledger says so", () => {
    const lines = sparrow.sandbox.rows("ledger").filter(({ event }) => event === "sign up");
    const last = new Map(lines.map((line) => [line.tracker, line]));
    return TRACKERS.every((name) => Number(last.get(name)?.pending) === 0);
  });
});

test("a token is signed once and shown for an hour", async () => {
  await send("first", 1);
  await allAreStored("first", 1);
  await send("second", 1);
  await allAreStored("second", 1);
  const tokens = sparrow.sandbox.requests("bigquery").map(({ headers }) => headers.authorization);
  assert.ok(tokens.length > 1);
  assert.equal(new Set(tokens).size, 1);
  assert.equal(sparrow.sandbox.requests("token").length, 0, "nobody was asked for it");
});

test("a token that is not accepted is renewed once, and nothing is missing", async () => {
  sparrow.sandbox.control("bigquery", { mode: "error", status: 401, times: 1 });
  const sent = await send("renewed", 5);
  await allAreStored("renewed", 5);
  assert.deepEqual(stored("renewed"), sent);
  const refused = sparrow.sandbox.requests("bigquery").filter(({ status }) => status === 401);
  assert.equal(refused.length, 1);
  assert.equal((await lane("(raw bigquery)")).failures, 0, "it was no failure of the lane");
});

test("credentials that stay refused are asked later and later, and no payload is to blame", async () => {
  sparrow.sandbox.control("bigquery", { mode: "error", status: 401 });
  const sent = await send("locked", 5);
  await failing("(raw bigquery)", "http_401");
  await eventually(
    "its breaker opens",
    async () => (await lane("(raw bigquery)")).breaker === "open",
  );
  assert.equal((await lane("(raw bigquery)")).dead, 0);
  sparrow.sandbox.control("bigquery", { mode: "ok" });
  await allAreStored("locked", 5);
  assert.deepEqual(stored("locked"), sent);
});

test("no payload is to blame for credentials, whichever way they are refused", async () => {
  const required = { error: { code: 401, errors: [{ reason: "required", message: "Login" }] } };
  sparrow.sandbox.control("bigquery", { mode: "error", status: 401, body: required });
  const sent = await send("login", 5);
  await failing("(raw bigquery)", "required");
  const { failures } = await lane("(raw bigquery)");
  await eventually(
    "it is asked again",
    async () => (await lane("(raw bigquery)")).failures > failures + 3,
  );
  assert.equal((await lane("(raw bigquery)")).dead, 0);
  await sparrow.restart({ dispatcher: { BIGQUERY_AUTH: "oauth", RETRY_WINDOW: "1ms" } });
  const disabled = { error: "disabled_client", error_description: "hush" };
  sparrow.sandbox.control("token", { mode: "error", status: 400, body: disabled });
  await failing("(raw bigquery)", "http_400");
  await eventually("it is asked again", async () => (await lane("(raw bigquery)")).failures > 3);
  assert.equal((await lane("(raw bigquery)")).dead, 0, "not even past the retry window");
  sparrow.sandbox.control("token", { mode: "ok" });
  sparrow.sandbox.control("bigquery", { mode: "ok" });
  await allAreStored("login", 5);
  assert.deepEqual(stored("login"), sent);
  await sparrow.restart({ dispatcher: {} });
});

test("a row that is refused is a dead letter with its reason, and the others of its batch are stored", async () => {
  sparrow.sandbox.control("bigquery", { mode: "error", status: 503, times: 1 });
  sparrow.sandbox.faults("bigquery-row-invalid", { mode: "error", times: 1 });
  await send("refused", 20);
  await eventually("a payload is dead", async () => (await lane("(raw bigquery)")).dead === 1);
  await allAreStored("refused", 19);
  const filter = { tracker: "(raw bigquery)" };
  const { letters } = await sparrow.outbox<{ letters: Record<string, unknown>[] }>("/dead", 0, {
    ...filter,
    limit: 10,
  });
  assert.match(String(letters[0]?.reason), /^invalid/);
  const run = { run: "replay:refused", ...filter };
  assert.equal((await sparrow.outbox<{ letters: number }>("/replay", 0, run)).letters, 1);
  await allAreStored("refused", 20);
  assert.equal((await lane("(raw bigquery)")).dead, 0);
});

test("a row that fails for once is sent again", async () => {
  sparrow.sandbox.faults("bigquery-row-failed", { mode: "error", times: 1 });
  const sent = await send("again", 10);
  await allAreStored("again", 10);
  assert.deepEqual(stored("again"), sent);
  assert.equal((await lane("(raw bigquery)")).dead, 0);
});

const reason = (status: number, reason: string) => ({
  mode: "error" as const,
  status,
  body: { error: { code: status, message: "no", errors: [{ reason, domain: "global" }] } },
});
const failures = [
  { about: "a quota", behaviour: reason(403, "quotaExceeded"), told: "quotaExceeded" },
  { about: "an error of Google's", behaviour: reason(500, "backendError"), told: "backendError" },
  { about: "missing rights", behaviour: reason(403, "accessDenied"), told: "accessDenied" },
  { about: "a table that is not there yet", behaviour: reason(404, "notFound"), told: "notFound" },
  { about: "a cut line", behaviour: { mode: "cut" as const }, told: "network" },
  {
    about: "a line that is cut after the rows were stored",
    behaviour: { mode: "cut" as const, stored: true },
    told: "network",
  },
];
for (const [i, { about, behaviour, told }] of failures.entries()) {
  test(`${about} delays rows and loses none, and keeps nothing from vendors`, async () => {
    sparrow.sandbox.control("bigquery", behaviour);
    const sent = await send(`f${i}`, 10);
    await until("the vendors have them", () =>
      TRACKERS.every((vendor) => sparrow.sandbox.received(vendor).length === 10),
    );
    await failing("(raw bigquery)", told);
    sparrow.sandbox.control("bigquery", { mode: "ok" });
    await allAreStored(`f${i}`, 10);
    await sparrow.idle();
    assert.deepEqual(stored(`f${i}`), sent, "each once, by its insertId");
    assert.equal((await lane("(raw bigquery)")).dead, 0);
  });
}

test("a request that is too long is sent in halves", async () => {
  // So that they come together, and alone.
  const pause = (tracker: string, paused: boolean) =>
    sparrow.outbox("/pause", 0, { tracker, paused });
  await pause("(raw bigquery)", true);
  await pause("(accounts bigquery)", true);
  const sent = await send("long", 16);
  sparrow.sandbox.control("bigquery", { mode: "error", status: 413, body: "<html>", times: 1 });
  await pause("(raw bigquery)", false);
  await allAreStored("long", 16);
  await pause("(accounts bigquery)", false);
  assert.deepEqual(stored("long"), sent);
  assert.equal((await lane("(raw bigquery)")).dead, 0);
  const refused = inserts("raw").filter(({ status }) => status === 413);
  assert.equal(refused.length, 1);
  assert.ok((refused[0]?.body.match(/insertId/g) ?? []).length > 1, "there were halves");
});

test("what was stored before a crash is the same row afterwards", async () => {
  sparrow.sandbox.control("bigquery", { mode: "cut", stored: true });
  const sent = await send("crash", 10);
  await failing("(raw bigquery)", "network");
  await sparrow.restart();
  sparrow.sandbox.control("bigquery", { mode: "ok" });
  await allAreStored("crash", 10);
  await sparrow.idle();
  assert.deepEqual(stored("crash"), sent);
});

test("the token is exchanged for Google's where that is wanted, and renewed after a refusal", async () => {
  await sparrow.restart({ dispatcher: { BIGQUERY_AUTH: "oauth" } });
  sparrow.sandbox.control("token", { mode: "error", status: 503, times: 1 });
  const sent = await send("oauth", 5);
  await allAreStored("oauth", 5);
  sparrow.sandbox.control("bigquery", { mode: "error", status: 401, times: 1 });
  sent.push(...(await send("oauth-again", 5)));
  await allAreStored("oauth", 10);
  assert.deepEqual(
    stored("oauth"),
    sent.sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true })),
  );
  // Each lane may have asked for itself.
  const exchanges = sparrow.sandbox.requests("token").map(({ status }) => status);
  assert.equal(exchanges[0], 503);
  const shown = new Set(inserts("raw").map(({ headers }) => headers.authorization));
  const granted = exchanges.filter((status) => status === 200).length;
  assert.ok(shown.size >= 2 && shown.size <= granted, `${granted} granted, ${shown.size} shown`);
  await sparrow.restart({ dispatcher: {} });
});

test("two warehouses have everything, and neither waits for the other", async () => {
  await sparrow.restart({ warehouse: "bigquery,d1" });
  sparrow.sandbox.control("bigquery", { mode: "hang" });
  const sent = await send("both", 10);
  await eventually("D1 has them", async () => {
    const rows = await sparrow.sql("SELECT eventId FROM raw WHERE eventId LIKE 'both-%'");
    return rows.length === 10;
  });
  sparrow.sandbox.control("bigquery", { mode: "ok" });
  await allAreStored("both", 10);
  assert.deepEqual(stored("both"), sent);
  const [{ n } = {}] = await sparrow.sql(
    "SELECT count(*) AS n FROM raw WHERE eventId LIKE 'both-%'",
  );
  assert.equal(n, 10);
  await sparrow.restart({ warehouse: "bigquery" });
});

test("with settings that cannot work nothing is accepted, and the log says all that is wrong", async () => {
  await sparrow
    .restart({
      dispatcher: { BIGQUERY_KEY: "{}", BIGQUERY_AUTH: "magic", WAREHOUSE: "bigquery,oracle" },
    })
    .catch(() => undefined);
  const event = { event: "sign up", deviceId: "d", properties: {} };
  assert.equal((await sparrow.send(event)).status, 503);
  const told = JSON.stringify(sparrow.logs());
  for (const fault of ["BIGQUERY_KEY", "BIGQUERY_AUTH", "oracle"])
    assert.ok(told.includes(fault), fault);
  await sparrow.restart({ dispatcher: {} });
});

test("the log says what to do, and holds no key, token or value", async () => {
  sparrow.sandbox.control("bigquery", reason(403, "accessDenied"));
  const event = { event: "sign up", deviceId: "hush-hush", properties: { plan: "hush-hush" } };
  assert.equal((await sparrow.send(event)).status, 200);
  await failing("(raw bigquery)", "accessDenied");
  sparrow.sandbox.control("bigquery", { mode: "error", status: 400, body: "hush-hush" });
  await failing("(raw bigquery)", "http_400");
  const told = sparrow.output();
  assert.ok(told.includes("accessDenied") && told.includes("BigQuery Data Editor"), "what to do");
  const key = sparrow.sandbox.serviceAccount().private_key?.slice(40, 80) ?? "";
  for (const hidden of [key, "Bearer", "eyJ", "hush-hush"])
    assert.ok(!told.includes(hidden), hidden);
});
