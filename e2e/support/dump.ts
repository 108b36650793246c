// Everything that databases hold, as text, to look for what must not be there.

import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** All values of all tables of a file of SQLite's. */
function dump(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*'")
      .all();
    const rows = tables.map(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
    return JSON.stringify(rows);
  } finally {
    database.close();
  }
}

/** D1, by its file. */
export const d1 = (file: string): string => dump(file);

/** Every shard of the Outbox, which workerd keeps beside D1. */
export function shards(d1File: string): string {
  const folder = join(dirname(d1File), "../..");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const shards = files.filter((file) => /Outbox\/(?!metadata)[^/]*\.sqlite$/.test(file));
  if (shards.length === 0) throw new Error(`no shard is in ${folder}: ${files.join(", ")}`);
  return shards.map((file) => dump(join(folder, file))).join("\n");
}
