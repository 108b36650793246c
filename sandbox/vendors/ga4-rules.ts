// The documented rules for a Measurement Protocol body, in the form in which the validation endpoint
// reports them. Strings and names are counted in characters.

import { isObject, type JsonObject } from "./vendor.ts";

export interface Finding {
  fieldPath: string;
  description: string;
  validationCode:
    | "VALUE_INVALID"
    | "VALUE_REQUIRED"
    | "NAME_INVALID"
    | "NAME_RESERVED"
    | "VALUE_OUT_OF_BOUNDS"
    | "EXCEEDED_MAX_ENTITIES";
}

const MAX_BODY_BYTES = 130_000;
const MAX_EVENTS = 25;
const MAX_PARAMS = 25;
const MAX_USER_PROPERTIES = 25;
const MAX_AGE_MS = 72 * 60 * 60 * 1000;

/** Longest values of params; 100 for those that are not named. */
const MAX_VALUE: Record<string, number> = {
  page_title: 300,
  page_referrer: 420,
  page_location: 1000,
};

// Letters of any script: https://support.google.com/analytics/answer/13316687
const NAME = /^\p{L}[\p{L}\p{N}_]*$/u;
const RESERVED_PREFIX = /^(_|firebase_|ga_|google_|gtag\.)/;

const RESERVED_EVENTS = new Set(
  `ad_activeview ad_click ad_exposure ad_query ad_reward adunit_exposure app_clear_data app_exception
  app_install app_remove app_store_refund app_update app_upgrade dynamic_link_app_open
  dynamic_link_app_update dynamic_link_first_open error firebase_campaign
  firebase_in_app_message_action firebase_in_app_message_dismiss firebase_in_app_message_impression
  first_open first_visit notification_dismiss notification_foreground notification_open
  notification_receive notification_send os_update session_start user_engagement`.split(/\s+/),
);

/** Valid for app streams only, and this is a web stream. */
const APP_EVENTS = new Set(["ad_impression", "in_app_purchase", "screen_view"]);

const RESERVED_USER_PROPERTIES = new Set([
  "first_open_time",
  "first_visit_time",
  "last_deep_link_referrer",
  "user_id",
  "first_open_after_install",
]);

/** What is wrong with a body received at `now` (ms); nothing for one that GA4 takes as it is. */
export function findings(body: string, json: unknown, now: number): Finding[] {
  const found: Finding[] = [];
  const say: Say = (validationCode, fieldPath, description) =>
    found.push({ fieldPath, description, validationCode });

  if (!isObject(json)) {
    say("VALUE_INVALID", "", "The body is not a JSON object.");
    return found;
  }
  if (Buffer.byteLength(body) >= MAX_BODY_BYTES) {
    say("VALUE_OUT_OF_BOUNDS", "", `A body has fewer than ${MAX_BODY_BYTES} bytes.`);
  }
  if (json.client_id === undefined || json.client_id === "") {
    say("VALUE_REQUIRED", "client_id", "A web stream needs a client_id.");
  } else if (typeof json.client_id !== "string") {
    say("VALUE_INVALID", "client_id", "The client_id is a string.");
  }
  if (json.user_id !== undefined && (typeof json.user_id !== "string" || json.user_id === "")) {
    say("VALUE_INVALID", "user_id", "The user_id is a string that is not empty, or left out.");
  }
  time(say, "timestamp_micros", json.timestamp_micros, now);
  if (json.user_properties !== undefined) userProperties(say, json.user_properties);
  if (!Array.isArray(json.events) || json.events.length === 0) {
    say("VALUE_REQUIRED", "events", "A request has at least one event.");
    return found;
  }
  if (json.events.length > MAX_EVENTS) {
    say("EXCEEDED_MAX_ENTITIES", "events", `A request has at most ${MAX_EVENTS} events.`);
  }
  json.events.forEach((event, i) => {
    checkEvent(say, `events[${i}]`, event, now);
  });
  return found;
}

