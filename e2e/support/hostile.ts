// Payloads as nobody should send them, and as some will: what a warehouse's views have to read, or to tell that they cannot.

import { below } from "./numbers.ts";

export interface Payload {
  id: string;
  /** In ms. */
  receivedAt: number;
  data: string;
  /** JSON. */
  context: string;
}

/** 2026-11-19, 12:00 UTC. */
export const NOON = 1_795_089_600_000;
export const DAY_MS = 86_400_000;

/** Names of properties that somebody has to quote, or that mean something in a path, in SQL or in a template. */
export const ODD_PROPERTIES = [
  "plain",
  "a.b",
  "it's",
  "größe",
  "[0]",
  "order",
  "b c",
  "$",
  "$.y",
  "c`d",
  "select",
  "2fa",
  "-- x",
  "e;f",
  "{{x}}",
  "日本",
  "timestamp2",
  "@p",
  "/* z",
  "r'raw'",
];

const NOT_JSON: (string | Uint8Array)[] = [
  "",
  " ",
  "not json",
  '{"event": ',
  '{"event": "x"} trailing',
  "{'event': 'x'}",
  '{event: "x"}',
  '{"event": "x" /* c */}',
  '\ufeff{"event": "after a byte order mark"}',
  '{"event": "raw\ttab"}',
  '{"event": "raw\nbreak"}',
  '{"event": "raw \u0001 control"}',
  '{"event": "raw \u0001 and cut \\ud83d"}',
  '\u0001{"event": "cut \\ud83d"}',
  '{"event": "x\\ud8',
  '{"event": "cut \\ud83d"}\\',
  '{"event": NaN}',
  '{"event": "\\x41"}',
  '{"event": "x"}\\',
  new Uint8Array([0xff, 0xfe]),
  new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
  "a\u0000b",
];

const NO_EVENTS = [
  "[]",
  "1",
  '"text"',
  "null",
  "true",
  "{}",
  '{"batch": 1, "event": "x"}',
  '{"batch": null, "event": "x"}',
  '{"batch": []}',
  '{"batch": {}}',
  '{"batch": "x"}',
  '{"batch": [1], "event": "x"}',
  '{"batch": [[{"event": "nested"}]]}',
];

const EVENTS = [
  '{"batch": [{"event": "a"}, 1, "text", null, [], {"event": "b", "eventId": "own"}, true, {"event": "c", "batch": []}]}',
  ...['""', "null", "1", '["x"]', '{"event": "x"}'].map((name) => `{"event": ${name}}`),
  '{"Event": "x", "EVENT": "y"}',
  '{"event": "first", "event": "second", "properties": {"plain": 1}, "properties": {"plain": 3}}',
  '{"event": "größe 🎉 \\ud83c\\udf89 \\u00e9 \\" \\\\ \\/ \\n\\t", "deviceId": "日本"}',
  '{"event": "\u007f\u0080"}',
  '{"event": "nul \\u0000 inside", "eventId": "a\\u0000b", "userId": "u\\u0000"}',
  // Lone surrogates, beside pairs, escaped backslashes and each other.
  '{"event": "cut \\ud83d"}',
  '{"event": "\\udc00\\ud83dx\\ud83d\\ude00"}',
  '{"event": "\\ud83d\\ud83d\\ude00"}',
  '{"event": "\\\\ud83d \\ud83d"}',
  '{"event": "\\uD83D", "properties": {"plain": "\\uDE00\\uD83D", "a.b": "\\ud83d\\ude00", "it\'s": "\\\\\\ud83d"}}',
  '{"event": "\\ud83d", "\\ud83d": 1}',
  '{"batch": [{"event": "cut \\ud83d"}, {"event": "whole"}]}',
];

const EVENT_IDS = [
  '"a"',
  '""',
  '"A-b_9"',
  `"${"x".repeat(64)}"`,
  `"${"x".repeat(65)}"`,
  '"a b"',
  '"a.b"',
  '"é"',
  '"a\\n"',
  '"a\\nb"',
  "1",
  "null",
  "true",
  '["a"]',
  '"🎉"',
].map((id, i) => `{"event": "eventId ${i}", "eventId": ${id}}`);

const IDS = [
  ...["5", "-5", "0", "1.5", "1.0", "1e3", "123456789012345678", "9007199254740993", '"5"'],
  ...["true", "false", "null", '""', '" "', '"x"', "[]", "{}", `"${"long ".repeat(2_000)}"`],
].map((id, i) => `{"event": "ids ${i}", "deviceId": ${id}, "userId": ${id}, "sessionId": ${id}}`);

/** 32 and 16 digits of traceparents. */
const [TRACE, SPAN] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];

