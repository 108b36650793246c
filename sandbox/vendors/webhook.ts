// A webhook that takes only signed requests.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import {
  isObject,
  jsonReply,
  objectsOf,
  type SeenEvent,
  unknownCall,
  type Vendor,
  type VendorCall,
} from "./vendor.ts";

/** The signing secret where none is given: base64 of `sparrow-sandbox-webhook-key`. */
export const WEBHOOK_SECRET = "whsec_c3BhcnJvdy1zYW5kYm94LXdlYmhvb2sta2V5";

/** How far the time of an attempt may be from ours, in seconds. */
const TOLERANCE = 5 * 60;

export function webhook(secret: string): Vendor {
  const key = createSecretKey(secret.replace(/^whsec_/, ""), "base64");
  return {
    name: "webhook",
    title: "Webhook",
    judge(call) {
      if (call.method !== "POST" || call.path !== "") return unknownCall(call, "");
      const fault = signatureFault(call, key);
      return {
        reply: fault ? jsonReply(401, { error: fault }) : jsonReply(200, { ok: true }),
        events: eventsOf(call),
        remarks: [fault ? `Signature invalid: ${fault}` : "Signature valid."],
      };
    },
  };
}

/** Why the signature does not hold; undefined for one that does. */
function signatureFault(
  { headers, body, receivedAt }: VendorCall,
  key: KeyObject,
): string | undefined {
  const {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures,
  } = headers;
  if (typeof id !== "string" || id === "") return "webhook-id is missing.";
  if (typeof timestamp !== "string" || !/^\d+$/.test(timestamp)) {
    return "webhook-timestamp is missing or not in whole seconds.";
  }
  if (typeof signatures !== "string") return "webhook-signature is missing.";
  if (Math.abs(receivedAt / 1000 - Number(timestamp)) > TOLERANCE) {
    return `webhook-timestamp is more than ${TOLERANCE} seconds from now.`;
  }
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  // Several may be sent while a key is replaced; one that holds is enough.
  const holds = signatures.split(" ").some((signature) => {
    if (!signature.startsWith("v1,")) return false;
    const given = Buffer.from(signature.slice(3), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return holds ? undefined : "no signature in webhook-signature is that of this body.";
}

/**
 * A webhook has no format of its own: one event, an array of them, `{events}` or `{batch}`; what
 * describes an event is in `properties`, in `data.properties` or in `data`. The `webhook-id` is the key of
 * the request, and so of an event that comes alone.
 */
function eventsOf({ json, headers }: VendorCall): SeenEvent[] {
  const body = isObject(json) ? json : {};
  const list = [json, body.events, body.batch].find(Array.isArray);
  const id = headers["webhook-id"];
  const key = list === undefined && typeof id === "string" ? { key: id } : {};
  return (list ? objectsOf(list) : isObject(json) ? [json] : []).map((event) => {
    const name = [event.event, event.name, event.type].find((value) => typeof value === "string");
    const data = isObject(event.data) ? event.data : {};
    const properties = [event.properties, data.properties, data].find(isObject);
    return { name: name ?? "(no name)", properties: properties ?? {}, ...key };
  });
}