type Say = (code: Finding["validationCode"], fieldPath: string, description: string) => void;

function checkEvent(say: Say, path: string, event: unknown, now: number): void {
  if (!isObject(event)) {
    say("VALUE_INVALID", path, "An event is an object.");
    return;
  }
  const { name, params } = event;
  if (typeof name !== "string" || name === "") {
    say("VALUE_REQUIRED", `${path}.name`, "An event has a name.");
  } else {
    checkName(say, `${path}.name`, name, 40);
    if (RESERVED_EVENTS.has(name) || APP_EVENTS.has(name)) {
      say("NAME_RESERVED", `${path}.name`, `Events of a web stream are not named ${name}.`);
    }
  }
  time(say, `${path}.timestamp_micros`, event.timestamp_micros, now);
  if (isObject(params)) checkParams(say, `${path}.params`, params);
  else if (params !== undefined) {
    say("VALUE_INVALID", `${path}.params`, "Params are an object.");
  }
}

function checkParams(say: Say, path: string, params: JsonObject): void {
  const names = Object.keys(params);
  if (names.length > MAX_PARAMS) {
    say("EXCEEDED_MAX_ENTITIES", path, `An event has at most ${MAX_PARAMS} params.`);
  }
  for (const name of names) {
    const at = `${path}.${name}`;
    checkName(say, at, name, 40);
    if (RESERVED_PREFIX.test(name)) {
      say("NAME_RESERVED", at, "The name or its prefix is reserved.");
    }
    const value = params[name];
    if (name === "items" ? !Array.isArray(value) : !isScalar(value)) {
      say("VALUE_INVALID", at, "A param is a string or a number; items is an array.");
    } else if (typeof value === "string" && [...value].length > (MAX_VALUE[name] ?? 100)) {
      say("VALUE_OUT_OF_BOUNDS", at, `The value has over ${MAX_VALUE[name] ?? 100} characters.`);
    }
    if (name === "session_id" && !/^\d+$/.test(String(value))) {
      say("VALUE_INVALID", at, "The session_id is digits.");
    }
  }
}

function userProperties(say: Say, properties: unknown): void {
  if (!isObject(properties)) {
    say("VALUE_INVALID", "user_properties", "User properties are an object.");
    return;
  }
  const entries = Object.entries(properties);
  if (entries.length > MAX_USER_PROPERTIES) {
    const description = `There are at most ${MAX_USER_PROPERTIES} user properties.`;
    say("EXCEEDED_MAX_ENTITIES", "user_properties", description);
  }
  for (const [name, property] of entries) {
    const at = `user_properties.${name}`;
    checkName(say, at, name, 24);
    if (RESERVED_USER_PROPERTIES.has(name) || RESERVED_PREFIX.test(name)) {
      say("NAME_RESERVED", at, "The name or its prefix is reserved.");
    }
    const value = isObject(property) ? property.value : undefined;
    if (!isScalar(value)) say("VALUE_INVALID", at, "A user property is {value: string or number}.");
    else if (String(value).length > 36) {
      say("VALUE_OUT_OF_BOUNDS", at, "The value has over 36 characters.");
    }
  }
}

function checkName(say: Say, path: string, name: string, longest: number): void {
  if (!NAME.test(name) || name.length > longest) {
    const rule = `a letter, then letters, digits and underscores, ${longest} at most`;
    say("NAME_INVALID", path, `A name is ${rule}.`);
  }
}

/** Older times are moved to 72 hours ago by default, which is rarely what was meant. */
function time(say: Say, path: string, micros: unknown, now: number): void {
  if (micros === undefined) return;
  if (typeof micros !== "number" || !Number.isInteger(micros)) {
    say("VALUE_INVALID", path, "A timestamp_micros is an integer of microseconds.");
  } else if (micros / 1000 < now - MAX_AGE_MS) {
    say("VALUE_OUT_OF_BOUNDS", path, "The time is more than 72 hours ago.");
  }
}

function isScalar(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
