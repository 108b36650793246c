// BigQuery as a warehouse: how it is set up, and how the Workers are told of the sandbox's.

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

/** Makes dataset, tables and views in the sandbox as an operator does, and returns what is said. */
export async function makeTables(sandbox: Sandbox, ...options: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sparrow-key-"));
  try {
    const key = join(folder, "key.json");
    writeFileSync(key, JSON.stringify(sandbox.serviceAccount()), { mode: 0o600 });
    return await migrate("--endpoint", sandbox.url, "--key", key, ...options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `sparrow warehouse migrate` for BigQuery, in the EU and else with these options alone, and returns what it says. */
export async function migrate(...options: string[]): Promise<string> {
  const isSetting = (name: string) => /^(WAREHOUSE$|BIGQUERY_)|_RETENTION_DAYS$/.test(name);
  const others = Object.entries(process.env).filter(([name]) => !isSetting(name));
  const env = { ...Object.fromEntries(others), BIGQUERY_LOCATION: "EU" };
  const command = ["warehouse", "migrate", "--warehouse", "bigquery", ...options];
  return (await promisify(execFile)("target/debug/sparrow", command, { env })).stderr;
}
