// Hands payloads to the browser at the moment of the call: what waits for a timer, or for the page to be
// left, is what gets lost.

import type { Payload } from "./payload.ts";
import { quietly } from "./quietly.ts";

/** Payloads kept for `connect`; an app that never calls it must not fill its memory. */
const EARLY_LIMIT = 100;

const early: Payload[] = [];

/** The endpoint with the first part of its query, ready for more members. */
let base: string | undefined;

/** The page is being left, or rests in the back/forward cache. */
let left = false;

export function connect(endpoint: string, key?: string, traceparent?: string): void {
  let query = key ? `key=${encodeURIComponent(key)}&` : "";
  // In the query, since a header would cost a preflight. A page has its own where servers put it
  // (https://opentelemetry.io/docs/languages/js/getting-started/browser/). Where there is none, or another thing, this throws.
  quietly(() => {
    const [meta] = document.getElementsByName("traceparent") as NodeListOf<HTMLMetaElement>;
    const [place] = /^[\da-f-]{55}$/.exec(
      traceparent ?? (meta as HTMLMetaElement).content,
    ) as string[];
    query += `traceparent=${place}&`;
  });
  base = endpoint + (endpoint.includes("?") ? "&" : "?") + query;
  for (const payload of early.splice(0)) send(payload);
  for (const type of ["pagehide", "pageshow"]) {
    addEventListener(type, () => {
      left = type === "pagehide";
    });
  }
}

export function send(payload: Payload): void {
  if (!base) {
    if (early.length < EARLY_LIMIT) early.push(payload);
    return;
  }
  const { id, k, body } = payload;
  const url = `${base}id=${id}&k=${k}&sentAt=${Date.now()}`;
  // A string goes as text/plain, without a preflight, which would be a second chance to lose.
  const post = (keepalive: boolean) =>
    fetch(url, { method: "POST", body, keepalive, credentials: "omit" });
  const fallBack = () => {
    // The last resort carries what neither of the others may: more than 64 KiB.
    if (!quietly(() => navigator.sendBeacon(url, body))) quietly(() => post(false).catch(() => {}));
  };
  try {
    // Of a page that goes away, the browser rejects requests that arrive all the same: no second copy
    // then. After `window.close()` that comes before `pagehide`, so `closed` is asked as well.
    post(true).catch(() => left || closed || fallBack());
  } catch {
    fallBack();
  }
}
