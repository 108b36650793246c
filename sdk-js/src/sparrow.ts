import { forget, setUser } from "./identity.ts";
import { payload } from "./payload.ts";
import { quietly } from "./quietly.ts";
import { connect, send } from "./transport.ts";

declare global {
  /**
   * The properties of each event of your allowlist. `sparrow allowlist types` writes the file that
   * fills this in; without it, any event may have any properties.
   */
  interface SparrowEvents {}
}

/** What is known about an event. What has no JSON is left out; the rest is kept. */
export type Properties = Record<string, unknown>;

/** The events that may be sent: those of the allowlist, where its types are there. */
export type EventName = keyof SparrowEvents extends never ? string : keyof SparrowEvents;

/** The properties that an event may have. */
export type PropertiesOf<Name> = Name extends keyof SparrowEvents
  ? SparrowEvents[Name]
  : Properties;

type GivenPathname =
  PropertiesOf<"pageview"> extends { pathname?: infer Path } ? Path & string : never;

/** What the property `pathname` of the event `pageview` may be. */
export type Pathname = [GivenPathname] extends [never] ? string : GivenPathname;

export interface Options {
  /** Where events go, for example `https://events.example.com/e`. */
  endpoint: string;
  /** The write key, where the Dispatcher asks for one. It is public, like all that a page holds. */
  key?: string | undefined;
  /** W3C's `traceparent`; without it that of `<meta name="traceparent">`, where the page has one. */
  traceparent?: string | undefined;
}

/** The object that the script tag puts at `window.sparrow`. */
export interface Sparrow {
  pageview(pathname?: Pathname): void;
  track<Name extends EventName>(event: Name, properties?: PropertiesOf<Name>): void;
  identify(userId: string): void;
  reset(): void;
}

/** Says where events go. Those from before the call are sent now. */
export function init(options: Options): void {
  inPage(() => connect(options.endpoint, options.key, options.traceparent));
}

/** Counts a view of `pathname`, of the current page where nothing is said. */
export function pageview(pathname?: Pathname): void {
  inPage(() => send(payload("pageview", { pathname: pathname ?? location.pathname })));
}

/** Sends an event, now. */
export function track<Name extends EventName>(event: Name, properties?: PropertiesOf<Name>): void {
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
