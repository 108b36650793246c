import assert from "node:assert/strict";
import { test } from "node:test";
import { ga4 } from "../vendors/ga4.ts";
import { judge, NOW } from "./judge.ts";

const QUERY = { query: new URLSearchParams("measurement_id=G-1&api_secret=s") };
const HOUR = 3_600_000;

function good(event: object = {}, more: object = {}) {
  return { client_id: "1.2", events: [{ name: "page_view", params: {}, ...event }], ...more };
}

/** Where and why the validation endpoint complains. */
function complaints(body: unknown): string[] {
  const { reply } = judge(ga4, "/debug/mp/collect", body);
  assert.equal(reply.status, 200);
  const { validationMessages } = JSON.parse(reply.body ?? "");
  return validationMessages.map(
    ({ fieldPath, validationCode, description }: Record<string, string>) => {
      assert.ok(description);
      return `${validationCode} ${fieldPath}`;
    },
  );
}

function params(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]));
}

test("the collect endpoint answers 204 to anything, and remarks what would be dropped", () => {
  const fine = judge(ga4, "/mp/collect", good(), QUERY);
  assert.deepEqual(fine.reply, { status: 204 });
  assert.deepEqual(fine.remarks, []);
  const bad = judge(ga4, "/mp/collect", good({ name: "session_start" }));
  assert.deepEqual(bad.reply, { status: 204 });
  assert.equal(bad.remarks.length, 3); // no measurement_id, no api_secret, a reserved name
});

test("the events of a body are seen, also where it is refused", () => {
  const { events } = judge(ga4, "/mp/collect", { events: [{ name: "a", params: { b: 1 } }, {}] });
  assert.deepEqual(events, [
    { name: "a", properties: { b: 1 } },
    { name: "(no name)", properties: {} },
  ]);
});

test("an event is known again by its visitor, time, name and page; without a time by nothing", () => {
  const event = { timestamp_micros: 1, params: { page_location: "https://a.example/" } };
  const key = (body: unknown) => judge(ga4, "/mp/collect", body).events[0]?.key;
  const keys = [
    good(event),
    good(event, { client_id: "2.3" }),
    good({ ...event, timestamp_micros: 2 }),
    good({ ...event, name: "scroll" }),
    good({ ...event, params: {} }),
  ].map(key);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keys[0], key(good(event)));
  assert.equal(key(good()), undefined);
});

test("other paths and methods are not GA4's", () => {
  assert.equal(judge(ga4, "/g/collect", good()).reply.status, 404);
  assert.equal(judge(ga4, "/mp/collect", good(), { method: "GET" }).reply.status, 405);
  assert.equal(judge(ga4, "/debug/mp/collect", good(), { method: "GET" }).reply.status, 405);
});

test("a body within every limit has no complaint", () => {
  const limits = {
    user_id: "ada",
    timestamp_micros: (NOW - 72 * HOUR) * 1000,
    user_properties: { plan: { value: "x".repeat(36) }, [`u${"x".repeat(23)}`]: { value: 1 } },
    events: Array.from({ length: 25 }, () => ({
      name: `e${"x".repeat(39)}`,
      timestamp_micros: NOW * 1000,
      params: {
        ...params(19),
        [`p${"x".repeat(39)}`]: "ä".repeat(100),
        page_title: "x".repeat(300),
        page_referrer: "x".repeat(420),
        page_location: "x".repeat(1000),
        items: [],
        session_id: "1767225600000",
      },
    })),
  };
  assert.deepEqual(complaints({ client_id: "1.2", ...limits }), []);
});

