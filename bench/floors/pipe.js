// The floor with work in it: Sparrow's inputs and outputs, and no logic between them.
//
// A payload goes into a SQLite Durable Object and is answered once it is durable. Every 100 ms, or as soon as
// 500 wait, a batch goes to the three vendors and to the warehouse, and is deleted. There is no allowlist, no
// scrubber, no check of anything, no retry. What a limit of a vendor or of D1 makes necessary is there: batches
// are cut where their requests or statements would not be taken.

import { DurableObject } from "cloudflare:workers";

/** Payloads of a batch. */
const BATCH = 500;
/** Longest wait for a batch, in ms. */
const INTERVAL_MS = 100;
/** Calls open at once to a vendor: what the platform lets through. */
const CALLS = 6;
/** Most characters of a statement's parameter. D1 takes 2 MB; the rest is room for what is not ASCII. */
const PARAMETER = 1_500_000;

// The statements of warehouse/src/d1, to the letter.
const INSERT_RAW_BATCH = `INSERT INTO raw (eventId, timestamp, data, context)
SELECT payloadId, receivedAt, data, context
FROM (
  SELECT
    min(key),
    value ->> 0 AS payloadId,
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 1) / 1000.0, 'unixepoch') AS receivedAt,
    value ->> 2 AS data,
    value ->> 3 AS context
  FROM json_each(?1)
  GROUP BY payloadId, receivedAt
)
WHERE NOT EXISTS (SELECT 1 FROM raw WHERE eventId = payloadId AND timestamp = receivedAt)`;

const INSERT_DELIVERIES = `INSERT INTO deliveries (payloadId, idx, eventId, event, tracker, outcome, reason,
  status, attempts, changes, policy, release, run, shard, seq, receivedAt, timestamp)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
  value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14,
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 15) / 1000.0, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 16) / 1000.0, 'unixepoch')
FROM json_each(?1)
WHERE true
ON CONFLICT (shard, seq) DO NOTHING`;

const INSERT_LEDGER = `INSERT INTO ledger (shard, seq, run, day, event, tracker, received, pending, timestamp)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 8) / 1000.0, 'unixepoch')
FROM json_each(?1)
WHERE true
ON CONFLICT (shard, seq) DO NOTHING`;

const ids = new Map();

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const k = url.searchParams.get("k");
    const shard = Number.parseInt(k, 36) % env.SHARDS;
    const { headers } = request;
    const context = JSON.stringify({
      ip: headers.get("cf-connecting-ip"),
      userAgent: headers.get("user-agent"),
      referer: headers.get("referer"),
      acceptLanguage: headers.get("accept-language"),
      origin: headers.get("origin"),
      path: url.pathname,
      contentType: headers.get("content-type"),
      k,
      shard,
      sentAt: Number(url.searchParams.get("sentAt")),
    });
    if (!ids.has(shard)) ids.set(shard, env.PIPE.idFromName(`pipe-${shard}`));
    const object = env.PIPE.get(ids.get(shard));
    const body = await request.text();
    await object.append(shard, url.searchParams.get("id"), Date.now(), body, context);
    return new Response("OK");
  },
};

export class Pipe extends DurableObject {
  gathered = [];
  waiting = 0;
  flushing = false;
  seq = 0;
  received = 0;

  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS payload (seq INTEGER PRIMARY KEY, id TEXT, at INTEGER, data TEXT, context TEXT)",
    );
  }

  /** The answer leaves when the row is durable: the runtime holds it back until then. */
  append(shard, ...row) {
    this.shard = shard;
    if (this.committing) {
      this.gathered.push(row);
      return this.committing;
    }
    this.insert([row]);
    this.committing = this.commit();
  }

  /** Rows that came during a commit are the next one. */
  async commit() {
    await this.ctx.storage.sync();
    if (this.gathered.length === 0) {
      this.committing = undefined;
      return;
    }
    this.insert(this.gathered);
    this.gathered = [];
    this.committing = this.commit();
  }

  insert(rows) {
    const { sql } = this.ctx.storage;
    for (const row of rows) {
      sql.exec("INSERT INTO payload (id, at, data, context) VALUES (?, ?, ?, ?)", ...row);
    }
    this.waiting += rows.length;
    this.schedule();
  }

  schedule() {
    if (this.flushing || this.waiting === 0) return;
    if (this.waiting >= BATCH) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.flush();
    } else {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.flush();
      }, INTERVAL_MS);
    }
  }

  async flush() {
    this.flushing = true;
    const { sql } = this.ctx.storage;
    const rows = sql.exec("SELECT * FROM payload ORDER BY seq LIMIT ?", BATCH).toArray();
    const events = rows.flatMap(opened);
    await Promise.all([
      this.store(INSERT_RAW_BATCH, rows.map(rawRow)),
      this.send("amplitude", amplitude(events)),
      this.send("heap", heap(events)),
      this.send("ga4", ga4(events)),
    ]);
    await this.account(events);
    sql.exec("DELETE FROM payload WHERE seq <= ?", rows.at(-1).seq);
    this.waiting -= rows.length;
    this.flushing = false;
    this.schedule();
  }

  /** Rows as JSON into the warehouse, in as few statements as D1 takes. */
  statements(sql, rows) {
    return cut(rows, Number.POSITIVE_INFINITY, PARAMETER).map((part) =>
      this.env.D1.prepare(sql).bind(`[${part}]`),
    );
  }

  store(sql, rows) {
    return this.env.D1.batch(this.statements(sql, rows));
  }

  async send(vendor, { path, bodies }) {
    const waiting = bodies.values();
    const sender = async () => {
      for (const body of waiting) await this.call(vendor, `${this.env[vendor]}${path}`, body);
    };
    await Promise.all(Array.from({ length: Math.min(CALLS, bodies.length) }, sender));
  }

  async call(vendor, url, body) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`${vendor} answered ${response.status}`);
    await response.arrayBuffer();
  }

  /** What came of every event at every vendor, and the counters. */
  account(events) {
    const now = Date.now();
    const deliveries = [];
    const ledger = [];
    this.received += events.length;
    for (const tracker of ["amplitude", "ga4", "heap"]) {
      const status = tracker === "ga4" ? 204 : 200;
      for (const { payload, idx, event } of events) {
        this.seq += 1;
        deliveries.push(
          JSON.stringify([
            ...[payload.id, idx, event.eventId, event.event, tracker, "delivered", null, status, 1],
            ...[null, "1-00000000", "0.1.0", "live", this.shard, this.seq, payload.at, now],
          ]),
        );
      }
    }
    const day = new Date(now).toISOString().slice(0, 10);
    for (const tracker of ["amplitude", "ga4", "heap"]) {
      this.seq += 1;
      ledger.push(
        JSON.stringify([
          ...[this.shard, this.seq, "live", day, "purchase product", tracker],
          ...[this.received, 0, now],
        ]),
      );
    }
    return this.env.D1.batch([
      ...this.statements(INSERT_DELIVERIES, deliveries),
      ...this.statements(INSERT_LEDGER, ledger),
    ]);
  }
}

