// What came of a run of chaos, for people.

import type { Outcome } from "./chaos-run.ts";

/** Lines for the terminal. */
export function table({ report, kills, shards }: Outcome): string {
  const { sent, acknowledged, raw, lost, accounts, trackers } = report;
  const sum = (name: string) => shards.reduce((sum, shard) => sum + Number(shard[name]), 0);
  const totals = [
    ["kills under load", kills],
    ["sent", sent],
    ["acknowledged", acknowledged],
    [
      "in raw",
      `${raw.payloads} (${raw.missing} missing, ${raw.repeated} repeated, ${raw.altered} altered)`,
    ],
    ["lost", lost],
    [
      "unaccounted",
      `${accounts.unaccounted} in the warehouse, ${sum("unaccounted")} in the shards`,
    ],
    ["left in shards", `${sum("payloads")} payloads, ${sum("owed")} owed`],
  ];
  const head = [
    "",
    "delivered",
    "filtered",
    "rejected",
    "dead",
    "pending",
    "lost there",
    "duplicates there",
  ];
  const rows = Object.entries(trackers).map(([name, one]) => [
    name,
    one.delivered,
    one.filtered,
    one.rejected,
    one.dead,
    one.pending,
    one.vendorMissing ?? "",
    one.vendorDuplicates ?? "",
  ]);
  const line = (cells: unknown[]) => cells.map((cell, i) => pad(String(cell), i)).join("");
  return [
    ...totals.map(([name, value]) => `${String(name).padEnd(18)}${value}`),
    "",
    ...[head, ...rows].map(line),
  ].join("\n");
}

/** The first cell to the left, numbers to the right. */
function pad(cell: string, column: number): string {
  return column === 0 ? cell.padEnd(12) : cell.padStart(column === 7 ? 18 : 12);
}