const TRACES = [
  ...[`"00-${TRACE}-${SPAN}-01"`, `"00-${TRACE}-${SPAN}-00"`, `"cc-${TRACE}-${SPAN}-01"`],
  ...[`"cc-${TRACE}-${SPAN}-01-é\n"`, `"cc-${TRACE}-${SPAN}-01.x"`, `"0a-${TRACE}-${SPAN}-ff"`],
  ...[`"ff-${TRACE}-${SPAN}-01"`, `"00-${TRACE}-${SPAN}-01-"`, `"00-${TRACE}-${SPAN}-01\n"`],
  ...[`"00-${"0".repeat(32)}-${SPAN}-01"`, `"00-${TRACE}-${"0".repeat(16)}-01"`],
  ...[`"00-${TRACE.toUpperCase()}-${SPAN}-01"`, `"00-${TRACE}${SPAN}--01"`, `"00-${TRACE}"`],
  ...['""', "null", "7", `["00-${TRACE}-${SPAN}-01"]`],
].map((place, i) => `{"event": "trace ${i}", "traceparent": ${place}}`);

const VALUES = [
  ...["0", "-0", "1", "-1.5", "0.1", "12.50", "1e3", "1E+2", "1e-7", "1e300", "123456789012345"],
  ...["3.141592653589793", "0.30000000000000004", "true", "false", "null", '""', '" "', '"true"'],
  ...['"1"', '"null"', '"it\'s \\"quoted\\" \\\\ `"', '"a\\u0000b"', "[]", "{}"],
  ...['[1, "two", null, true, {"a": [1.5]}]', '{"z": 1, "a": {"b": null}}'],
  `"${"é🎉".repeat(5_000)}"`,
].map((value, i) => `{"event": "value ${i}", "properties": {"plain": ${value}, "x": ${value}}}`);

const PROPERTIES = [
  ...["null", "1", "[]", '"x"', "{}"].map((one) => `{"event": "e", "properties": ${one}}`),
  JSON.stringify({
    event: "odd names",
    properties: Object.fromEntries(ODD_PROPERTIES.map((name) => [name, `value of ${name}`])),
  }),
  JSON.stringify({
    event: "odd names beside their parts",
    properties: {
      a: { b: "wrong" },
      x: "wrong",
      0: "wrong",
      $: { x: "wrong" },
      "a.b": "right",
      "$.x": "right",
      "[0]": "right",
    },
  }),
  JSON.stringify({ event: "none of ours", properties: { PLAIN: 1, "plain ": 2 } }),
  `{"event": "deep", "properties": {"plain": ${"[".repeat(100)}${"]".repeat(100)}}}`,
];

const TIMESTAMPS = [
  ...[NOON, NOON - 5_000, NOON + 5_000, NOON - 40 * DAY_MS, NOON - 30 * DAY_MS],
  ...[NOON - 30 * DAY_MS - 1, 0, -1, 1.5, `${NOON}`, null, true, [], {}, 1e15, 1e18],
  ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1],
];
const SENT_AT = [
  ...[undefined, NOON, NOON + 60_000, NOON + 60_001, NOON - 60_000, NOON - 60_001],
  ...[NOON + 3_600_000, 0, -1, 9.2e18, -9.2e18],
];

