// Who is here: the device, the user and the session. Storage is shared by every tab of the origin, so
// it is read at each call; what it refuses to keep lives in memory for as long as the page does.

import { uuid } from "./ids.ts";
import { quietly } from "./quietly.ts";

/** The one localStorage key, and the name of the one cookie. */
const NAME = "sparrow";

/** Time without an event that ends a session, in ms: the 30 minutes that GA4 and most others use. */
const SESSION_TIMEOUT = 30 * 60 * 1000;

/** The cookie's life in seconds: 400 days, the most that browsers grant (RFC 6265bis). */
const COOKIE_AGE = 400 * 24 * 60 * 60;

export interface Identity {
  deviceId: string;
  userId?: string;
  /** The ms at which the session began, in digits: the only form GA4 takes. */
  sessionId: string;
  /** The ms of the last event. */
  seenAt: number;
}

let identity: Partial<Identity> = {};

/** What storage held when it was last looked at; a difference means that another tab wrote. */
let stored: string | null | undefined;

/** The device id last offered to the cookie. A browser that refused it once is not asked again. */
let mirrored: string | undefined;

/** The identity of an event at `now` (ms): makes what is missing and renews the session. */
export function identityAt(now: number): Identity {
  load();
  identity.deviceId ||= uuid();
  if (!(now - (identity.seenAt as number) < SESSION_TIMEOUT)) identity.sessionId = `${now}`;
  identity.seenAt = now;
  save();
  return identity as Identity;
}

export function setUser(userId: string): void {
  load();
  identity.userId = userId;
  save();
}

/** Forgets user and session and makes a new device id. */
export function forget(): void {
  // First, because a full storage takes no new value and would keep the old user for the next page.
  quietly(() => localStorage.removeItem(NAME));
  identity = { deviceId: uuid() };
  save();
}

function load(): void {
  const text = read();
  if (text !== stored) {
    stored = text;
    identity = { ...quietly(() => JSON.parse(text as string)) };
  }
  // The cookie is shared by subdomains. Another device id there means a reset on one of them, after
  // which the user remembered here is gone too.
  const deviceId = cookie();
  if (deviceId && deviceId !== identity.deviceId) identity = { deviceId };
}

function save(): void {
  quietly(() => localStorage.setItem(NAME, JSON.stringify(identity)));
  stored = read();
  if (mirrored !== identity.deviceId) {
    mirrored = identity.deviceId;
    quietly(mirror);
  }
}

function read(): string | null | undefined {
  return quietly(() => localStorage.getItem(NAME));
}

function cookie(): string | undefined {
  return quietly(() => document.cookie.match(/(?:^|; )sparrow=([\w-]+)/)?.[1]);
}

/** Sets the cookie on the widest domain that the browser accepts, on the host alone if on none. */
function mirror(): void {
  const labels = location.hostname.split(".");
  const secure = location.protocol === "https:" ? ";secure" : "";
  for (let width = 1; width <= labels.length + 1 && cookie() !== mirrored; width++) {
    const domain = width > labels.length ? "" : `;domain=${labels.slice(-width).join(".")}`;
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous and https only
    document.cookie = `${NAME}=${mirrored};path=/;max-age=${COOKIE_AGE};samesite=lax${secure}${domain}`;
  }
}
