// Dispatcher's contract: whatever is sent is kept byte for byte, and every answer tells the truth.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { DEVELOPMENT_KEY, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const MIB = 1024 * 1024;
let sparrow: Sparrow;
before(async () => {
  sparrow = await startSparrow();
});
after(() => sparrow.close());

interface Raw {
  eventId: string;
  timestamp: string;
  data: string;
  context: Record<string, unknown>;
}

async function raw(id: string): Promise<Raw | undefined> {
  const [row] = await sparrow.sql("SELECT * FROM raw WHERE eventId = ?", id);
  return row && ({ ...row, context: JSON.parse(String(row.context)) } as Raw);
}

/** The row, once it is there: a shard writes it after the answer. */
const stored = (id: string) => eventually(`${id} is in the warehouse`, () => raw(id));

function bytes(row: Raw): Buffer {
  return Buffer.from(row.data, row.context.encoding === "base64" ? "base64" : "utf8");
}

function post(path: string, body: BodyInit, headers: Record<string, string> = {}) {
  return fetch(sparrow.url + path, { method: "POST", body, headers });
}

test("any body is in the warehouse byte for byte", async () => {
  const bodies: Record<string, Uint8Array> = {
    json: Buffer.from('{"event":"sign up", "n": 1.50}\n'),
    unicode: Buffer.from("Grüße 👋 \u2028 ￿"),
    "byte-order-mark": Buffer.from("\ufeff{}"),
    nul: Buffer.from("a\0b"),
    "not-utf8": Buffer.from([0xff, 0xfe, 0xed, 0xa0, 0x80]),
    random: randomBytes(100_000),
    control: Buffer.from(Array.from({ length: 31 }, (_, i) => i + 1)),
    empty: Buffer.alloc(0),
    "one-mebibyte": Buffer.alloc(MIB, "x"),
    "one-mebibyte-of-quotes": Buffer.alloc(MIB, '"'),
    // As JSON it is six times as long.
    "one-mebibyte-of-control-characters": Buffer.alloc(MIB, "\u0001"),
    "one-mebibyte-of-noise": randomBytes(MIB),
  };
  for (const [id, body] of Object.entries(bodies)) {
    const answer = await post(`/e?id=${id}`, new Blob([Buffer.from(body)]));
    assert.equal(answer.status, 200, id);
    assert.equal(await answer.text(), "OK");
    const row = await stored(id);
    assert.ok(bytes(row).equals(body), `${id} is unchanged`);
  }
  assert.equal((await stored("json")).context.encoding, undefined, "text stays text");
});

test("a body past one mebibyte is refused, announced or not, and nothing is kept", async () => {
  const body = Buffer.alloc(MIB + 1, "x");
  const announced = await post("/e?id=too-long", new Blob([body]));
  assert.equal(announced.status, 413);
  const stream = new Blob([body]).stream();
  const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
  const chunked = await fetch(`${sparrow.url}/e?id=too-long`, init);
  assert.equal(chunked.status, 413);
  assert.match(await chunked.text(), /longer than 1048576 bytes/);
  // A shard writes payloads in their order, so this one would be there before the next.
  assert.equal((await post("/e?id=after-too-long", "{}")).status, 200);
  await stored("after-too-long");
  assert.equal(await raw("too-long"), undefined);
});

test("a body in chunks is one body", async () => {
  const stream = new Blob([Buffer.alloc(MIB, "x")]).stream();
  const init = { method: "POST", body: stream, duplex: "half" } as RequestInit;
  assert.equal((await fetch(`${sparrow.url}/e?id=chunked`, init)).status, 200);
  assert.equal((await stored("chunked")).data.length, MIB);
});