/** Of these every warehouse shows the same. */
export function hostilePayloads(): Payload[] {
  const payloads: Payload[] = [];
  const add = (body: string | Uint8Array, receivedAt = NOON, context: object = {}, id = "") => {
    const isText = typeof body === "string" && !body.includes("\u0000");
    payloads.push({
      id: id || `p${payloads.length}`,
      receivedAt,
      // As Dispatcher keeps them.
      data: isText ? body : Buffer.from(body).toString("base64"),
      context: JSON.stringify(isText ? context : { ...context, encoding: "base64" }),
    });
  };
  const bodies = [NOT_JSON, NO_EVENTS, EVENTS, EVENT_IDS, IDS, VALUES, PROPERTIES].flat();
  for (const [i, body] of bodies.entries()) {
    add(body, NOON + i, { ip: "203.0.113.0", userAgent: 'it\'s "quoted" \\ 🎉' });
  }
  for (const [i, body] of TRACES.entries()) {
    const traceparent = `00-${TRACE.replaceAll("4", "5")}-${SPAN}-00`;
    add(body, NOON + i, i % 2 ? { traceparent } : {});
  }
  add(new Uint8Array([0x1f, 0x8b, 1, 2]), NOON, { contentEncoding: "gzip" });
  add("eyJldmVudCI6ICJ4In0=", NOON, { encoding: "base64" });
  for (const timestamp of TIMESTAMPS) {
    for (const sentAt of SENT_AT) {
      add(JSON.stringify({ event: "time", timestamp }), NOON, { sentAt });
    }
  }
  // An event id that comes again: in a batch, in other payloads of the day, on the next day, on either side of midnight.
  add('{"batch": [{"event": "1", "eventId": "again"}, {"event": "2", "eventId": "again"}]}');
  add('{"event": "3", "eventId": "again"}', NOON + 7);
  add('{"event": "before", "eventId": "again"}', NOON - 7);
  add('{"event": "next day", "eventId": "again"}', NOON + DAY_MS);
  add('{"event": "before midnight", "eventId": "midnight"}', NOON + DAY_MS / 2 - 1);
  add('{"event": "after midnight", "eventId": "midnight"}', NOON + DAY_MS / 2);
  // The same payload on another day.
  add('{"event": "same"}', NOON, {}, "same");
  add('{"event": "same"}', NOON + 2 * DAY_MS, {}, "same");
  const [text, json] = [pieces(), values()];
  for (let i = 0; i < 200; i += 1) add(text(), NOON + 100_000 + i);
  for (let i = 0; i < 200; i += 1) {
    add(JSON.stringify(json()), NOON + 200_000 + i, i % 2 ? {} : { sentAt: NOON + i * 700 });
  }
  return payloads;
}

/**
 * Numbers and depths at the end of what a parser takes, which is not the same for all: D1 shows a part of what the others call
 * no JSON. Each has a row all the same, and breaks no query.
 */
export function extremePayloads(): Payload[] {
  const bodies: [data: string, sentAt?: string][] = [];
  const numbers = [
    ...["-9223372036854775808", "9223372036854775807", "18446744073709551615"],
    ...["99999999999999999999", "1e400", "-0.0", "1e-400"],
  ];
  for (const number of numbers) {
    const ids = `"timestamp": ${number}, "deviceId": ${number}`;
    const data = `{"event": "e", ${ids}, "properties": {"plain": ${number}}}`;
    bodies.push([data], ...numbers.slice(0, 4).map((sentAt): [string, string] => [data, sentAt]));
  }
  for (const depth of [127, 128, 499, 500, 501, 990, 1000, 1010, 20_000]) {
    const nested = "[".repeat(depth) + "]".repeat(depth);
    const event = `{"event": "e", "properties": {"plain": ${nested}}}`;
    bodies.push([event], [`{"batch": [${event}]}`], [nested]);
  }
  // The emulator's parser, unlike BigQuery's, takes a comma before what closes.
  bodies.push(['{"event": "x",}'], ['{"batch": [{"event": "x"},]}']);
  return bodies.map(([data, sentAt], i) => ({
    id: `x${i}`,
    receivedAt: NOON,
    data,
    context: sentAt ? `{"sentAt": ${sentAt}}` : "{}",
  }));
}

/** Texts of pieces of JSON, which now and then are JSON; the same in every run. */
function pieces(): () => string {
  const random = below(42);
  const all = [
    ...["{", "}", "[", "]", ",", ":", '"', '"event"', '"batch"', '"eventId"', '"timestamp"', "1"],
    ...['"properties"', '"plain"', "-", "1.5", "null", "true", "\\", "\\ud83d", "\\u00e9", " "],
    ...["x", "\n"],
  ];
  const text = (): string => {
    const some = Array.from({ length: 1 + random(12) }, () => all[random(all.length)]).join("");
    const data = random(2) ? some : `{"event": "e", ${some}}`;
    // See `extremePayloads`.
    return /,\s*[}\]]/.test(data) ? text() : data;
  };
  return text;
}

/** JSON with the members of events anywhere; the same in every run. */
function values(): () => unknown {
  const random = below(43);
  const ids = ["event", "eventId", "deviceId", "userId", "sessionId"];
  const members = [...ids, "timestamp", "properties", "batch", ...ODD_PROPERTIES];
  const member = (depth: number) => [members[random(members.length)], value(depth)];
  const kinds: ((depth: number) => unknown)[] = [
    () => null,
    () => random(2) === 1,
    () => random(1000) - 500,
    () => random(1000) / 8,
    () => "text".repeat(random(3)),
    () => "é\"\\'`\u2028"[random(6)],
    (depth) => Array.from({ length: random(3) }, () => value(depth - 1)),
    (depth) => Object.fromEntries(Array.from({ length: random(6) }, () => member(depth - 1))),
  ];
  const value = (depth: number): unknown => kinds[random(depth > 0 ? 8 : 6)]?.(depth);
  return () => value(4);
}
