// Heap, server-side track API, single and bulk.
// https://developers.heap.io/reference/track-1
// https://developers.heap.io/reference/bulk-track

import {
  isObject,
  type JsonObject,
  objectsOf,
  seen,
  textReply,
  unknownCall,
  type Vendor,
} from "./vendor.ts";

const PATH = "/api/track";
const MAX_EVENTS = 1000;

/** A property's name and value are shorter than this, in characters; an event's name may be as long. */
const TEXT_LIMIT = 1024;

export const heap: Vendor = {
  name: "heap",
  title: "Heap",
  judge(call) {
    if (call.method !== "POST" || call.path !== PATH) return unknownCall(call, PATH);
    const body = isObject(call.json) ? call.json : {};
    const single = "event" in body ? [body] : [];
    const fault = refusal(call.json);
    return {
      reply: fault ? textReply(400, fault) : { status: 200 },
      events: ("events" in body ? objectsOf(body.events) : single).map((event) =>
        seen(event, "event", "properties", event.idempotency_key),
      ),
      remarks: [],
    };
  },
};

/** The first fault, which refuses the call as a whole. */
function refusal(json: unknown): string | undefined {
  if (!isObject(json)) return "postBody is not a JSON object.";
  if (typeof json.app_id !== "string" || json.app_id === "") {
    return "postBody.app_id is required and a string.";
  }
  if (json.events === undefined) return eventFault("postBody", json);
  if (!Array.isArray(json.events) || json.events.length === 0) {
    return "postBody.events is an array of events.";
  }
  if (json.events.length > MAX_EVENTS) {
    return `postBody.events has more than ${MAX_EVENTS} events.`;
  }
  for (const [i, event] of json.events.entries()) {
    const path = `postBody.events[${i}]`;
    const fault = isObject(event) ? eventFault(path, event) : `${path} is not an object.`;
    if (fault) return fault;
  }
  return undefined;
}

function eventFault(path: string, event: JsonObject): string | undefined {
  const { event: name, identity, user_id: userId, properties = {}, timestamp } = event;
  if (typeof name !== "string" || name === "" || name.length > TEXT_LIMIT) {
    return `${path}.event is a string of 1 to ${TEXT_LIMIT} characters.`;
  }
  if ((identity === undefined) === (userId === undefined)) {
    return `${path} has exactly one of identity and user_id.`;
  }
  if (identity !== undefined && !(typeof identity === "string" && /^.{1,255}$/su.test(identity))) {
    return `${path}.identity is a string of 1 to 255 characters.`;
  }
  if (userId !== undefined && !isHeapUserId(userId)) {
    return `${path}.user_id is a string that holds an integer from 0 to 2^53 - 1.`;
  }
  if (timestamp !== undefined && !isIsoTime(timestamp)) {
    return `${path}.timestamp is a time in ISO 8601.`;
  }
  const key = event.idempotency_key;
  if (key !== undefined && typeof key !== "string") {
    return `${path}.idempotency_key is a string.`;
  }
  if (!isObject(properties)) return `${path}.properties is not an object.`;
  return propertyFault(`${path}.properties`, properties);
}

function propertyFault(path: string, properties: JsonObject): string | undefined {
  for (const [name, value] of Object.entries(properties)) {
    if (name.length >= TEXT_LIMIT)
      return `${path} has a name of over ${TEXT_LIMIT - 1} characters.`;
    // Arrays are documented to be joined into one string.
    const values = Array.isArray(value) ? value : [value];
    if (!values.every((one) => typeof one === "string" || typeof one === "number")) {
      return `${path}.${name} is a string or a number.`;
    }
    if (typeof value === "string" && value.length >= TEXT_LIMIT) {
      return `${path}.${name} has over ${TEXT_LIMIT - 1} characters.`;
    }
  }
  return undefined;
}

function isHeapUserId(value: unknown): boolean {
  return typeof value === "string" && /^\d+$/.test(value) && Number.isSafeInteger(Number(value));
}

function isIsoTime(value: unknown): boolean {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;
  return typeof value === "string" && form.test(value) && !Number.isNaN(Date.parse(value));
}
