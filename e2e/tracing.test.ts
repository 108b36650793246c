// One trace from the page to the vendor's call, found by an event's id and back, and nothing that it can disturb.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { type Site, startSite } from "../sdk-js/test/support/servers.ts";
import { launch } from "./support/chromium.ts";
import { type Answer, type Receiver, type Span, startReceiver } from "./support/otlp.ts";
import { DEVELOPMENT_KEY, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { TRACKERS } from "./support/workers.ts";

/** Of OTLP (https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto). */
const [SERVER, CLIENT, CONSUMER] = [2, 3, 5];

const HEADER_SECRET = "hush-4711";

/** Of the vendors, in `trace/.dev.vars.example`. */
const VENDOR_SECRETS = ["sandbox", "G-SANDBOX", "c3BhcnJvdy1zYW5kYm94LXdlYmhvb2sta2V5"];

let receiver: Receiver;
let sparrow: Sparrow;
before(async () => {
  receiver = await startReceiver();
  sparrow = await startSparrow(traced());
});
after(async () => {
  await sparrow?.close();
  await receiver?.close();
});
beforeEach(() => {
  for (const vendor of TRACKERS) sparrow.sandbox.control(vendor, { mode: "ok" });
  sparrow.sandbox.clear();
  receiver.clear();
});

/** Both Workers with these settings of tracing. */
function traced(settings: Record<string, string> = {}) {
  const vars = {
    OTLP_ENDPOINT: receiver.url,
    OTLP_HEADERS: `authorization=Bearer%20${HEADER_SECRET}`,
    TRACE_SAMPLE_RATE: "1",
    ...settings,
  };
  return { dispatcher: vars, trace: { GA4_VALIDATE_SAMPLE: "0", ...vars } };
}

/** A place in a trace of its own. */
function place(flags = "01") {
  const [trace, span] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex")];
  return { trace, span, text: `00-${trace}-${span}-${flags}` };
}

const signUp = {
  event: "sign up",
  userId: "user-1",
  deviceId: "device-1",
  properties: { plan: "team" },
};

/** Sends an event with a `traceparent` header, as an instrumented server does. */
async function sendTraced(body: object, query: string, traceparent: string): Promise<void> {
  const answer = await fetch(`${sparrow.url}/e?key=${DEVELOPMENT_KEY}${query}`, {
    method: "POST",
    headers: { traceparent },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200);
}

/** The spans of a trace, once there are so many, or at least so many. */
async function tree(trace: string, count: number, least = count): Promise<Span[]> {
  const spans = await receiver.until(`${least} spans of ${trace}`, (spans) => {
    return spans.filter((span) => span.trace === trace).length >= least;
  });
  const own = spans.filter((span) => span.trace === trace);
  assert.ok(own.length <= count, own.map(({ name }) => name).join());
  return own;
}

function only(spans: Span[], name: string): Span {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `one ${name} in ${spans.map(({ name }) => name)}`);
  return found[0] as Span;
}

const children = (spans: Span[], parent: Span) => spans.filter((span) => span.parent === parent.id);

/** The request, the log, the opening, and of each tracker a delivery and a call. */
const WHOLE = 3 + 2 * TRACKERS.length;

/** The span of the payload's request, after a look at all that has to hang on it. */
function assertWhole(spans: Span[], payload: string): Span {
  const request = only(spans, "POST /e");
  const opening = only(spans, "open");
  assert.equal(request.kind, SERVER);
  assert.deepEqual(new Set(children(spans, request)), new Set([only(spans, "log raw"), opening]));
  for (const tracker of TRACKERS) {
    const delivery = only(spans, `deliver ${tracker}`);
    assert.equal(delivery.parent, opening.id);
    const { attributes } = delivery;
    assert.deepEqual(
      ["tracker", "run", "attempt", "events", "outcome"].map(
        (name) => attributes[`sparrow.${name}`],
      ),
      [tracker, "live", 1, 1, "delivered"],
    );
    const [call, ...more] = children(spans, delivery);
    assert.ok(call && more.length === 0);
    assert.deepEqual([call.name, call.kind], ["POST 127.0.0.1", CLIENT]);
    assert.equal(call.resource["service.name"], "sparrow-trace");
    const [sent] = sparrow.sandbox.requests(tracker);
    assert.equal(sent?.headers.traceparent, `00-${call.trace}-${call.id}-01`);
    assert.equal(call.attributes["http.response.status_code"], sent?.status);
  }
  for (const span of spans) {
    assert.equal(span.error, null);
    assert.equal(span.attributes["sparrow.payload.id"], payload, span.name);
    assert.ok(BigInt(span.nanos[0]) <= BigInt(span.nanos[1]), span.name);
    assert.equal(span.resource["deployment.environment.name"], "development");
  }
  return request;
}

test("from a page to every vendor it is one trace", async () => {
  const page = place();
  const browser = await launch();
  const site: Site = await startSite();
  try {
    const tab = await browser.newPage();
    const meta = `<meta name="traceparent" content="${page.text}">`;
    const script = `<script src="${sparrow.url}/sparrow.js" data-key="${DEVELOPMENT_KEY}"></script>`;
    await tab.goto(site.page("/shop", meta + script));
    const sent = tab.waitForRequest((request) => request.method() === "POST");
    await tab.evaluate(() => {
      window.sparrow.identify("user-1");
      window.sparrow.track("sign up", { plan: "team" });
    });
    const payload = new URL((await sent).url()).searchParams.get("id") ?? "";
    const spans = await tree(page.trace, WHOLE);
    const request = assertWhole(spans, payload);
    assert.equal(request.parent, page.span, "the page's span");
    assert.equal(request.attributes["http.response.status_code"], 200);
    assert.deepEqual(only(spans, "open").attributes["sparrow.event.ids"], [payload]);
  } finally {
    await browser.close();
    await site.close();
  }
});

test("a server's header is gone on with; without one a trace begins", async () => {
  const client = place();
  await sendTraced(signUp, "&id=header", client.text);
  assert.equal(assertWhole(await tree(client.trace, WHOLE), "header").parent, client.span);
  for (const { path, headers } of receiver.exports()) {
    assert.equal(path, "/v1/traces");
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers.authorization, `Bearer ${HEADER_SECRET}`);
  }

  receiver.clear();
  sparrow.sandbox.clear();
  assert.equal((await sparrow.send(signUp, "&id=begins")).status, 200);
  const spans = await receiver.until("a trace", (spans) => spans.length >= WHOLE);
  assert.equal(assertWhole(spans, "begins").parent, null);
});

