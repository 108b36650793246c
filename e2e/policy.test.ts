// A policy in KV: in force without a deploy, passed over where it cannot be served, gone with a rollback or a deploy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { compiled, policyWith } from "./support/policy.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const deployed = compiled(readFileSync("allowlist/allowlist.toml", "utf8")).version;
const red = compiled(policyWith(["red"]));
const blue = compiled(policyWith(["blue"]));
const REFRESH = { POLICY_REFRESH_MS: "50" };

let sparrow: Sparrow;
let sent = 0;
before(async () => {
  sparrow = await startSparrow({ trace: REFRESH });
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

function point(version: string, previous?: string, base = deployed): Promise<void> {
  return sparrow.policies.put("policy/current", JSON.stringify({ version, previous, base }));
}

function put({ version, json }: { version: string; json: string }): Promise<void> {
  return sparrow.policies.put(`policy/${version}`, json);
}

/** The policies that an event's outcomes name, and the properties that the webhook got of it. */
async function passed(): Promise<{ policies: unknown[]; properties: unknown }> {
  const id = `p${sent++}`;
  sparrow.sandbox.clear();
  const properties = { red: "r", blue: "b" };
  await sparrow.send({ event: "more properties", deviceId: "d", properties }, `&id=${id}`);
  await sparrow.settled(id);
  const rows = await sparrow.sql("SELECT DISTINCT policy FROM deliveries WHERE payloadId = ?", id);
  const [webhook] = sparrow.sandbox.requests("webhook");
  const got = webhook?.json as { data: { properties: unknown } } | undefined;
  return { policies: rows.map(({ policy }) => policy), properties: got?.data.properties };
}

/** Sends events until they pass under this policy. */
function passesUnder(policy: string, properties: unknown): Promise<unknown> {
  return eventually(`events pass under ${policy}`, async () => {
    const event = await passed();
    if (!event.policies.includes(policy)) return undefined;
    assert.deepEqual(event, { policies: [policy], properties });
    return true;
  });
}

function told(code: string): Record<string, unknown>[] {
  return sparrow.logs().filter((line) => line.code === code);
}

test("Trace notes the deployed policy for whoever pushes the next one", async () => {
  await passesUnder(deployed, undefined);
  const noted = () => sparrow.policies.get("policy/deployed");
  assert.equal(await eventually("it is noted", async () => (await noted()) ?? undefined), deployed);
});

test("a policy in KV is in force without a deploy, and a rollback ends it", async () => {
  await put(red);
  await put(blue);
  await point(red.version);
  await passesUnder(red.version, { red: "r" });
  await point(blue.version, red.version);
  await passesUnder(blue.version, { blue: "b" });
  await point(red.version, blue.version);
  await passesUnder(red.version, { red: "r" });
  await point(deployed, red.version);
  await passesUnder(deployed, undefined);
  const taken = told("policy_taken").map(({ policy }) => policy);
  assert.deepEqual(taken, [red.version, blue.version, red.version, deployed]);
});

test("a policy that cannot be served is told of once and the one before serves", async () => {
  await put(red);
  await point(red.version);
  await passesUnder(red.version, { red: "r" });
  const bad = { version: "9-badbadba", json: blue.json.replace(blue.version, "9-badbadba") };
  await put(bad);
  await point(bad.version, red.version);
  const refusals = () => told("policy_refused").filter(({ policy }) => policy === bad.version);
  await eventually("the refusal is told", async () => {
    assert.deepEqual(await passed(), { policies: [red.version], properties: { red: "r" } });
    return refusals().length > 0;
  });
  await point("9-missing", red.version);
  await eventually("the absence is told", async () => {
    assert.deepEqual(await passed(), { policies: [red.version], properties: { red: "r" } });
    return told("policy_refused").some(({ policy }) => policy === "9-missing");
  });
  await sparrow.policies.put("policy/current", "9-badbadba");
  await eventually("the pointer is refused", async () => {
    assert.deepEqual(await passed(), { policies: [red.version], properties: { red: "r" } });
    return told("policy_refused").some(({ policy }) => policy === "");
  });
  assert.equal(refusals().length, 1, "once, and not with each look");
  assert.match(String(refusals()[0]?.why), /does not mean/);

  // A new isolate goes by what KV says.
  await point(bad.version, red.version);
  await sparrow.restart();
  assert.deepEqual(await passed(), { policies: [red.version], properties: { red: "r" } });
});

test("where nothing that KV names can be served a new isolate serves nothing, and nothing is lost", async () => {
  await put(red);
  await point(red.version);
  await passesUnder(red.version, { red: "r" });
  await point("9-missing", "8-missing");
  await eventually("both are told", async () => {
    assert.deepEqual(await passed(), { policies: [red.version], properties: { red: "r" } });
    return told("policy_refused").some(({ policy }) => policy === "8-missing");
  });
  await sparrow.restart();
  sparrow.sandbox.clear();
  await sparrow.send({ event: "sign up", deviceId: "d", userId: "u" }, "&id=held");
  await eventually("the Outbox has tried", async () => {
    const lane = await sparrow.lane("(open)");
    return (lane?.failures ?? 0) > 0;
  });
  assert.deepEqual(sparrow.sandbox.requests(), [], "nothing leaves under the deployed policy");
  await point(red.version);
  const [event] = await sparrow.settled("held");
  assert.equal(event?.trackers.webhook, "delivered");
});

test("a deploy of another policy takes over, and says so", async () => {
  await put(red);
  await point(red.version, undefined, "0-before");
  await passesUnder(deployed, undefined);
  const [superseded] = told("policy_superseded");
  assert.equal(superseded?.policy, red.version);
  assert.match(String(superseded?.why), new RegExp(`a deploy with ${deployed} took over`));
});

test("without a namespace the deployed policy serves", async () => {
  await sparrow.restart({ policies: "unbound" });
  assert.deepEqual(await passed(), { policies: [deployed], properties: undefined });
});

/** The deployed policy might let out what a newer one keeps back, or keep back for good what a newer one lets out. */
test("while KV cannot be read at all nothing leaves, and nothing is lost", async () => {
  await sparrow.restart({ policies: "bound" });
  await put(red);
  await point(red.version);
  await sparrow.restart({ policies: "broken" });
  await sparrow.send(
    { event: "more properties", deviceId: "d", properties: { red: "r" } },
    "&id=waits",
  );
  await eventually(
    "Trace cannot say which policy counts",
    () => told("policy_unavailable").length > 0,
  );
  assert.deepEqual(sparrow.sandbox.requests("webhook"), []);
  const rows = await sparrow.sql("SELECT 1 FROM deliveries WHERE payloadId = 'waits'");
  assert.deepEqual(rows, []);
  await sparrow.restart({ policies: "bound" });
  const [event] = await sparrow.settled("waits");
  assert.equal(event?.trackers.webhook, "delivered");
});
