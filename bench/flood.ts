// More than can be taken: what is acknowledged is not lost, and memory and connections stay bounded.

import type { Flags } from "./flags.ts";
import { type Figures, run } from "./run.ts";
import type { SideName } from "./sides.ts";

/** Connections to vendors, at most: six calls of each of a few invocations. */
const CONNECTIONS = 50;

interface Flood {
  side: SideName;
  shards: number;
  figures: Figures;
}

export async function flood(flags: Flags): Promise<{ figures: Flood[]; failed: boolean }> {
  const floods: Flood[] = [];
  for (const shards of flags.shards) {
    for (const side of flags.sides) {
      const { connections, seed, timing, visitors } = flags;
      const shape = { seed, events: flags.events[0] as number, visitors };
      const figures = await run({ side, shards, shape, timing, pace: { connections } });
      console.log(
        `${side}, ${shards} shard(s), ${connections} connections for ${timing.seconds} s`,
      );
      console.log(report(figures));
      floods.push({ side, shards, figures });
    }
  }
  return { figures: floods, failed: floods.some(({ figures }) => faults(figures).length > 0) };
}

function report(figures: Figures): string {
  const { answer, delivery, memory } = figures;
  const every = Math.max(1, Math.ceil(memory.length / 20));
  const sampled = memory.filter((_, second) => second % every === 0).map((mib) => mib.toFixed(0));
  const faulty = faults(figures);
  return [
    `  answers          ${JSON.stringify(figures.statuses)}`,
    `  events/s         ${figures.acceptedPerSecond.toFixed(0)} accepted, drained after ${figures.drain.toFixed(1)} s`,
    `  200, ms          p50 ${answer.p50.toFixed(0)}, p99 ${answer.p99.toFixed(0)}`,
    `  to vendors, ms   p50 ${delivery.p50.toFixed(0)}, p99 ${delivery.p99.toFixed(0)}`,
    `  vendors          ${figures.connections} connections and ${figures.calls} calls at most at once`,
    `  missing          ${figures.missing} events at a vendor, ${figures.pending} pending; ${figures.repeated} came twice`,
    `  memory, MiB      ${sampled.join(" ")} (every ${every} s, the drain included)`,
    ...figures.errors.map((error) => `  logged           ${error.slice(0, 200)}`),
    faulty.length > 0 ? `  ✗ ${faulty.join("; ")}` : "  nothing acknowledged is lost",
    "",
  ].join("\n");
}

function faults({ missing, pending, connections }: Figures): string[] {
  return [
    ...(missing + pending > 0 ? ["something acknowledged was not delivered in time"] : []),
    ...(connections >= CONNECTIONS ? [`${CONNECTIONS} connections or more`] : []),
  ];
}
