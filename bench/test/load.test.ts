import assert from "node:assert/strict";
import { test } from "node:test";
import { Requests } from "../load/bodies.ts";
import { status } from "../load/connection.ts";
import { numbers } from "../load/vendors.ts";

const NOW = 1_793_534_400_000;

interface Parsed {
  head: string;
  body: string;
  events: { eventId: string; deviceId: string; properties: { quantity: number; note: string } }[];
}

function parsed(request: Buffer): Parsed {
  const [head = "", body = ""] = request.toString("latin1").split("\r\n\r\n");
  const json = JSON.parse(body);
  return { head, body, events: json.batch ?? [json] };
}

function requests(shape: Partial<{ seed: number; events: number; visitors: number }>) {
  return new Requests({ seed: 1, events: 1, visitors: 4, ...shape }, "127.0.0.1:1", NOW);
}

test("the same seed sends the same bytes, another seed others", () => {
  assert.deepEqual(requests({ seed: 7 }).at(5), requests({ seed: 7 }).at(5));
  assert.notDeepEqual(requests({ seed: 7 }).at(5), requests({ seed: 8 }).at(5));
});

test("every event has an id of its own, and the payload that of its first event", () => {
  const sent = requests({ events: 3 });
  const ids = new Set<string>();
  for (let index = 0; index < 50; index++) {
    const { head, events } = parsed(sent.at(index));
    for (const { eventId } of events) ids.add(eventId.slice(-12));
    assert.ok(head.includes(`?id=${events[0]?.eventId}&`));
  }
  assert.equal(ids.size, 150);
});

test("a request announces the length that it has, about 1.4 kB at one event", () => {
  for (const events of [1, 5, 20]) {
    const { head, body } = parsed(requests({ events }).at(3));
    assert.ok(head.endsWith(`content-length: ${body.length}`));
    const perEvent = body.length / events;
    assert.ok(perEvent > 1350 && perEvent < 1450, `${perEvent}`);
  }
});

test("visitors take turns, and a request is about one of them", () => {
  const sent = requests({ events: 5, visitors: 4 });
  const devices = (index: number) => parsed(sent.at(index)).events.map(({ deviceId }) => deviceId);
  assert.equal(new Set([0, 1, 2, 3].flatMap(devices)).size, 4);
  assert.deepEqual(devices(0), devices(4));
});

test("the vendors find each event's number in whatever form it comes", () => {
  const events = [10, 11, 12].flatMap((index) => parsed(requests({ events: 2 }).at(index)).events);
  const body = Buffer.from(JSON.stringify({ events: events.map(({ properties }) => properties) }));
  assert.deepEqual([...numbers(body)], [20, 21, 22, 23, 24, 25]);
});

test("an answer counts when it is whole", () => {
  const wholes = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
  ];
  for (const whole of wholes) {
    assert.equal(status(whole), 200);
    for (let end = 0; end < whole.length; end++) {
      assert.equal(status(whole.slice(0, end)), undefined, whole.slice(0, end));
    }
  }
  assert.equal(status("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"), 503);
});
