// What was dropped from events or altered in them, as shards write it, and as none should. Rows have their values in the order
// of the columns; see `event/src/account.rs` and `event/src/outcome.rs`.

import { DAY_MS, NOON } from "./hostile.ts";
import type { Batch } from "./inserts.ts";

/** Names that are told of a day under a rule. */
export const MAX_NAMES = 1_000;

/** The day on which there are more. */
export const FLOODED = "2026-11-24";

interface Change {
  field: string;
  rule: string;
  found?: string[];
  count?: number;
}

interface Delivery {
  payload: string;
  idx?: number;
  event?: string;
  tracker?: string;
  /** Why it was filtered; else it was delivered. */
  reason?: string;
  /** JSON, or a text that is to be some. */
  changes?: Change[] | string | null;
  policy?: string | null;
  run?: string;
  /** Of receipt, days after the first. */
  day?: number;
}

const RULES: Omit<Change, "field">[] = [
  ...["not_allowed", "wrong_type", "not_in_enum", "too_long", "out_of_range", "no_match"],
  ...["too_many", "too_deep", "drop", "no_key", "reduced", "malformed"],
].map((rule) => ({ rule }));
RULES.push({ rule: "hashed" }, { rule: "hashed", found: ["email"] });
RULES.push({ rule: "scrubbed", found: ["card", "email"] }, { rule: "personal", found: ["card"] });
RULES.push({ rule: "more", count: 17 });

const FIELDS = ["properties.productName", "properties.tags[]", "userId", "context.url"];

/** Names as nobody should send them, with what tells texts apart in one warehouse and not in another. */
const NAMES = [
  ...[
    "",
    " ",
    "a",
    "A",
    "ä",
    "a\u0308",
    "日本",
    "it's",
    '"quoted"',
    "back\\slash",
    "`tick`",
    "%_*?[a]",
  ],
  ...[
    "line\nbreak",
    "tab\t",
    "nul\u0000inside",
    "\u007f",
    "\u2028",
    "🎉",
    "\uffee",
    "x".repeat(64),
  ],
  ...[
    "event",
    "event.x",
    "(others)",
    "(not allowed)",
    "null",
    "NULL",
    "0",
    "{{x}}",
    "-- x",
    "/* y",
  ],
  ...["[email]", "$.x", "@p", ";", "'; DROP TABLE deliveries"],
];

const NO_CHANGES = [
  ...[
    "",
    " ",
    "x",
    "{",
    "[",
    "1",
    "null",
    "true",
    '"text"',
    "[]",
    "{}",
    "\ufeff[]",
    "[[]]",
    "[[[1]]]",
  ],
  ...[
    '{"field": "f", "rule": "drop"}',
    '[{"field": "f"}]',
    '[{"rule": "drop"}]',
    '[1, "a", null, {}]',
  ],
  ...[
    '[{"field": 1, "rule": "drop"}]',
    '[{"field": "f", "rule": null}]',
    '[{"field": "f", "rule": [1]}]',
  ],
  ...['[{"field": "f", "rule": "drop"}', '[{"field": "f", "rule": "drop"}] x', "[{'field': 'f'}]"],
  ...['[[{"field": "f", "rule": "drop"}]]', '[{"Field": "f", "RULE": "drop"}]'],
];

/** One that is told among others that are none. */
const HALF =
  '[1, {"field": "half", "rule": "drop", "count": "x", "found": 3}, null, {"field": {}}]';

/** The same in every run. */
export function changes(): Batch[] {
  const deliveries = [
    ...[...everyRule(), ...notAllowed(), ...runs(), ...again()],
    ...[...malformed(), ...flood()],
  ];
  return [["deliveries", deliveries.map(row)]];
}

function everyRule(): Delivery[] {
  const told = FIELDS.flatMap((field) => RULES.map((rule) => ({ field, ...rule })));
  return told.flatMap((change, i) =>
    // Twice in the event, which goes to several trackers.
    ["ga4", "heap", "webhook"].slice(0, 1 + (i % 3)).map((tracker) => ({
      payload: `rule-${i % 40}`,
      idx: i % 7,
      event: "purchase product",
      tracker,
      changes: [change, { field: "properties.coupon", rule: "not_allowed" }, change],
      policy: i % 5 ? "1-a" : null,
      day: i % 2,
    })),
  );
}

