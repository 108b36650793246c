// What the warehouse says became of events.

import assert from "node:assert/strict";
import { eventually } from "./wait.ts";

export type Row = Record<string, unknown>;

type Sql = (sql: string, ...values: unknown[]) => Promise<Row[]>;

/** An event with its outcome at each tracker, such as `delivered` or `rejected(no_identity)`. */
export interface Settled {
  id: string;
  event: string;
  trackers: Record<string, string>;
  changes: Record<string, unknown>[];
}

/** A line of the view `accounts_by_day`. */
export interface Sums {
  run: string;
  tracker: string;
  received: number;
  delivered: number;
  filtered: number;
  rejected: number;
  dead: number;
  pending: number;
  unaccounted: number;
}

export function account(sql: Sql, trackers: () => string[]) {
  return {
    /** The events of a payload, once the outcomes of so many of them are known at every tracker. */
    settled: async (payload: string, events = 1): Promise<Settled[]> => {
      const outcomes = events * trackers().length;
      await eventually(`payload ${payload} is settled`, async () => {
        const [row] = await sql(
          "SELECT count(*) AS n FROM deliveries WHERE payloadId = ? AND run = 'live'",
          payload,
        );
        return Number(row?.n) >= outcomes;
      });
      const rows = await sql(
        `SELECT idx, eventId, event, tracker, outcome, reason, changes FROM deliveries
         WHERE payloadId = ? AND run = 'live' ORDER BY idx`,
        payload,
      );
      const settled = new Map<unknown, Settled>();
      for (const { idx, eventId, event, tracker, outcome, reason, changes } of rows) {
        const one: Settled = settled.get(idx) ?? {
          id: String(eventId),
          event: String(event),
          trackers: {},
          changes: changes === null ? [] : JSON.parse(String(changes)),
        };
        one.trackers[String(tracker)] = reason === null ? String(outcome) : `${outcome}(${reason})`;
        settled.set(idx, one);
      }
      return [...settled.values()];
    },

    /**
     * The sums of the live run by tracker, once so many events were received and none is pending. Until then as then
     * no event may be unaccounted for.
     */
    balanced: (received: number): Promise<Record<string, Sums>> =>
      eventually(`${received} events are accounted for`, async () => {
        const rows = (await sql(
          `SELECT run, tracker, sum(received) AS received, sum(delivered) AS delivered,
             sum(filtered) AS filtered, sum(rejected) AS rejected, sum(dead) AS dead,
             sum(pending) AS pending, sum(unaccounted) AS unaccounted
           FROM accounts_by_day WHERE received <> 0 AND run = 'live' GROUP BY run, tracker`,
        )) as unknown as Sums[];
        for (const { tracker, unaccounted } of rows) assert.equal(unaccounted, 0, tracker);
        const isDone =
          trackers().every((name) => rows.some(({ tracker }) => tracker === name)) &&
          rows.every((row) => row.received === received && row.pending === 0);
        return isDone && Object.fromEntries(rows.map((row) => [row.tracker, row]));
      }),
  };
}
