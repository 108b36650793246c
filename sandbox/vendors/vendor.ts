// What every vendor of the sandbox is: a pure function from a request to what the vendor would answer
// and what a person should see of it. Adding one is a file beside this one and its line in `index.ts`.

import type { IncomingHttpHeaders } from "node:http";

export interface Vendor {
  /** First part of its path, and its name in the control API. */
  name: string;
  /** Its name for people. */
  title: string;
  judge(call: VendorCall): Judgement;
}

export interface VendorCall {
  method: string;
  /** Below the vendor's own part, for example `/mp/collect`. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
  /** The body as JSON; undefined where it is none. */
  json: unknown;
  /** In ms. */
  receivedAt: number;
}

export interface Judgement {
  reply: Reply;
  /** The events found in the body, also of a request that is refused. */
  events: SeenEvent[];
  /** What a person should know and the reply does not say. */
  remarks: string[];
  /** The vendor looks at the request and keeps nothing of it. */
  isRehearsal?: true;
  /**
   * Of a vendor with a memory: does what was asked, and says what is answered instead of `reply`. Not
   * called where the vendor is made to fail before.
   */
  carryOut?: () => CarriedOut;
}

export interface CarriedOut {
  reply: Reply;
  /** Those of the events that were taken. */
  accepted: SeenEvent[];
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface SeenEvent {
  name: string;
  /** What describes the event; the rest of it is in the body. */
  properties: Record<string, unknown>;
  /** By which the vendor, or at least the sandbox, knows a repeated event. */
  key?: string;
}

export function jsonReply(status: number, body: unknown): Reply {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

export function textReply(status: number, body: string): Reply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** The judgement of a request to a path or with a method that the vendor does not have. */
export function unknownCall(call: VendorCall, path: string): Judgement {
  const reply =
    call.path === path
      ? { ...textReply(405, "Only POST."), headers: { allow: "POST" } }
      : textReply(404, "This vendor has no such path here.");
  return { reply, events: [], remarks: [] };
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of an array; nothing of any other value. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** `value` as an event on the page, its name and properties in these members, and its key. */
export function seen(value: JsonObject, name: string, properties: string, key: unknown): SeenEvent {
  const described = value[properties];
  const event: SeenEvent = {
    name: typeof value[name] === "string" ? value[name] : "(no name)",
    properties: isObject(described) ? described : {},
  };
  if (typeof key === "string") event.key = key;
  return event;
}