test("a retry after a vendor's 503 is a second call in the same trace", async () => {
  sparrow.sandbox.control("amplitude", { mode: "error", status: 503, times: 1 });
  const client = place();
  await sendTraced(signUp, "&id=retry", client.text);
  const spans = await tree(client.trace, WHOLE + 2);
  const deliveries = spans.filter(({ name }) => name === "deliver amplitude");
  const told = deliveries.map((delivery) => {
    const [call] = children(spans, delivery);
    return [
      delivery.attributes["sparrow.attempt"],
      delivery.attributes["sparrow.outcome"],
      delivery.error,
      call?.attributes["http.response.status_code"],
      call?.error,
    ];
  });
  assert.deepEqual(told.sort(), [
    [1, "retry", "http_503", 503, "http_503"],
    [2, "delivered", null, 200, null],
  ]);
  const seen = sparrow.sandbox.requests("amplitude").map(({ headers }) => headers.traceparent);
  const calls = deliveries.flatMap((delivery) => children(spans, delivery));
  assert.deepEqual(new Set(seen), new Set(calls.map(({ trace, id }) => `00-${trace}-${id}-01`)));
});

test("payloads that go in one call are each in their own trace, and the call links them", async () => {
  sparrow.sandbox.control("amplitude", { mode: "slow", delayMs: 1_000, times: 1 });
  await sendTraced(signUp, "&id=first", place().text);
  await sparrow.sandbox.until("the call", () => sparrow.sandbox.requests("amplitude")[0]);
  const together = [place(), place()];
  for (const [i, { text }] of together.entries())
    await sendTraced(signUp, `&id=together${i}`, text);
  const trees = await Promise.all(together.map(({ trace }) => tree(trace, WHOLE, WHOLE - 1)));
  const deliveries = trees.map((spans) => only(spans, "deliver amplitude"));
  const calls = trees.flatMap((spans, i) => children(spans, deliveries[i] as Span));
  const [call, ...more] = calls;
  assert.ok(call && more.length === 0, "one call");
  assert.equal(call.attributes["sparrow.events"], 2);
  const other = deliveries.find(({ id }) => id !== call.parent);
  assert.deepEqual(call.links, [{ trace: other?.trace, span: other?.id }]);
  assert.equal(sparrow.sandbox.requests("amplitude").length, 2);
});

