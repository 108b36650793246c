// What reaches a vendor: the allowed event, scrubbed, in the vendor's own format. And what never does.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { DEVELOPMENT_ORIGIN, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const VENDORS = ["amplitude", "ga4", "heap", "webhook"];
let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" } });
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

function bodies(vendor: string): unknown[] {
  return sparrow.sandbox.requests(vendor).map(({ json }) => json);
}

/** So many rows of `raw_normalized`, once they are there. */
function normalized(columns: string, where: string, count: number) {
  return eventually(`${count} rows where ${where}`, async () => {
    const rows = await sparrow.sql(`SELECT ${columns} FROM raw_normalized WHERE ${where}`);
    return rows.length >= count && rows;
  });
}

/** Everything that any vendor was sent, in any part of a request. */
function everythingSent(): string {
  const sent = sparrow.sandbox
    .requests()
    .map(({ path, query, headers, body }) => ({ path, query, headers, body }));
  return JSON.stringify(sent);
}

test("the classic payload is a row of raw_normalized and an event at all four vendors", async () => {
  const payload = {
    event: "purchase product",
    deviceId: "desktop1",
    userId: "user",
    properties: { entry: "billing", productName: "workers" },
  };
  assert.equal((await sparrow.send(payload, "&id=classic")).status, 200);
  const columns = "event, deviceId, userId, entry, productName";
  const rows = await normalized(columns, "payloadId = 'classic'", 1);
  assert.deepEqual(rows.map(Object.values), [
    ["purchase product", "desktop1", "user", "billing", "workers"],
  ]);

  const events = await sparrow.settled("classic");
  assert.deepEqual(events[0]?.trackers, {
    amplitude: "delivered",
    ga4: "delivered",
    heap: "delivered",
    webhook: "delivered",
  });
  const received = await sparrow.sql(
    "SELECT receivedAt FROM raw_normalized WHERE payloadId = 'classic'",
  );
  const time = String(received[0]?.receivedAt);
  const ms = Date.parse(time);
  const properties = { entry: "billing", productName: "workers" };
  const [amplitude] = bodies("amplitude") as { events: { insert_id: string }[] }[];
  const key = amplitude?.events[0]?.insert_id;
  assert.match(String(key), /^[0-9a-f]{8}-[0-9a-f]{4}-5/);

  assert.deepEqual(bodies("ga4"), [
    {
      client_id: "desktop1",
      user_id: "user",
      events: [
        {
          name: "purchase_product",
          params: { ...properties, engagement_time_msec: 1 },
          timestamp_micros: ms * 1000,
        },
      ],
    },
  ]);
  assert.deepEqual(bodies("amplitude"), [
    {
      api_key: "sandbox",
      options: { min_id_length: 1 },
      events: [
        {
          event_type: "purchase product",
          user_id: "user",
          device_id: "desktop1",
          time: ms,
          insert_id: key,
          event_properties: properties,
        },
      ],
    },
  ]);
  assert.deepEqual(bodies("heap"), [
    {
      app_id: "1234567890",
      events: [
        {
          event: "purchase product",
          identity: "user",
          timestamp: time,
          idempotency_key: key,
          properties,
        },
      ],
    },
  ]);
  const [webhook] = bodies("webhook") as {
    type: string;
    timestamp: string;
    data: Record<string, unknown>;
  }[];
  assert.equal(webhook?.type, "purchase product");
  assert.equal(webhook?.timestamp, time);
  assert.deepEqual(webhook?.data.properties, properties);
  const [signed] = sparrow.sandbox.requests("webhook");
  assert.deepEqual([signed?.status, signed?.headers["webhook-id"]], [200, key]);
});

test("an email and a card number inside an allowed property reach no vendor", async () => {
  const note = "mail ada@lovelace.example, card 4111 1111 1111 1111, thanks";
  await sparrow.send(
    { event: "purchase product", userId: "u1", deviceId: "d1", properties: { entry: "x", note } },
    "&id=personal",
  );
  const events = await sparrow.settled("personal");
  assert.deepEqual(events[0]?.changes, [
    { field: "properties.note", rule: "scrubbed", found: ["card", "email"] },
  ]);
  const requests = sparrow.sandbox.requests();
  assert.equal(requests.length, VENDORS.length);
  for (const { vendor, body } of requests) {
    assert.ok(body.includes("mail [email], card [card], thanks"), vendor);
  }
  const sent = everythingSent();
  for (const secret of ["ada@", "lovelace", "4111", "1111 1111"]) {
    assert.ok(!sent.includes(secret), secret);
  }
});

