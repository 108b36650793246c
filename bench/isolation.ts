// What one dead vendor does to the others.

import { table, text } from "./figures.ts";
import type { Flags } from "./flags.ts";
import { VENDORS, type VendorName } from "./load/vendors.ts";
import { type Figures, run } from "./run.ts";

interface Pair {
  control: Figures;
  dead: Figures;
}

export async function isolation(flags: Flags): Promise<{ figures: Pair[]; failed: boolean }> {
  const pairs: Pair[] = [];
  for (let round = 0; round < flags.rounds; round++) {
    const half = (dead: boolean) => measure(flags, round, dead);
    // Whatever the machine is doing favours neither half.
    if (round % 2 === 0) pairs.push({ control: await half(false), dead: await half(true) });
    else {
      const dead = await half(true);
      pairs.push({ control: await half(false), dead });
    }
  }
  const others = VENDORS.filter((vendor) => vendor !== flags.dead.vendor);
  const rows = others.flatMap((vendor) => [row(vendor, "p50", pairs), row(vendor, "p99", pairs)]);
  const heading = [
    "accept to vendor, ms",
    "all alive",
    `${flags.dead.vendor}: ${flags.dead.how}`,
    "ratio",
  ];
  console.log(`${flags.rate} requests/s, median of ${pairs.length} pairs [quartiles]\n`);
  console.log(table([heading, ...rows]));
  const missing = pairs.map(({ dead }) => dead.missing);
  console.log(`\nnot delivered to a vendor that lives: ${text(missing)}`);
  return { figures: pairs, failed: missing.some((events) => events > 0) };
}

function measure(flags: Flags, round: number, isDead: boolean): Promise<Figures> {
  const { dead, rate, seed, timing, visitors } = flags;
  return run({
    side: "sparrow",
    shards: flags.shards[0] as number,
    shape: { seed: seed + round, events: flags.events[0] as number, visitors },
    pace: { rate },
    timing,
    ...(isDead && { dead }),
  });
}

function row(vendor: VendorName, share: "p50" | "p99", pairs: Pair[]): string[] {
  const of = ({ deliveryTo }: Figures) => deliveryTo[vendor]?.[share] ?? Number.NaN;
  return [
    `${vendor} ${share}`,
    text(pairs.map(({ control }) => of(control))),
    text(pairs.map(({ dead }) => of(dead))),
    text(
      pairs.map(({ control, dead }) => of(dead) / of(control)),
      2,
    ),
  ];
}
