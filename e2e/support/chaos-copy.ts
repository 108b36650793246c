// What the sandbox's BigQuery stored, in a file as D1 has it, so that both are judged by the same queries.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Sandbox } from "../../sandbox/server.ts";
import { migration } from "./d1.ts";

/** The columns that tell a row from its copies, which the views leave out. */
const TABLES = {
  raw: ["eventId", "timestamp"],
  deliveries: ["shard", "seq"],
  ledger: ["shard", "seq"],
};

/** Writes the file, and returns where it is. */
export function copyOf(sandbox: Sandbox, folder: string): string {
  const file = join(folder, "bigquery.sqlite");
  const database = new DatabaseSync(file);
  for (const statement of migration()) database.exec(statement);
  database.exec("BEGIN");
  for (const [table, key] of Object.entries(TABLES)) {
    const known = new Set<string>();
    for (const row of sandbox.rows(table)) {
      const own = JSON.stringify(key.map((column) => row[column]));
      if (known.has(own)) continue;
      known.add(own);
      const columns = Object.keys(row);
      const places = columns.map(() => "?").join(", ");
      database
        .prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`)
        .run(...(Object.values(row) as (string | number)[]));
    }
  }
  database.exec("COMMIT");
  database.close();
  return file;
}
