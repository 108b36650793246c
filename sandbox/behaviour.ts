// How a vendor behaves: as it should, or in one of the ways in which vendors fail.

import { isObject, type JsonObject } from "./vendors/vendor.ts";

export const MODES = ["ok", "slow", "error", "hang", "cut"] as const;

export interface Behaviour {
  /**
   * - `ok`: the vendor's own answer;
   * - `slow`: the same after `delayMs`;
   * - `error`: `status`, `headers` and `body` instead, after `delayMs`;
   * - `hang`: no answer until the behaviour is set anew or the client goes;
   * - `cut`: the request is read, and carried out where `stored` is true, then the connection is destroyed.
   */
  mode: (typeof MODES)[number];
  /** Of `slow` and `error`. */
  delayMs?: number;
  /** Of `error`. */
  status?: number;
  headers?: Record<string, string>;
  /** Sent as it is where it is a string, else as JSON. */
  body?: unknown;
  /** Of `cut`. */
  stored?: boolean;
  /** For this many requests, then `ok`; without it for all. */
  times?: number;
}

/** What holds where nothing is said. */
const DEFAULTS: Record<Behaviour["mode"], Partial<Behaviour>> = {
  ok: {},
  slow: { delayMs: 2000 },
  error: { status: 503, delayMs: 0 },
  hang: {},
  cut: {},
};

export function withDefaults(behaviour: Behaviour): Behaviour {
  return { ...DEFAULTS[behaviour.mode], ...behaviour };
}

/** The members that each mode has a use for, besides `mode` and `times`. */
const MEMBERS: Record<Behaviour["mode"], string[]> = {
  ok: [],
  slow: ["delayMs"],
  error: ["status", "delayMs", "headers", "body"],
  hang: [],
  cut: ["stored"],
};

/** Reads a behaviour from JSON, or says everything that is wrong with it. */
export function readBehaviour(json: unknown): { behaviour: Behaviour } | { faults: string[] } {
  if (!isObject(json)) return { faults: ["The body is not a JSON object."] };
  const mode = MODES.find((one) => one === json.mode);
  if (!mode) return { faults: [`mode is one of ${MODES.join(", ")}.`] };
  const allowed = ["mode", "times", ...MEMBERS[mode]];
  const faults = [
    ...Object.keys(json)
      .filter((name) => !allowed.includes(name))
      .map((name) => `Mode ${mode} has no ${name}.`),
    ...integerFault(json, "status", 200, 599),
    ...integerFault(json, "delayMs", 0, 10 * 60 * 1000),
    ...integerFault(json, "times", 1, Number.MAX_SAFE_INTEGER),
    ...headerFaults(json.headers),
    ...(["undefined", "boolean"].includes(typeof json.stored) ? [] : ["stored is true or false."]),
  ];
  return faults.length > 0 ? { faults } : { behaviour: json as unknown as Behaviour };
}

function integerFault(json: JsonObject, name: string, least: number, most: number): string[] {
  const value = json[name];
  if (value === undefined) return [];
  const fits = Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return fits ? [] : [`${name} is an integer from ${least} to ${most}.`];
}

function headerFaults(headers: unknown): string[] {
  if (headers === undefined) return [];
  if (!isObject(headers)) return ["headers is an object."];
  return Object.entries(headers)
    .filter(([name, value]) => {
      // What Node would refuse to send: a name that is no token, a value with control characters.
      const isToken = /^[\w!#$%&'*+.^`|~-]+$/.test(name);
      return !(isToken && typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
    })
    .map(([name]) => `${JSON.stringify(name)} is no header with a text value.`);
}
