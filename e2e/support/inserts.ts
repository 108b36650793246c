// Rows as the crate `warehouse` sends them: its examples, `warehouse/examples`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

/** Rows for a table, as a shard hands them over: values in the order of the columns, times in ms. */
export type Batch = [table: "raw" | "deliveries" | "ledger" | "requests", rows: unknown[][]];

/** What a batch comes to in each warehouse. */
export interface Insert {
  d1: { sql: string; parameters: string[] };
  bigquery: { path: string; body: string }[];
}

export function inserts(project: string, dataset: string, batches: Batch[]): Insert[] {
  return example("inserts", [project, dataset], JSON.stringify(batches));
}

/** Sends to BigQuery, and fails unless every row is stored. */
export async function send(endpoint: string, inserts: Insert[], headers = {}): Promise<void> {
  for (const { path, body } of inserts.flatMap(({ bigquery }) => bigquery)) {
    const answer = await fetch(endpoint + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    const { insertErrors = [] } = (await answer.json()) as { insertErrors?: object[] };
    assert.deepEqual([answer.status, insertErrors], [200, []]);
  }
}

/** The requests of a query that has everything a query can have, and of its results. */
export function queries(
  project: string,
  dataset: string,
): { method: string; path: string; body: string | null }[] {
  return example("query", [project, dataset]);
}

function example<T>(name: string, args: string[], input = ""): T {
  const output = execFileSync(`target/debug/examples/${name}`, args, {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  return JSON.parse(output);
}
