// Amplitude, HTTP V2.
// https://amplitude.com/docs/apis/analytics/http-v2

import {
  isObject,
  type JsonObject,
  jsonReply,
  objectsOf,
  type Reply,
  seen,
  unknownCall,
  type Vendor,
} from "./vendor.ts";

const PATH = "/2/httpapi";

/** A body is smaller than this. */
const BYTES_LIMIT = 1_000_000;
/** A body has fewer events than this. */
const EVENTS_LIMIT = 2000;

/** Ids that stand for nobody; a request with one is refused. */
const REFUSED_IDS = new Set([
  "anonymous",
  "nil",
  "none",
  "null",
  "n/a",
  "na",
  "undefined",
  "unknown",
  "",
  "00000000-0000-0000-0000-000000000000",
  "{}",
  "lmy47d",
  "0",
  "-1",
]);

const RESERVED_EVENTS = new Set([
  "[Amplitude] Start Session",
  "[Amplitude] End Session",
  "[Amplitude] Revenue",
  "[Amplitude] Revenue (Verified)",
  "[Amplitude] Revenue (Unverified)",
  "[Amplitude] Merged User",
]);

export const amplitude: Vendor = {
  name: "amplitude",
  title: "Amplitude",
  judge(call) {
    if (call.method !== "POST" || call.path !== PATH) return unknownCall(call, PATH);
    const body = isObject(call.json) ? call.json : {};
    return {
      reply: answer(call.json, Buffer.byteLength(call.body), call.receivedAt),
      events: objectsOf(body.events).map((event) =>
        seen(event, "event_type", "event_properties", event.insert_id),
      ),
      remarks: [],
    };
  },
};

function answer(json: unknown, bytes: number, now: number): Reply {
  if (bytes >= BYTES_LIMIT) return refuse(413, "Payload too large");
  if (!isObject(json)) return refuse(400, "Invalid JSON request body");
  if (typeof json.api_key !== "string" || json.api_key === "") {
    return refuse(400, "Request missing required field", { missing_field: "api_key" });
  }
  const { events } = json;
  if (!Array.isArray(events) || events.length === 0) {
    return refuse(400, "Request missing required field", { missing_field: "events" });
  }
  if (events.length >= EVENTS_LIMIT) return refuse(413, "Payload too large");

  const options = isObject(json.options) ? json.options : {};
  const shortest = typeof options.min_id_length === "number" ? options.min_id_length : 5;
  const faults = new Faults();
  events.forEach((event, i) => {
    check(isObject(event) ? event : {}, i, shortest, faults);
  });
  if (faults.any) return refuse(400, "Invalid or missing fields on some events", faults.lists);
  return jsonReply(200, {
    code: 200,
    events_ingested: events.length,
    payload_size_bytes: bytes,
    server_upload_time: now,
  });
}

function check(event: JsonObject, index: number, shortest: number, faults: Faults): void {
  const name = event.event_type;
  if (name === undefined || name === "") {
    faults.add("events_with_missing_fields", "event_type", index);
  } else if (typeof name !== "string" || RESERVED_EVENTS.has(name)) {
    faults.add("events_with_invalid_fields", "event_type", index);
  }

  const given = ["user_id", "device_id"].filter((field) => event[field] != null);
  for (const field of given) {
    const id = event[field];
    if (typeof id !== "string" || REFUSED_IDS.has(id.toLowerCase())) {
      faults.add("events_with_invalid_fields", field, index);
    } else if (id.length < shortest) {
      // Amplitude takes the short id out of the event and refuses what has no other.
      if (given.length === 1) faults.add("events_with_invalid_id_lengths", field, index);
    }
  }
  if (given.length === 0) {
    faults.add("events_with_missing_fields", "user_id", index);
    faults.add("events_with_missing_fields", "device_id", index);
  }

  if (event.time !== undefined && !Number.isInteger(event.time)) {
    faults.add("events_with_invalid_fields", "time", index);
  }
  for (const field of ["event_properties", "user_properties"]) {
    if (event[field] !== undefined && !isObject(event[field])) {
      faults.add("events_with_invalid_fields", field, index);
    }
  }
}

/** Lists of event indices, by kind of fault and field, as in the documented replies. */
class Faults {
  readonly lists: Record<string, Record<string, number[]>> = {};

  get any(): boolean {
    return Object.keys(this.lists).length > 0;
  }

  add(kind: string, field: string, index: number): void {
    this.lists[kind] ??= {};
    this.lists[kind][field] ??= [];
    this.lists[kind][field].push(index);
  }
}

function refuse(code: number, error: string, details: JsonObject = {}): Reply {
  return jsonReply(code, { code, error, ...details });
}
