import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { WEBHOOK_SECRET, webhook } from "../vendors/webhook.ts";
import { judge, NOW } from "./judge.ts";

const BODY = JSON.stringify({ event: "purchase", properties: { price: 20 } });
const NOW_SECONDS = NOW / 1000;

/** Headers as a sender with this key would make them. */
function signed(
  body: string,
  timestamp = NOW_SECONDS,
  key = "sparrow-sandbox-webhook-key",
  id = "msg_1",
) {
  const text = `${id}.${timestamp}.${body}`;
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${createHmac("sha256", key).update(text).digest("base64")}`,
  };
}

function receive(headers: Record<string, string>, body = BODY) {
  const { reply, remarks } = judge(webhook(WEBHOOK_SECRET), "", body, { headers });
  return { status: reply.status, remark: remarks[0] ?? "" };
}

test("a signed request is taken", () => {
  assert.deepEqual(receive(signed(BODY)), { status: 200, remark: "Signature valid." });
  const { "webhook-signature": signature, ...headers } = signed(BODY);
  const several = { ...headers, "webhook-signature": `v1a,AAAA v1,AAAA ${signature}` };
  assert.equal(receive(several).status, 200);
  assert.equal(receive(signed(BODY, NOW_SECONDS - 300)).status, 200);
});

test("the test vector of the Standard Webhooks libraries holds", () => {
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const vendor = webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const receivedAt = 1_614_265_330_000;
  const { reply } = judge(vendor, "", '{"test": 2432232314}', { headers, receivedAt });
  assert.equal(reply.status, 200);
});

const forged: [why: string, headers: Record<string, string>, body?: string][] = [
  ["no headers", {}],
  ["no id", signed(BODY, NOW_SECONDS, undefined, "")],
  ["another id", { ...signed(BODY), "webhook-id": "msg_2" }],
  ["another time", { ...signed(BODY), "webhook-timestamp": String(NOW_SECONDS - 1) }],
  ["a time that is no number", { ...signed(BODY), "webhook-timestamp": "soon" }],
  ["an old time", signed(BODY, NOW_SECONDS - 301)],
  ["a time to come", signed(BODY, NOW_SECONDS + 301)],
  ["another body", signed(BODY), `${BODY} `],
  ["another key", signed(BODY, NOW_SECONDS, "another key")],
  [
    "another scheme",
    {
      ...signed(BODY),
      "webhook-signature": signed(BODY)["webhook-signature"].replace("v1,", "v2,"),
    },
  ],
  ["half a signature", { ...signed(BODY), "webhook-signature": "v1,AAAA" }],
];

for (const [why, headers, body] of forged) {
  test(`refused: ${why}`, () => {
    const { status, remark } = receive(headers, body);
    assert.equal(status, 401);
    assert.match(remark, /^Signature invalid: /);
  });
}

test("events are found in the usual forms", () => {
  const expected = [{ name: "purchase", properties: { price: 20 } }];
  const event = JSON.parse(BODY);
  const forms = [event, [event], { events: [event] }, { batch: [event] }];
  const standard = { type: "purchase", data: { price: 20 } };
  const enclosed = { type: "purchase", data: { id: "1", properties: { price: 20 } } };
  for (const body of [...forms, standard, enclosed]) {
    assert.deepEqual(judge(webhook(WEBHOOK_SECRET), "", body).events, expected);
  }
  assert.deepEqual(judge(webhook(WEBHOOK_SECRET), "", "text").events, []);
});

test("the id is the key of an event that comes alone", () => {
  const headers = { "webhook-id": "msg_1" };
  const keys = (body: unknown) =>
    judge(webhook(WEBHOOK_SECRET), "", body, { headers }).events.map(({ key }) => key);
  assert.deepEqual(keys({ event: "e" }), ["msg_1"]);
  assert.deepEqual(keys([{ event: "e" }]), [undefined]);
});

test("other paths and methods are refused", () => {
  assert.equal(judge(webhook(WEBHOOK_SECRET), "/other", BODY).reply.status, 404);
  assert.equal(judge(webhook(WEBHOOK_SECRET), "", BODY, { method: "GET" }).reply.status, 405);
});
