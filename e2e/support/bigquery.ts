// The sandbox's BigQuery as a warehouse of the Workers.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sandbox } from "../../sandbox/server.ts";

/** Dispatcher's settings, with these warehouses. */
export function bigqueryAt(sandbox: Sandbox, warehouse: string): Record<string, string> {
  return {
    WAREHOUSE: warehouse,
    BIGQUERY_KEY: JSON.stringify(sandbox.serviceAccount()),
    BIGQUERY_ENDPOINT: sandbox.url,
  };
}

/** Makes dataset, tables and views as an operator does. */
export async function makeTables(sandbox: Sandbox, ...options: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sparrow-key-"));
  try {
    const key = join(folder, "key.json");
    writeFileSync(key, JSON.stringify(sandbox.serviceAccount()), { mode: 0o600 });
    const where = ["--warehouse", "bigquery", "--endpoint", sandbox.url, "--key", key];
    const command = ["warehouse", "migrate", ...where, ...options];
    await promisify(execFile)("target/debug/sparrow", command);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
