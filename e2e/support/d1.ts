// D1 in workerd, without the Workers.

import { execFileSync } from "node:child_process";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Row } from "./account.ts";

/** The statements of `sparrow warehouse migrate` for D1. */
export function migration(...flags: string[]): string[] {
  const command = ["warehouse", "migrate", "--warehouse", "d1", "--print", ...flags];
  const sql = execFileSync("target/debug/sparrow", command, { encoding: "utf8" });
  return sql.split(/;\n/).filter((statement) => statement.trim());
}

/** What a migration makes. */
export function madeBy(migration: string[], kind: "TABLE" | "VIEW"): string[] {
  const made = new RegExp(`^\\s*CREATE ${kind} (?:IF NOT EXISTS )?(\\w+)`);
  return migration.flatMap((statement) => made.exec(statement)?.[1] ?? []);
}

export interface D1 {
  sql(sql: string, parameters?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

interface Database {
  prepare(sql: string): {
    bind(...values: unknown[]): { all(): Promise<{ results: Row[] }> };
  };
}

/** An empty database, gone afterwards. */
export async function startD1(): Promise<D1> {
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      modules: true,
      script: "export default {}",
      d1Databases: ["D1"],
    }),
  );
  const database = (await workerd.getD1Database("D1")) as unknown as Database;
  return {
    sql: async (sql, parameters = []) =>
      (
        await database
          .prepare(sql)
          .bind(...parameters)
          .all()
      ).results,
    close: () => workerd.dispose(),
  };
}
