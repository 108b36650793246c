// The body of a request: one event as JSON.

import { identityAt } from "./identity.ts";
import { shortHash, uuid } from "./ids.ts";
import { quietly } from "./quietly.ts";

export interface Payload {
  /** The same on every attempt, so that the server can tell a second copy. */
  id: string;
  /** Keeps the payloads of one device together on the server. */
  k: string;
  body: string;
}

export function payload(event: string, properties: unknown): Payload {
  const timestamp = Date.now();
  const { deviceId, userId, sessionId } = identityAt(timestamp);
  const eventId = uuid();
  const known = JSON.stringify({
    event: String(event),
    deviceId,
    userId,
    sessionId,
    eventId,
    timestamp,
    context: {
      url: location.href,
      referrer: document.referrer,
      title: document.title,
      locale: navigator.language,
      screen: `${screen.width}x${screen.height}`,
    },
  });
  return {
    id: eventId, // a payload carries one event
    k: shortHash(deviceId),
    body: `${known.slice(0, -1)},"properties":{${members(properties)}}}`,
  };
}

/**
 * The members of `properties` as JSON, without those that have no JSON: a circular value, a BigInt, a
 * getter that throws. Text is joined instead of copying into an object, because names such as
 * `__proto__` and frozen built-ins make such a copy lose members or throw.
 */
function members(properties: unknown): string {
  const names = quietly(() => Object.keys(properties as object)) ?? [];
  return names
    .map((name) =>
      quietly(() => {
        const value = JSON.stringify((properties as Record<string, unknown>)[name]);
        return value && `${JSON.stringify(name)}:${value}`;
      }),
    )
    .filter(Boolean)
    .join();
}