test("an id that is an email is not sent as one", async () => {
  await sparrow.send(
    {
      event: "sign up",
      userId: "ada@example.com",
      deviceId: "device-7",
      properties: { plan: "free" },
    },
    "&id=personal-id",
  );
  const events = await sparrow.settled("personal-id");
  assert.deepEqual(events[0]?.changes, [{ field: "userId", rule: "personal", found: ["email"] }]);
  assert.equal(events[0]?.trackers.amplitude, "delivered");
  assert.equal(events[0]?.trackers.heap, "rejected(no_identity)", "Heap has no anonymous id");
  assert.ok(!everythingSent().includes("ada@"));
});

test("a name and a property that are not allowed reach no vendor, and it is known why", async () => {
  const batch = [
    {
      event: "secret experiment of ada@example.com",
      userId: "u2",
      properties: { variant: "classified-b" },
    },
    {
      event: "purchase product",
      userId: "u2",
      deviceId: "d2",
      properties: {
        entry: "web",
        salary: "classified-a",
        price: "twenty",
        quantity: 1.5,
        currency: "XXX",
        productName: "x".repeat(129),
        "ada@example.com": 1,
      },
      context: { url: "https://shop.example/cart?token=classified-c&utm_source=news#classified-d" },
    },
  ];
  await sparrow.send({ batch }, "&id=not-allowed");
  const events = await sparrow.settled("not-allowed", 2);
  const filtered = "filtered(not_allowed)";
  assert.deepEqual(events[0], {
    id: "not-allowed.0",
    event: "(not allowed)",
    trackers: { amplitude: filtered, ga4: filtered, heap: filtered, webhook: filtered },
    changes: [{ field: "event.secret experiment of [email]", rule: "not_allowed" }],
  });
  const changes = events[1]?.changes.map(({ field, rule }) => `${field} ${rule}`).sort();
  assert.deepEqual(changes, [
    "context.url reduced",
    "properties.[email] not_allowed",
    "properties.currency not_in_enum",
    "properties.price wrong_type",
    "properties.productName too_long",
    "properties.quantity wrong_type",
    "properties.salary not_allowed",
  ]);
  const sent = everythingSent();
  for (const secret of ["classified", "secret experiment", "salary", "twenty", "XXX", "ada@"]) {
    assert.ok(!sent.includes(secret), secret);
  }
  assert.ok(sent.includes("https://shop.example/cart?utm_source=news"));
});

test("malformed JSON is in raw and reaches no vendor", async () => {
  const bodies = ['{"event": "sign up"', "", "\u0000", "[]", '{"batch": {}}', '{"event": 1}'];
  for (const [i, body] of bodies.entries()) {
    assert.equal((await sparrow.send(body, `&id=malformed-${i}`)).status, 200);
    const events = await sparrow.settled(`malformed-${i}`);
    assert.equal(events[0]?.event, "(malformed)");
    assert.equal(events[0]?.trackers.ga4, "filtered(malformed)");
  }
  const rows = await normalized("event, deviceId", "payloadId LIKE 'malformed-%'", bodies.length);
  assert.deepEqual(
    rows,
    bodies.map(() => ({ event: null, deviceId: null })),
  );
  assert.equal(sparrow.sandbox.requests().length, 0);
});

test("no payload breaks a query over the view", async () => {
  const deep = "[".repeat(999) + "]".repeat(999);
  const bodies = [
    '{"event": "sign up", "timestamp": -9223372036854775808}',
    `{"event": "sign up", "properties": {"plan": ${deep}}}`,
    '{"event": "sign\\ud800 up\\u0000", "eventId": "a\\u0000", "properties": {"plan": "\\udfff"}}',
    '{"batch": [{"event": 1e400}, "\\ud800", null, -0]}',
  ];
  for (const [i, body] of bodies.entries()) {
    assert.equal(
      (await sparrow.send(body, `&id=hostile-${i}&sentAt=-9223372036854775808`)).status,
      200,
    );
  }
  const rows = await normalized("*", "payloadId LIKE 'hostile-%'", 7);
  assert.equal(rows.length, 7);
});