test("the context tells what the request said, and never the write key", async () => {
  const secret = "a-write-key-nobody-knows";
  const sent = Date.now();
  await post(`/e?id=context&k=1a2b&sentAt=${sent}&key=${secret}`, "{}", {
    origin: "https://shop.example",
    referer: "https://shop.example/cart",
    "user-agent": "e2e",
    "accept-language": "de-AT",
    "content-type": "application/json",
    "content-encoding": "identity",
  });
  const row = await stored("context");
  const { country, ...context } = row.context;
  assert.ok(country === undefined || typeof country === "string");
  assert.deepEqual(context, {
    ip: "127.0.0.0",
    userAgent: "e2e",
    referer: "https://shop.example/cart",
    acceptLanguage: "de-AT",
    origin: "https://shop.example",
    path: "/e",
    contentType: "application/json",
    contentEncoding: "identity",
    writeKeySha256: createHash("sha256").update(secret).digest("hex"),
    k: "1a2b",
    shard: 0,
    sentAt: sent,
  });
  assert.ok(!JSON.stringify(row).includes(secret));
  assert.match(row.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("a write key may come as the user name of Basic credentials", async () => {
  const authorization = `Basic ${btoa(`${DEVELOPMENT_KEY}:`)}`;
  await post("/e?id=basic", "{}", { authorization });
  const hash = createHash("sha256").update(DEVELOPMENT_KEY).digest("hex");
  assert.equal((await stored("basic")).context.writeKeySha256, hash);
});

test("an id that is none is replaced by a UUIDv7", async () => {
  for (const id of ["", "a%20b", "x".repeat(65)]) {
    const marker = randomBytes(8).toString("hex");
    assert.equal((await post(`/e?id=${id}`, marker)).status, 200);
    const row = await eventually("it is stored", async () => {
      const [row] = await sparrow.sql("SELECT eventId FROM raw WHERE data = ?", marker);
      return row;
    });
    assert.match(String(row.eventId), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
  }
});

test("every answer can be read by the page that asked", async () => {
  const origin = "https://any.example";
  const requests: [string, RequestInit, number][] = [
    ["/e", { method: "POST", body: "{}" }, 200],
    ["/e", { method: "POST", body: "x".repeat(MIB + 1) }, 413],
    ["/e", { method: "GET" }, 405],
    ["/e", { method: "DELETE" }, 405],
    ["/health", {}, 200],
    ["/sparrow.js", {}, 200],
    ["/nothing", {}, 404],
  ];
  for (const [path, init, status] of requests) {
    const answer = await fetch(sparrow.url + path, { ...init, headers: { origin } });
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers.get("access-control-allow-origin"), origin, `${path} ${status}`);
    assert.match(answer.headers.get("vary") ?? "", /origin/i);
    assert.equal(answer.headers.get("access-control-expose-headers"), "Retry-After");
    if (status === 405) assert.equal(answer.headers.get("allow"), "POST, OPTIONS");
  }
});

test("a preflight allows what the sender wants to send", async () => {
  const answer = await fetch(`${sparrow.url}/e`, {
    method: "OPTIONS",
    headers: {
      origin: "https://any.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-anything",
    },
  });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get("access-control-allow-origin"), "https://any.example");
  assert.equal(answer.headers.get("access-control-allow-methods"), "POST");
  assert.equal(answer.headers.get("access-control-allow-headers"), "content-type,x-anything");
});

test("the SDK is served first-party and revalidated by its tag", async () => {
  const first = await fetch(`${sparrow.url}/sparrow.js`);
  assert.match(first.headers.get("content-type") ?? "", /^text\/javascript/);
  assert.match(await first.text(), /sparrow/);
  const headers = { "if-none-match": first.headers.get("etag") ?? "" };
  assert.equal((await fetch(`${sparrow.url}/sparrow.js`, { headers })).status, 304);
});

/** Sends the head and `body` of a request over a bare socket, then cuts the connection. */
async function sendAndLeave(id: string, announced: number, body: string): Promise<void> {
  const { hostname, port } = new URL(sparrow.url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    const head = `POST /e?id=${id} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: ${announced}\r\n\r\n`;
    socket.write(head + body, () => resolve());
  });
  socket.destroy();
}

// workerd on one machine lets a request run on when its sender has gone; Cloudflare's network ends it, but for
// what is under `waitUntil`. So this test holds the one half that can be seen here.
test("a sender that leaves right after its last byte is heard", async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `left-${i}`);
  const body = JSON.stringify({ event: "sign up" });
  await Promise.all(ids.map((id) => sendAndLeave(id, body.length, body)));
  for (const id of ids) {
    const row = await stored(id);
    assert.equal(row.data, body);
  }
});

test("half a body is not taken for a whole one", async () => {
  await sendAndLeave("half", 1000, '{"event":"sign up"}');
  // The next one of the same kind has arrived, so this one would have, too.
  await sendAndLeave("whole", 2, "{}");
  await stored("whole");
  assert.equal(await raw("half"), undefined);
});