test("events of several requests are found in the traces that they name", async () => {
  const [client, own, unsampled] = [place(), place(), place("00")];
  const batch = [
    { ...signUp, eventId: "traced-1", traceparent: own.text },
    { ...signUp, eventId: "traced-2", traceparent: unsampled.text },
    { ...signUp, eventId: "traced-3", traceparent: `${own.text}-x` },
    { ...signUp, event: "not in the allowlist", traceparent: own.text },
  ];
  await sendTraced({ batch }, "&id=batch", client.text);
  const spans = await receiver.until("the event", (spans) =>
    spans.some(({ trace }) => trace === own.trace),
  );
  const [event, ...more] = spans.filter(({ trace }) => trace === own.trace);
  assert.ok(event && more.length === 0);
  assert.deepEqual([event.name, event.kind, event.parent], ["event sign up", CONSUMER, own.span]);
  assert.equal(event.attributes["sparrow.event.id"], "traced-1");
  assert.equal(event.attributes["sparrow.payload.id"], "batch");
  const request = await receiver.until("its request", (spans) =>
    spans.some(({ trace, name }) => trace === client.trace && name === "POST /e"),
  );
  const { id } = only(
    request.filter(({ trace }) => trace === client.trace),
    "POST /e",
  );
  assert.deepEqual(event.links, [{ trace: client.trace, span: id }]);

  const rows = () =>
    sparrow.sql(
      "SELECT eventId, traceId FROM raw_normalized WHERE payloadId = 'batch' ORDER BY idx",
    );
  const stored = await eventually("the batch is stored", async () => {
    const found = await rows();
    return found.length === 4 && found;
  });
  assert.deepEqual(
    stored.map(({ traceId }) => traceId),
    [own.trace, unsampled.trace, client.trace, own.trace],
  );
  await sparrow.settled("batch", 4);
  const everything = JSON.stringify(sparrow.sandbox.requests().map(({ body }) => body));
  assert.ok(!everything.includes(own.trace), "no vendor has it as a value");
});

test("SQL finds the event by its trace, and the trace by its event", async () => {
  const client = place();
  await sendTraced({ ...signUp, eventId: "found-1" }, "&id=found", client.text);
  const found = await eventually("the event is stored", async () => {
    const rows = await sparrow.sql(
      "SELECT eventId FROM raw_normalized WHERE traceId = ?",
      client.trace,
    );
    return rows.length > 0 && rows;
  });
  assert.deepEqual(found, [{ eventId: "found-1" }]);
  const [row] = await sparrow.sql("SELECT traceId FROM raw_normalized WHERE eventId = 'found-1'");
  assert.deepEqual(row, { traceId: client.trace });
  const spans = await tree(client.trace, WHOLE);
  assert.deepEqual(only(spans, "open").attributes["sparrow.event.ids"], ["found-1"]);
});

/** Waits until a trace that was begun afterwards is there as a whole, and tells which others are. */
async function exportedBeside(query: string): Promise<Span[]> {
  const last = place();
  await sendTraced(signUp, query, last.text);
  await tree(last.trace, WHOLE);
  return (await receiver.spans()).filter(({ trace }) => trace !== last.trace);
}

test("what its sender did not record, Sparrow does not either", async () => {
  const client = place("00");
  await sendTraced({ ...signUp, traceparent: place("00").text }, "&id=unsampled", client.text);
  await sparrow.settled("unsampled");
  for (const { headers } of sparrow.sandbox.requests())
    assert.equal(headers.traceparent, undefined);
  assert.deepEqual(await exportedBeside("&id=sampled"), []);
});

test("no byte that is exported holds a value, a person or a secret", async () => {
  const planted = [
    "ada@example.com",
    "secret-value-1",
    "+49 151 23456789",
    "user-ada",
    "device-ada",
  ];
  const [email, secret, phone, user, device] = planted;
  const client = place();
  const event = {
    event: "sign up",
    userId: user,
    deviceId: device,
    eventId: email,
    traceparent: client.text,
    properties: { plan: secret, note: email, phone },
    context: { url: `https://shop.example/?q=${email}`, title: phone },
  };
  const other = { ...event, event: `Mail to ${email}` };
  const answer = await fetch(`${sparrow.url}/e?key=${DEVELOPMENT_KEY}&id=planted`, {
    method: "POST",
    headers: {
      traceparent: client.text,
      "user-agent": `${secret}`,
      referer: `https://shop.example/?q=${email}`,
      tracestate: `sparrow=${secret}`,
    },
    body: JSON.stringify({ batch: [event, other] }),
  });
  assert.equal(answer.status, 200);
  await sparrow.settled("planted", 2);
  await receiver.until("its calls", (spans) => spans.some(({ name }) => name.startsWith("event ")));
  await receiver.until("its deliveries", (spans) =>
    TRACKERS.every((tracker) => spans.some(({ name }) => name === `deliver ${tracker}`)),
  );
  const keys = [DEVELOPMENT_KEY, HEADER_SECRET, ...VENDOR_SECRETS];
  for (const { body } of receiver.exports()) {
    for (const text of [...planted, ...keys]) assert.ok(!body.includes(text), text);
  }
  assert.ok(!sparrow.output().includes(HEADER_SECRET));
});

