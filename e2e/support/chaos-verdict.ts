// What must not be, whatever happened.

import type { Outcome } from "./chaos-run.ts";

/** Everything that is wrong with the outcome of a run in which no event is old enough to die. */
export function problems({ report, shards }: Outcome): string[] {
  const { sent, acknowledged, lost, trackers } = report;
  const is = (wrong: boolean, what: string) => (wrong ? [what] : []);
  return [
    ...report.problems,
    ...is(lost > 0, `${lost} acknowledged payloads are lost`),
    ...is(acknowledged < sent, `${sent - acknowledged} payloads were never acknowledged`),
    ...Object.entries(trackers).flatMap(([name, { dead }]) =>
      is(dead > 0, `${dead} events are dead at ${name}`),
    ),
    ...shards.flatMap(({ payloads, owed, packs, unaccounted }, i) => [
      ...is(payloads !== 0, `shard ${i} keeps ${payloads} payloads`),
      ...is(owed !== 0, `shard ${i} owes ${owed} payloads to trackers`),
      ...is(packs !== 0, `shard ${i} has ${packs} packs that the warehouse lacks`),
      ...is(unaccounted !== 0, `shard ${i} has ${unaccounted} events unaccounted for`),
    ]),
  ];
}
