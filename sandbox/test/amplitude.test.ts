import assert from "node:assert/strict";
import { test } from "node:test";
import { amplitude } from "../vendors/amplitude.ts";
import { judge, NOW } from "./judge.ts";

const EVENT = { event_type: "pageview", device_id: "device-1", time: NOW, insert_id: "i" };

function send(events: unknown, more: object = {}) {
  const { reply } = judge(amplitude, "/2/httpapi", { api_key: "k", events, ...more });
  return { status: reply.status, body: JSON.parse(reply.body ?? "") };
}

test("good events are taken", () => {
  const user = { event_type: "e", user_id: "user-1", event_properties: {}, user_properties: {} };
  const body = JSON.stringify({ api_key: "k", events: [EVENT, user] });
  const { reply, events } = judge(amplitude, "/2/httpapi", body);
  assert.equal(reply.status, 200);
  assert.deepEqual(JSON.parse(reply.body ?? ""), {
    code: 200,
    events_ingested: 2,
    payload_size_bytes: body.length,
    server_upload_time: NOW,
  });
  assert.deepEqual(
    events.map(({ name, key }) => [name, key]),
    [
      ["pageview", "i"],
      ["e", undefined],
    ],
  );
  assert.equal(judge(amplitude, "/2/httpapi", body, { method: "GET" }).reply.status, 405);
  assert.equal(judge(amplitude, "/batch", body).reply.status, 404);
});

test("a request without what every request needs is refused", () => {
  const refused = (body: unknown) =>
    JSON.parse(judge(amplitude, "/2/httpapi", body).reply.body ?? "");
  assert.equal(refused("not JSON").error, "Invalid JSON request body");
  assert.equal(refused({ events: [EVENT] }).missing_field, "api_key");
  assert.equal(refused({ api_key: "", events: [EVENT] }).missing_field, "api_key");
  assert.equal(send(undefined).body.missing_field, "events");
  assert.deepEqual(send([]), {
    status: 400,
    body: { code: 400, error: "Request missing required field", missing_field: "events" },
  });
});

const faults: [event: unknown, kind: string, fields: string[]][] = [
  ["no object", "events_with_missing_fields", ["event_type", "user_id", "device_id"]],
  [{ ...EVENT, event_type: undefined }, "events_with_missing_fields", ["event_type"]],
  [{ ...EVENT, event_type: 1 }, "events_with_invalid_fields", ["event_type"]],
  [{ ...EVENT, event_type: "[Amplitude] Revenue" }, "events_with_invalid_fields", ["event_type"]],
  [{ ...EVENT, device_id: undefined }, "events_with_missing_fields", ["user_id", "device_id"]],
  [{ ...EVENT, device_id: null }, "events_with_missing_fields", ["user_id", "device_id"]],
  [{ ...EVENT, device_id: 12345 }, "events_with_invalid_fields", ["device_id"]],
  [{ ...EVENT, device_id: "Anonymous" }, "events_with_invalid_fields", ["device_id"]],
  [{ ...EVENT, user_id: "" }, "events_with_invalid_fields", ["user_id"]],
  [{ ...EVENT, device_id: "abcd" }, "events_with_invalid_id_lengths", ["device_id"]],
  [{ ...EVENT, time: "2026-01-01T00:00:00Z" }, "events_with_invalid_fields", ["time"]],
  [{ ...EVENT, time: 1.5 }, "events_with_invalid_fields", ["time"]],
  [{ ...EVENT, event_properties: [] }, "events_with_invalid_fields", ["event_properties"]],
  [{ ...EVENT, user_properties: "a" }, "events_with_invalid_fields", ["user_properties"]],
];

for (const [event, kind, fields] of faults) {
  test(`${kind} ${fields}: ${JSON.stringify(event)}`, () => {
    const { status, body } = send([EVENT, event]);
    assert.equal(status, 400);
    assert.deepEqual(body[kind], Object.fromEntries(fields.map((field) => [field, [1]])));
    assert.deepEqual(Object.keys(body), ["code", "error", kind]);
  });
}

test("a short id is left out where there is another, and allowed by min_id_length", () => {
  assert.equal(send([{ ...EVENT, user_id: "abcd" }]).status, 200);
  const short = [{ ...EVENT, device_id: "d" }];
  assert.equal(send(short, { options: { min_id_length: 1 } }).status, 200);
});

test("too many events and too many bytes are 413", () => {
  assert.equal(send(Array(1999).fill(EVENT)).status, 200);
  assert.equal(send(Array(2000).fill(EVENT)).status, 413);
  const sized = (bytes: number) => {
    const around = JSON.stringify({ api_key: "k", events: [{ ...EVENT, note: "" }] }).length;
    return send([{ ...EVENT, note: "x".repeat(bytes - around) }]).status;
  };
  assert.equal(sized(999_999), 200);
  assert.equal(sized(1_000_000), 413);
});