function notAllowed(): Delivery[] {
  const events = NAMES.map((name, i): Delivery => {
    const changes = [{ field: `event.${name}`, rule: "not_allowed" }];
    return { payload: `event-${i}`, event: "(not allowed)", reason: "not_allowed", changes };
  });
  const properties = NAMES.map((name, i): Delivery => {
    const changes = [{ field: `properties.${name}`, rule: "not_allowed" }];
    return { payload: `property-${i}`, event: "sign up", changes };
  });
  const more = [{ field: "properties", rule: "more", count: 1 }];
  const dropped = [{ field: "userId", rule: "drop" }];
  const others: Omit<Delivery, "payload">[] = [
    { event: "(not allowed)", reason: "not_allowed", changes: null },
    { event: "(not allowed)", reason: "not_allowed", changes: more },
    ...NO_CHANGES.map((changes) => ({ event: "(not allowed)", reason: "not_allowed", changes })),
    { event: "(not allowed)", reason: "source", changes: null },
    { event: "sign up", reason: "not_allowed", changes: dropped },
    { event: "sign up", reason: "not_for_tracker", changes: dropped },
    { event: "(malformed)", reason: "malformed", changes: null },
  ];
  return [...events, ...properties, ...others.map((of, i) => ({ ...of, payload: `kept-${i}` }))];
}

/** Later ones are those that count, whatever they say. */
function runs(): Delivery[] {
  const changes = [{ field: "properties.note", rule: "not_allowed" }];
  const live = { event: "replayed", changes };
  const replay = { ...live, run: "replay:1", policy: "2-b" };
  return [
    { ...live, payload: "allowed-meanwhile" },
    { ...replay, payload: "allowed-meanwhile", changes: null },
    { ...live, payload: "dropped-meanwhile", tracker: "heap" },
    { ...replay, payload: "dropped-meanwhile", changes: [{ field: "userId", rule: "drop" }] },
    { ...live, payload: "as-before", tracker: "heap" },
    { ...replay, payload: "as-before" },
    { ...live, payload: "as-before", day: 1 },
    { ...live, payload: "as-before", idx: 1 },
  ];
}

/** The name of an event that is sent in three payloads. The first one counts. */
export const REPEATED = "sent again";

function again(): Delivery[] {
  const changes = [{ field: "userId", rule: "drop" }];
  const first = { event: REPEATED, changes, day: 6 };
  const again = { ...first, reason: "duplicate" };
  const elsewhere = { ...first, reason: "not_for_tracker", tracker: "webhook" };
  return [
    { ...first, payload: "first" },
    { ...elsewhere, payload: "first" },
    { ...again, payload: "second" },
    { ...elsewhere, payload: "second" },
    { ...again, payload: "third" },
    { ...first, payload: "third", run: "replay:1" },
  ];
}

function malformed(): Delivery[] {
  return [...NO_CHANGES, HALF].map((changes, i) => ({ payload: `odd-${i}`, changes }));
}

/** More names than are told, one of them under two policies, and as many with each count. */
function flood(): Delivery[] {
  const names = Array.from(
    { length: MAX_NAMES },
    (_, i) => `properties.made up ${(i * 7919) % 1_009}`,
  );
  const day = 5;
  const told = [...names, ...NAMES.map((name) => `properties.${name}`)].flatMap((field, i) =>
    Array.from({ length: i % 50 ? 1 : 2 }, (_, idx): Delivery => {
      const policy = idx ? "2-b" : "1-a";
      return { payload: `flood-${i}`, idx, policy, day, changes: [{ field, rule: "not_allowed" }] };
    }),
  );
  return [...told, { payload: "flood-drop", day, changes: [{ field: "userId", rule: "drop" }] }];
}

function row(of: Delivery, seq: number): unknown[] {
  const { payload, idx = 0, event = "look", tracker = "ga4", reason = null } = of;
  const { changes = null, policy = "1-a", run = "live", day = 0 } = of;
  const outcome = reason ? ["filtered", reason, null, 0] : ["delivered", null, 200, 1];
  const receivedAt = NOON + day * DAY_MS;
  const made = [changes, policy, "0.1.0", run, 7, seq];
  const ids = [payload, idx, `${payload}.${idx}`, event, tracker];
  return [...ids, ...outcome, ...made, receivedAt, receivedAt + 1_000];
}