const faults: [body: unknown, complaint: string][] = [
  ["not JSON", "VALUE_INVALID "],
  [[], "VALUE_INVALID "],
  [good({}, { padding: "x".repeat(130_000) }), "VALUE_OUT_OF_BOUNDS "],
  [good({}, { client_id: undefined }), "VALUE_REQUIRED client_id"],
  [good({}, { client_id: "" }), "VALUE_REQUIRED client_id"],
  [good({}, { client_id: 1.2 }), "VALUE_INVALID client_id"],
  [good({}, { user_id: "" }), "VALUE_INVALID user_id"],
  [good({}, { timestamp_micros: "now" }), "VALUE_INVALID timestamp_micros"],
  [good({}, { timestamp_micros: NOW }), "VALUE_OUT_OF_BOUNDS timestamp_micros"], // ms, not µs
  [
    good({ timestamp_micros: (NOW - 73 * HOUR) * 1000 }),
    "VALUE_OUT_OF_BOUNDS events[0].timestamp_micros",
  ],
  [good({}, { events: undefined }), "VALUE_REQUIRED events"],
  [good({}, { events: [] }), "VALUE_REQUIRED events"],
  [good({}, { events: Array(26).fill({ name: "a" }) }), "EXCEEDED_MAX_ENTITIES events"],
  [good({}, { events: ["a"] }), "VALUE_INVALID events[0]"],
  [good({ name: "" }), "VALUE_REQUIRED events[0].name"],
  [good({ name: "two words" }), "NAME_INVALID events[0].name"],
  [good({ name: "1st" }), "NAME_INVALID events[0].name"],
  [good({ name: "x".repeat(41) }), "NAME_INVALID events[0].name"],
  [good({ name: "first_visit" }), "NAME_RESERVED events[0].name"],
  [good({ name: "screen_view" }), "NAME_RESERVED events[0].name"],
  [good({ params: [] }), "VALUE_INVALID events[0].params"],
  [good({ params: params(26) }), "EXCEEDED_MAX_ENTITIES events[0].params"],
  [good({ params: { "a-b": 1 } }), "NAME_INVALID events[0].params.a-b"],
  [good({ params: { ga_x: 1 } }), "NAME_RESERVED events[0].params.ga_x"],
  [
    good({ params: { firebase_conversion: 1 } }),
    "NAME_RESERVED events[0].params.firebase_conversion",
  ],
  [good({ params: { a: null } }), "VALUE_INVALID events[0].params.a"],
  [good({ params: { a: true } }), "VALUE_INVALID events[0].params.a"],
  [good({ params: { a: {} } }), "VALUE_INVALID events[0].params.a"],
  [good({ params: { items: "a" } }), "VALUE_INVALID events[0].params.items"],
  [good({ params: { a: "x".repeat(101) } }), "VALUE_OUT_OF_BOUNDS events[0].params.a"],
  [
    good({ params: { page_title: "x".repeat(301) } }),
    "VALUE_OUT_OF_BOUNDS events[0].params.page_title",
  ],
  [good({ params: { session_id: "s1" } }), "VALUE_INVALID events[0].params.session_id"],
  [good({}, { user_properties: [] }), "VALUE_INVALID user_properties"],
  [
    good({}, { user_properties: { user_id: { value: "a" } } }),
    "NAME_RESERVED user_properties.user_id",
  ],
  [
    good({}, { user_properties: { [`u${"x".repeat(24)}`]: { value: 1 } } }),
    `NAME_INVALID user_properties.u${"x".repeat(24)}`,
  ],
  [good({}, { user_properties: { a: "b" } }), "VALUE_INVALID user_properties.a"],
  [
    good({}, { user_properties: { a: { value: "x".repeat(37) } } }),
    "VALUE_OUT_OF_BOUNDS user_properties.a",
  ],
];

for (const [body, complaint] of faults) {
  test(`${complaint}: ${JSON.stringify(body).slice(0, 90)}`, () => {
    assert.deepEqual(complaints(body), [complaint]);
  });
}

test("there are at most 25 user properties", () => {
  const many = Object.fromEntries(Array.from({ length: 26 }, (_, i) => [`u${i}`, { value: i }]));
  assert.deepEqual(complaints(good({}, { user_properties: many })), [
    "EXCEEDED_MAX_ENTITIES user_properties",
  ]);
});
