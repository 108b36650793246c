// Google Analytics 4, Measurement Protocol.
// https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference
// https://developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events

import { type Finding, findings } from "./ga4-rules.ts";
import {
  isObject,
  type JsonObject,
  type Judgement,
  jsonReply,
  objectsOf,
  seen,
  unknownCall,
  type Vendor,
  type VendorCall,
} from "./vendor.ts";

const COLLECT = "/mp/collect";
const DEBUG = "/debug/mp/collect";

export const ga4: Vendor = {
  name: "ga4",
  title: "Google Analytics 4",
  judge(call) {
    if (call.method !== "POST" || (call.path !== COLLECT && call.path !== DEBUG)) {
      return unknownCall(call, call.path === DEBUG ? DEBUG : COLLECT);
    }
    const found = findings(call.body, call.json, call.receivedAt);
    const body = isObject(call.json) ? call.json : {};
    const events = objectsOf(body.events).map((event) =>
      seen(event, "name", "params", keyOf(body, event)),
    );
    if (call.path === COLLECT) return { ...collect(call, found), events };
    const reply = jsonReply(200, { validationMessages: found });
    return { reply, events, remarks: [], isRehearsal: true };
  },
};

/**
 * GA4 has no dedupe key. An attempt that repeats an event repeats its visitor, time, name and page, and
 * two events rarely share them all; without a time they may.
 */
function keyOf(
  { client_id }: JsonObject,
  { timestamp_micros, name, params }: JsonObject,
): string | undefined {
  if (timestamp_micros === undefined) return undefined;
  const page = isObject(params) ? params.page_location : undefined;
  return [client_id, timestamp_micros, name, page].join(" ");
}

/** The real endpoint answers 204 to anything. What it would drop is said in remarks. */
function collect(call: VendorCall, found: Finding[]): Pick<Judgement, "reply" | "remarks"> {
  const missing = ["measurement_id", "api_secret"].filter((name) => !call.query.get(name));
  return {
    reply: { status: 204 },
    remarks: [
      ...missing.map((name) => `The query has no ${name}: GA4 would drop all of this.`),
      ...found.map(({ fieldPath, description }) => `${fieldPath || "body"}: ${description}`),
    ],
  };
}