function rawRow({ id, at, data, context }) {
  return JSON.stringify([id, at, data, context]);
}

function opened(payload) {
  const body = JSON.parse(payload.data);
  const context = JSON.parse(payload.context);
  return (body.batch ?? [body]).map((event, idx) => ({ payload, context, idx, event }));
}

function amplitude(events) {
  const texts = events.map(({ context, event }) => {
    const [location] = event.context.url.split("?");
    return JSON.stringify({
      event_type: event.event,
      user_id: event.userId,
      device_id: event.deviceId,
      time: event.timestamp,
      insert_id: event.eventId,
      session_id: Number(event.sessionId),
      ip: context.ip,
      user_agent: context.userAgent,
      language: event.context.locale,
      event_properties: {
        "[Amplitude] Page Location": event.context.url,
        "[Amplitude] Page URL": location,
        "[Amplitude] Page Domain": "shop.example",
        "[Amplitude] Page Path": "/products/workers",
        "[Amplitude] Page Title": event.context.title,
        referrer: event.context.referrer,
        ...event.properties,
      },
    });
  });
  const bodies = cut(texts, 1000, 999_000).map(
    (part) => `{"events":[${part}],"api_key":"bench","options":{"min_id_length":1}}`,
  );
  return { path: "/2/httpapi", bodies };
}

function heap(events) {
  const texts = events.map(({ event }) =>
    JSON.stringify({
      event: event.event,
      identity: event.userId,
      timestamp: new Date(event.timestamp).toISOString(),
      idempotency_key: event.eventId,
      properties: {
        page_url: event.context.url,
        page_referrer: event.context.referrer,
        page_title: event.context.title,
        locale: event.context.locale,
        screen: event.context.screen,
        ...event.properties,
      },
    }),
  );
  const bodies = cut(texts, 1000, 999_000).map((part) => `{"events":[${part}],"app_id":"1"}`);
  return { path: "/api/track", bodies };
}

/** A request is about one visitor. */
function ga4(events) {
  const visitors = Map.groupBy(events, ({ event }) => event.deviceId);
  const bodies = [...visitors.values()].flatMap((events) => {
    const { context, event } = events[0];
    const texts = events.map(({ event }) => JSON.stringify(ga4Event(event)));
    const envelope = JSON.stringify({
      client_id: event.deviceId,
      user_id: event.userId,
      ip_override: context.ip,
      user_agent: context.userAgent,
    });
    return cut(texts, 25, 129_000).map((part) => `{"events":[${part}],${envelope.slice(1)}`);
  });
  return { path: "/mp/collect?measurement_id=G-BENCH&api_secret=bench", bodies };
}

function ga4Event(event) {
  return {
    name: event.event.replace(" ", "_"),
    timestamp_micros: event.timestamp * 1000,
    params: {
      engagement_time_msec: 1,
      session_id: event.sessionId,
      page_location: event.context.url,
      page_referrer: event.context.referrer,
      page_title: event.context.title,
      ...event.properties,
      note: event.properties.note.slice(0, 100),
    },
  };
}

/** Cuts texts into lists of at most so many, and of at most so many characters. */
function cut(texts, most, length) {
  const parts = [];
  let room = 0;
  for (const text of texts) {
    if (room < text.length || parts.at(-1).length === most) {
      parts.push([]);
      room = length;
    }
    parts.at(-1).push(text);
    room -= text.length + 1;
  }
  return parts;
}
