// Sparrow beside the floors: in rounds, one after the other, so that what the machine does meanwhile meets all.

import { spread, table, text } from "./figures.ts";
import type { Flags, Mode } from "./flags.ts";
import { type Figures, run } from "./run.ts";
import type { SideName } from "./sides.ts";

/** Share of a core above which senders or vendors may be what is measured. */
const BUSY = 0.8;
/** Cores that other programs may take. */
const OTHERS = 0.1;

/** Events per second of the paced load, at most: what the floor keeps up with on one core, and room above it. */
const PACED_EVENTS = 3000;

interface Cell {
  mode: Mode;
  events: number;
  shards: number;
  /** By side, round after round. */
  rounds: Partial<Record<SideName, Figures[]>>;
}

export async function compare(flags: Flags): Promise<{ figures: Cell[]; failed: boolean }> {
  const cells: Cell[] = [];
  for (const mode of flags.modes) {
    for (const events of flags.events) {
      for (const shards of flags.shards) {
        const cell = { mode, events, shards, rounds: {} };
        await measure(cell, flags);
        cells.push(cell);
        console.log(`${heading(cell, flags)}\n${report(cell)}\n`);
      }
    }
  }
  const all = cells.flatMap(({ rounds }) => Object.values(rounds).flat());
  return { figures: cells, failed: all.some(({ missing, pending }) => missing + pending > 0) };
}

async function measure({ mode, events, shards, rounds }: Cell, flags: Flags): Promise<void> {
  const { seed, timing, visitors } = flags;
  const pace =
    mode === "paced" ? { rate: pacedRate(events, flags) } : { connections: flags.connections };
  for (let round = 0; round < flags.rounds; round++) {
    for (const side of flags.sides) {
      const shape = { seed: seed + round, events, visitors };
      const figures = await run({ side, shards, pace, shape, timing });
      rounds[side] = [...(rounds[side] ?? []), figures];
    }
  }
}

/** Requests per second of the paced load. */
function pacedRate(events: number, flags: Flags): number {
  return Math.min(flags.rate, Math.floor(PACED_EVENTS / events));
}

function heading({ mode, events, shards }: Cell, flags: Flags): string {
  const load =
    mode === "paced"
      ? `${flags.rate} requests/s`
      : `closed loop of ${flags.connections} connections`;
  return `${load} · ${events} event${events > 1 ? "s" : ""} per request · ${shards} shard${shards > 1 ? "s" : ""}`;
}

const COLUMNS = [
  "",
  "accepted/s",
  "delivered/s",
  "CPU µs/event",
  "200 p50 ms",
  "p99",
  "vendor p50 ms",
  "p99",
  "requests/event",
  "connections",
  "not 200",
  "missing",
  "pending",
  "drain s",
];

function report({ rounds }: Cell): string {
  const rows = Object.entries(rounds).map(([side, figures]) => {
    const of = (value: (figures: Figures) => number, digits = 0) =>
      text(figures.map(value), digits);
    return [
      side,
      of((one) => one.acceptedPerSecond),
      of((one) => one.deliveredPerSecond),
      of((one) => one.cpuPerEvent),
      of((one) => one.answer.p50, 1),
      of((one) => one.answer.p99, 1),
      of((one) => one.delivery.p50),
      of((one) => one.delivery.p99),
      of((one) => one.requestsPerEvent, 3),
      of((one) => one.connections),
      of(refused),
      of((one) => one.missing),
      of((one) => one.pending),
      of((one) => one.drain, 1),
    ];
  });
  return [table([COLUMNS, ...rows]), ...ratios(rounds), ...remarks(rounds)].join("\n");
}

function refused({ statuses }: Figures): number {
  return Object.entries(statuses).reduce(
    (sum, [status, n]) => (status === "200" ? sum : sum + n),
    0,
  );
}

/** Round by round, since two runs that follow each other see the same machine. */
function ratios({ answer, pipe, sparrow }: Cell["rounds"]): string[] {
  return Object.entries({ answer, pipe }).flatMap(([name, floor]) => {
    if (!floor || !sparrow) return [];
    const ratio = (value: (figures: Figures) => number) =>
      text(
        sparrow.map((figures, round) => value(figures) / value(floor[round] as Figures)),
        2,
      );
    const cpu = ratio((figures) => figures.cpuPerEvent);
    const rate = ratio((figures) => figures.deliveredPerSecond);
    return [`sparrow ÷ ${name}: CPU per event ${cpu}, delivered/s ${rate}`];
  });
}

function remarks(rounds: Cell["rounds"]): string[] {
  return Object.entries(rounds).flatMap(([side, figures]) => {
    const median = (value: (figures: Figures) => number) => spread(figures.map(value)).median;
    const others = median((one) => one.othersBusy);
    const errors = [...new Set(figures.flatMap((one) => one.errors))];
    return [
      ...(median((one) => one.driverBusy) > BUSY
        ? [`${side}: the senders were busy all the time`]
        : []),
      ...(median((one) => one.sinkBusy) > BUSY
        ? [`${side}: the vendors were busy all the time`]
        : []),
      ...(others > OTHERS
        ? [`${side}: other programs took ${others.toFixed(1)} cores: measure again`]
        : []),
      ...errors.slice(0, 3).map((error) => `${side} logged: ${error.slice(0, 200)}`),
    ];
  });
}