const FAILURES: Record<string, Answer> = {
  http_429: { status: 429, headers: { "retry-after": "1" }, body: "slow down" },
  http_500: { status: 500, body: "<html>" },
  http_302: { status: 302, headers: { location: "/elsewhere" } },
  rejected: { status: 200, body: '{"partialSuccess":{"rejectedSpans":"1"}}' },
  timeout: {},
};

for (const [reason, answer] of Object.entries(FAILURES)) {
  test(`a receiver that fails (${reason}) disturbs nothing, and that is told`, async () => {
    // New isolates, which have told of nothing yet.
    await sparrow.restart(traced(), []);
    receiver.answer(answer);
    const from = sparrow.logs().length;
    const id = `fails-${reason}`;
    const started = Date.now();
    for (let i = 0; i < 5; i++) await sendTraced(signUp, `&id=${id}-${i}`, place().text);
    for (let i = 0; i < 5; i++) {
      const [event] = await sparrow.settled(`${id}-${i}`);
      assert.deepEqual(new Set(Object.values(event?.trackers ?? {})), new Set(["delivered"]));
    }
    if (!answer.status)
      assert.ok(Date.now() - started < 5_000, "nobody waits for a receiver that hangs");
    const told = await eventually("it is told", () => {
      const lines = sparrow
        .logs()
        .slice(from)
        .filter(({ code }) => code === "otlp_failed");
      return lines.some((line) => line.reason === reason) && lines;
    });
    assert.ok(told.length <= 3, "once by each isolate");
    assert.ok(!JSON.stringify(told).includes(receiver.url));
  });
}

test("a receiver that is away or answers garbage disturbs nothing", async () => {
  receiver.answer({ status: 200, body: "garbage" });
  await sparrow.restart(traced(), []);
  await sendTraced(signUp, "&id=garbage", place().text);
  await sparrow.settled("garbage");
  await sparrow.restart(traced({ OTLP_ENDPOINT: "http://127.0.0.1:9" }), []);
  const from = sparrow.logs().length;
  await sendTraced(signUp, "&id=away", place().text);
  await sparrow.settled("away");
  await eventually("it is told", () =>
    sparrow
      .logs()
      .slice(from)
      .some(({ code, reason }) => code === "otlp_failed" && reason === "network"),
  );
});

test("a rate of 0 exports nothing, whatever senders say", async () => {
  await sparrow.restart(traced({ TRACE_SAMPLE_RATE: "0" }), []);
  for (let i = 0; i < 5; i++) {
    // An id that any rate but 0 takes.
    const traceparent = `00-${"f".repeat(32)}-${"f".repeat(16)}-01`;
    await sendTraced({ ...signUp, traceparent }, `&id=zero-${i}`, traceparent);
    await sparrow.settled(`zero-${i}`);
  }
  await sparrow.restart(traced(), []);
  assert.deepEqual(await exportedBeside("&id=after-zero"), []);
});

test("without an endpoint the trace that came is kept, and nothing is exported", async () => {
  await sparrow.restart({ dispatcher: {}, trace: { GA4_VALIDATE_SAMPLE: "0" } }, []);
  const client = place();
  await sendTraced(signUp, "&id=off", client.text);
  await sparrow.send(signUp, `&id=query&traceparent=${client.text}`);
  await sparrow.send(signUp, "&id=none&traceparent=none");
  for (const id of ["off", "query", "none"]) await sparrow.settled(id);
  const contexts = await eventually("they are stored", async () => {
    const rows = await sparrow.sql(
      "SELECT eventId, context ->> '$.traceparent' AS place FROM raw WHERE eventId IN ('off', 'query', 'none')",
    );
    return (
      rows.length === 3 && Object.fromEntries(rows.map(({ eventId, place }) => [eventId, place]))
    );
  });
  assert.deepEqual(contexts, { off: client.text, query: client.text, none: null });
  for (const { headers } of sparrow.sandbox.requests())
    assert.equal(headers.traceparent, undefined);
  assert.deepEqual(receiver.exports(), []);
});
