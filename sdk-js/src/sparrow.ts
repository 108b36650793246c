import { forget, setUser } from "./identity.ts";
import { payload } from "./payload.ts";
import { quietly } from "./quietly.ts";
import { connect, send } from "./transport.ts";

/** What is known about an event. What has no JSON is left out; the rest is kept. */
export type Properties = Record<string, unknown>;

export interface Options {
  /** Where events go, for example `https://events.example.com/e`. */
  endpoint: string;
  /** The write key, where the Dispatcher asks for one. It is public, like all that a page holds. */
  key?: string | undefined;
}

/** The object that the script tag puts at `window.sparrow`. */
export interface Sparrow {
  pageview(pathname?: string): void;
  track(event: string, properties?: Properties): void;
  identify(userId: string): void;
  reset(): void;
}

/** Says where events go. Those from before the call are sent now. */
export function init(options: Options): void {
  inPage(() => connect(options.endpoint, options.key));
}

/** Counts a view of `pathname`, of the current page where nothing is said. */
export function pageview(pathname?: string): void {
  inPage(() => send(payload("pageview", { pathname: pathname ?? location.pathname })));
}

/** Sends an event, now. */
export function track(event: string, properties?: Properties): void {
  inPage(() => send(payload(event, properties)));
}

/** Names the user of the events that follow, on later pages too, until `reset()`. */
export function identify(userId: string): void {
  inPage(() => {
    if (userId != null && userId !== "") setUser(String(userId));
  });
}

/** Forgets the user and makes a new device id and session, for example at sign-out. */
export function reset(): void {
  inPage(forget);
}

/** Does nothing on a server, where a page is rendered for many users at once. */
function inPage(work: () => void): void {
  if (typeof window !== "undefined") quietly(work);
}
