// The command line.

import { parseArgs } from "node:util";
import { DEATHS, type Death, VENDORS, type VendorName } from "./load/vendors.ts";
import type { Timing } from "./run.ts";
import { SIDES, type SideName } from "./sides.ts";

export const COMMANDS = ["compare", "isolation", "flood"] as const;
export const MODES = ["paced", "closed"] as const;
export type Mode = (typeof MODES)[number];

export interface Flags {
  command: (typeof COMMANDS)[number];
  sides: SideName[];
  modes: Mode[];
  events: number[];
  shards: number[];
  rounds: number;
  timing: Timing;
  rate: number;
  connections: number;
  visitors: number;
  seed: number;
  dead: { vendor: VendorName; how: Death };
  out: string | undefined;
}

export const HELP = `node bench/main.ts [compare | isolation | flood] [flags]
  --quick           one short round of everything: to see that it works, not to measure
  --rounds 5        of each cell, sides in turn
  --seconds 8       of measured load (60 of a flood)
  --warmup 5        seconds of load before
  --settle 60       seconds in which everything has to be delivered (120 of a flood)
  --only paced      or closed: one of the two loads
  --events 1,5,20   events of a request
  --shards 1,4
  --sides ${SIDES.join(",")}
  --rate 600        requests per second, paced, but at most 3,000 events per second
  --connections 64  closed loop (256 of a flood)
  --visitors 32     distinct devices: GA4 takes a request for each
  --seed 1          of the requests' bytes
  --dead heap       isolation: the vendor that is dead (${VENDORS.join(", ")})
  --how hang        isolation: in which way (${DEATHS.join(", ")})
  --out FILE        all figures of all rounds, as JSON`;

/** The flags of \`args\`; throws with what is wrong. */
export function read(args: string[]): Flags {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: "boolean" },
      rounds: text,
      seconds: text,
      warmup: text,
      settle: text,
      only: text,
      events: text,
      shards: text,
      sides: text,
      rate: text,
      connections: text,
      visitors: text,
      seed: text,
      dead: text,
      how: text,
      out: text,
    },
  });
  const command = oneOf("the command", positionals[0] ?? "compare", COMMANDS);
  const isFlood = command === "flood";
  const number = (name: Numbers, standard: number, quick = standard) =>
    whole(name, values[name] ?? String(values.quick ? quick : standard));
  const numbers = (name: "events" | "shards", standard: string, quick: string) =>
    (values[name] ?? (values.quick ? quick : standard)).split(",").map((text) => whole(name, text));
  return {
    command,
    sides: (values.sides ?? (isFlood ? "sparrow" : "answer,pipe,sparrow"))
      .split(",")
      .map((side) => oneOf("--sides", side, SIDES)),
    modes: values.only ? [oneOf("--only", values.only, MODES)] : [...MODES],
    events: numbers("events", isFlood ? "1" : "1,5,20", "1"),
    shards: numbers("shards", isFlood ? "1" : "1,4", "1"),
    rounds: number("rounds", 5, 1),
    timing: {
      warmup: number("warmup", 5, 1),
      seconds: number("seconds", isFlood ? 60 : 8, 2),
      settle: number("settle", isFlood ? 120 : 60),
    },
    rate: number("rate", 600),
    connections: number("connections", isFlood ? 256 : 64),
    visitors: number("visitors", 32),
    seed: number("seed", 1),
    dead: {
      vendor: oneOf("--dead", values.dead ?? "heap", VENDORS),
      how: oneOf("--how", values.how ?? "hang", DEATHS),
    },
    out: values.out,
  };
}

type Numbers =
  | "rounds"
  | "seconds"
  | "warmup"
  | "settle"
  | "rate"
  | "connections"
  | "visitors"
  | "seed";

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new Error(`--${name} is a whole number above 0, not ${text}`);
  return Number(text);
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (!found) throw new Error(`${name} is one of ${known.join(", ")}, not ${text}`);
  return found;
}