test("an event without allowed origin or key reaches no vendor", async () => {
  const body = JSON.stringify({ event: "sign up", userId: "u3", properties: { plan: "free" } });
  const attempts: [string, string, Record<string, string>][] = [
    ["nothing", "", {}],
    ["wrong-key", "&key=guess", {}],
    ["foreign-origin", "", { origin: "https://evil.example" }],
    ["look-alike", "", { origin: `${DEVELOPMENT_ORIGIN}.evil.example` }],
    ["null-origin", "", { origin: "null" }],
  ];
  for (const [id, query, headers] of attempts) {
    await fetch(`${sparrow.url}/e?id=${id}${query}`, { method: "POST", body, headers });
    const events = await sparrow.settled(id);
    assert.equal(events[0]?.trackers.webhook, "filtered(source)", id);
  }
  assert.equal(sparrow.sandbox.requests().length, 0);
  await normalized("payloadId", "userId = 'u3'", attempts.length);

  const headers = { origin: DEVELOPMENT_ORIGIN };
  await fetch(`${sparrow.url}/e?id=allowed-origin`, { method: "POST", body, headers });
  const events = await sparrow.settled("allowed-origin");
  assert.equal(events[0]?.trackers.webhook, "delivered");
});

test("the address and browser of a page's visitor go along, those of a server do not", async () => {
  const body = JSON.stringify({
    event: "sign up",
    deviceId: "d5",
    userId: "u5",
    properties: { plan: "free" },
  });
  const agent = "Mozilla/5.0 (written to ada@example.com)";
  const headers = { origin: DEVELOPMENT_ORIGIN, "user-agent": agent };
  await fetch(`${sparrow.url}/e?id=browser`, { method: "POST", body, headers });
  const events = await sparrow.settled("browser");
  assert.deepEqual(events[0]?.changes, [
    { field: "userAgent", rule: "scrubbed", found: ["email"] },
  ]);
  const [ga4] = bodies("ga4") as Record<string, unknown>[];
  assert.deepEqual(
    [ga4?.ip_override, ga4?.user_agent],
    ["127.0.0.0", "Mozilla/5.0 (written to [email])"],
  );

  sparrow.sandbox.clear();
  await sparrow.send(body, "&id=server");
  await sparrow.settled("server");
  const [fromServer] = bodies("ga4") as Record<string, unknown>[];
  assert.deepEqual([fromServer?.ip_override, fromServer?.user_agent], [undefined, undefined]);
});

test("a text cut through an emoji costs nothing but the emoji", async () => {
  const note = JSON.stringify("👋").slice(1, 2);
  const body = `{"batch": [{"event": "purchase product", "userId": "u6", "properties": {"note": ${JSON.stringify(note)}}},
    {"event": "sign up", "userId": "u6"}]}`;
  assert.match(body, /\\ud83d/);
  await sparrow.send(body, "&id=emoji");
  const events = await sparrow.settled("emoji", 2);
  assert.deepEqual(
    events.map(({ trackers }) => trackers.webhook),
    ["delivered", "delivered"],
  );
  assert.ok(everythingSent().includes("\ufffd"));
});

test("a key in the payload counts, and goes no further", async () => {
  const event = { event: "sign up", userId: "u4", properties: { plan: "free" } };
  const body = JSON.stringify({ ...event, writeKey: "sparrow-development-key" });
  await fetch(`${sparrow.url}/e?id=key-inside`, { method: "POST", body });
  const events = await sparrow.settled("key-inside");
  assert.equal(events[0]?.trackers.heap, "delivered");
  assert.ok(!everythingSent().includes("sparrow-development-key"));
});

test("log, account and status hold ids, names and reasons, and no value", async () => {
  await sparrow.send(
    {
      event: "purchase product",
      userId: "user-in-the-log",
      deviceId: "device-in-the-log",
      properties: {
        entry: "value-in-the-log",
        salary: "salary-in-the-log",
        note: "bob@example.com",
      },
    },
    "&id=logged",
  );
  await sparrow.settled("logged");
  const rows = await sparrow.sql("SELECT * FROM deliveries WHERE payloadId = 'logged'");
  const told = JSON.stringify([sparrow.logs(), rows, await sparrow.status()]);
  assert.ok(told.includes("properties.salary"), "a name that is not allowed, but is no value");
  assert.ok(!told.includes("-in-the-log") && !told.includes("bob@"), told);
});
