import assert from "node:assert/strict";
import { test } from "node:test";
import { heap } from "../vendors/heap.ts";
import { judge } from "./judge.ts";

const EVENT = {
  event: "purchase",
  identity: "ada",
  timestamp: "2026-01-01T00:00:00.000Z",
  idempotency_key: "k",
  properties: { price: 20, tags: ["a", 1], note: "x".repeat(1023) },
};

function refusal(body: unknown): string | undefined {
  const { reply } = judge(heap, "/api/track", body);
  if (reply.status === 200) return undefined;
  assert.equal(reply.status, 400);
  assert.match(reply.headers?.["content-type"] ?? "", /^text\/plain/);
  return reply.body;
}

test("good events are taken, one or many", () => {
  assert.equal(refusal({ app_id: "1", ...EVENT }), undefined);
  assert.equal(refusal({ app_id: "1", event: "e", user_id: "9007199254740991" }), undefined);
  assert.equal(refusal({ app_id: "1", events: Array(1000).fill(EVENT) }), undefined);
  assert.equal(judge(heap, "/api/track", EVENT, { method: "PUT" }).reply.status, 405);
  assert.equal(judge(heap, "/api/add_user_properties", EVENT).reply.status, 404);
});

test("the events of one or many are seen", () => {
  const expected = [{ name: "purchase", properties: EVENT.properties, key: "k" }];
  assert.deepEqual(judge(heap, "/api/track", { app_id: "1", ...EVENT }).events, expected);
  assert.deepEqual(judge(heap, "/api/track", { events: [EVENT] }).events, expected);
  assert.deepEqual(judge(heap, "/api/track", "nothing").events, []);
});

const faults: [change: object, place: string][] = [
  [{ event: undefined }, "postBody.event "],
  [{ event: "" }, "postBody.event "],
  [{ event: "x".repeat(1025) }, "postBody.event "],
  [{ identity: undefined }, "postBody has exactly one"],
  [{ user_id: "1" }, "postBody has exactly one"],
  [{ identity: "" }, "postBody.identity "],
  [{ identity: 7 }, "postBody.identity "],
  [{ identity: "x".repeat(256) }, "postBody.identity "],
  [{ identity: undefined, user_id: 7 }, "postBody.user_id "],
  [{ identity: undefined, user_id: "0e7a3a1c" }, "postBody.user_id "],
  [{ identity: undefined, user_id: "9007199254740992" }, "postBody.user_id "],
  [{ timestamp: 1767225600000 }, "postBody.timestamp "],
  [{ timestamp: "2026-13-01T00:00:00Z" }, "postBody.timestamp "],
  [{ idempotency_key: 1 }, "postBody.idempotency_key "],
  [{ properties: [] }, "postBody.properties "],
  [{ properties: { a: true } }, "postBody.properties.a "],
  [{ properties: { a: {} } }, "postBody.properties.a "],
  [{ properties: { a: [null] } }, "postBody.properties.a "],
  [{ properties: { a: "x".repeat(1024) } }, "postBody.properties.a "],
  [{ properties: { ["x".repeat(1024)]: 1 } }, "postBody.properties has a name"],
];

for (const [change, place] of faults) {
  test(`${place}: ${JSON.stringify(change).slice(0, 60)}`, () => {
    assert.ok(refusal({ app_id: "1", ...EVENT, ...change })?.startsWith(place));
    // Among good events it refuses the call, and is named by its index.
    const bulk = refusal({ app_id: "1", events: [EVENT, { ...EVENT, ...change }] });
    assert.ok(bulk?.startsWith(place.replace("postBody", "postBody.events[1]")));
  });
}

test("a call without app, events or sense is refused", () => {
  assert.match(refusal("nothing") ?? "", /^postBody is not/);
  assert.match(refusal(EVENT) ?? "", /^postBody.app_id/);
  assert.match(refusal({ app_id: 1, ...EVENT }) ?? "", /^postBody.app_id/);
  assert.match(refusal({ app_id: "1", events: [] }) ?? "", /^postBody.events is/);
  assert.match(refusal({ app_id: "1", events: ["a"] }) ?? "", /^postBody.events\[0\] is/);
  assert.match(refusal({ app_id: "1", events: Array(1001).fill(EVENT) }) ?? "", /more than 1000/);
});
