// What a policy says of values, at the vendors: hashes, names, structure, and what each may know of page and browser.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { compiled } from "./support/policy.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const policy = compiled(`
version = 1

[[sources.keys]]
name = "tests"
sha256 = "5929382b9088914b7e5e6aaa2ca6c5b14888b12fbed458e2d7960830629102cf"

[identity]
user_id = "hash"

[context]
url_parameters = ["utm_*", "gclid"]

[context.heap]
url = false
title = false
referrer = "none"
user_agent = false
locale = false
country = false
ip = "none"

[common.properties]
crmId = { type = "string", treatment = "hash", rename = { amplitude = "CRM id" } }
"コード" = { type = "string", pattern = "[A-Z]{2}-\\\\d{3}" }

[events."treated event"]
description = "For tests."
owner = "tests"

[events."treated event".properties]
size = { type = "number", min = 0, max = 2.5 }
tags = { type = "array", max_items = 2, items = { type = "string", max_length = 8 } }

[events."treated event".properties.address]
type = "object"
properties = { city = { type = "string" }, street = { type = "string", treatment = "drop" } }
`);

const hash = (text: string) => createHmac("sha256", SECRET).update(text).digest("hex");

let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({ trace: { POLICY_HASH_KEY: SECRET } });
  // Trace says which policy it was deployed with once it was asked something.
  await sparrow.trace("/open", { payloads: [] });
  const base = await eventually("the deployed policy is noted", async () => {
    return (await sparrow.policies.get("policy/deployed")) ?? undefined;
  });
  await sparrow.policies.put(`policy/${policy.version}`, policy.json);
  const pointer = JSON.stringify({ version: policy.version, base });
  await sparrow.policies.put("policy/current", pointer);
  await sparrow.restart();
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

function everythingSent(vendor?: string): string {
  const sent = sparrow.sandbox
    .requests(vendor)
    .map(({ path, query, headers, body }) => ({ path, query, headers, body }));
  return JSON.stringify(sent);
}

/** The body of the first request that a vendor got. */
function first<T>(vendor: string): T {
  const [request] = sparrow.sandbox.requests(vendor);
  assert(request, `${vendor} got a request`);
  return request.json as T;
}

interface Amplitude {
  events: {
    user_id: string;
    event_properties: Record<string, unknown>;
    user_properties: { $set: Record<string, unknown> };
  }[];
}

test("hashes, other names, lists and objects arrive as each vendor takes them", async () => {
  const properties = {
    crmId: "crm-4711",
    コード: "AB-123",
    size: 1.5,
    tags: ["new", "sale", "more", "far too long"],
    address: { city: "Wien", street: "Ring 1", zip: "1010" },
  };
  const event = { event: "treated event", userId: "ada", deviceId: "d1", properties };
  await sparrow.send(event, "&id=treated");
  const [settled] = await sparrow.settled("treated");
  const outcomes = ["amplitude", "ga4", "heap", "webhook"].map((name) => [name, "delivered"]);
  assert.deepEqual(settled?.trackers, Object.fromEntries(outcomes));
  const changes = settled?.changes.map(({ field, rule }) => `${field} ${rule}`).sort();
  assert.deepEqual(changes, [
    "properties.address.street drop",
    "properties.address.zip not_allowed",
    "properties.crmId hashed",
    "properties.tags[] too_many",
    "userId hashed",
  ]);

  const { data } = first<{ data: Record<string, unknown> }>("webhook");
  assert.deepEqual(data.properties, {
    address: { city: "Wien" },
    crmId: hash("crm-4711"),
    size: 1.5,
    tags: ["new", "sale"],
    コード: "AB-123",
  });
  const [sent] = first<Amplitude>("amplitude").events;
  assert.equal(sent?.user_id, hash("ada"));
  assert.equal(sent?.event_properties["CRM id"], hash("crm-4711"));
  assert.ok(!("crmId" in (sent?.event_properties ?? {})));
  for (const value of ["crm-4711", "Ring 1", "1010", '"ada"', "far too long"]) {
    assert.ok(!everythingSent().includes(value), value);
  }
});

test("values out of the range or the pattern stay, and the event goes on", async () => {
  const properties = { コード: "ab-123", size: 2.6, tags: "new", address: [] };
  await sparrow.send({ event: "treated event", deviceId: "d", properties }, "&id=outside");
  const [settled] = await sparrow.settled("outside");
  const changes = settled?.changes.map(({ field, rule }) => `${field} ${rule}`).sort();
  assert.deepEqual(changes, [
    "properties.address wrong_type",
    "properties.size out_of_range",
    "properties.tags wrong_type",
    "properties.コード no_match",
  ]);
  assert.equal(settled?.trackers.webhook, "delivered");
});

test("each vendor learns of page and browser what the policy lets it know", async () => {
  const context = {
    url: "https://shop.example/cart?utm_source=news&gclid=click-id&session=classified",
    referrer: "https://search.example/?q=classified",
    title: "Your cart",
    locale: "de-AT",
  };
  await sparrow.send({ event: "treated event", deviceId: "d", context }, "&id=context");
  await sparrow.settled("context");
  const [event] = first<{ events: { params: Record<string, unknown> }[] }>("ga4").events;
  const { source, gclid, page_location, page_referrer } = event?.params ?? {};
  assert.deepEqual([source, gclid], ["news", "click-id"]);
  assert.equal(page_location, "https://shop.example/cart?utm_source=news&gclid=click-id");
  assert.equal(page_referrer, "https://search.example/");
  const [sent] = first<Amplitude>("amplitude").events;
  assert.deepEqual(
    [sent?.user_properties.$set.utm_source, sent?.user_properties.$set.gclid],
    ["news", "click-id"],
  );
  const heap = everythingSent("heap");
  for (const hidden of ["shop.example", "search.example", "click-id", "Your cart", "de-AT"]) {
    assert.ok(!heap.includes(hidden), `Heap got ${hidden}`);
  }
  assert.ok(!everythingSent().includes("classified"));
});
