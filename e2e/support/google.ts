// Google's own libraries as judges, run with Python by the scripts in e2e/google.

import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { RequestRecord } from "../../sandbox/server.ts";
import type { Row } from "./account.ts";
import { installBqemulator } from "./bqemulator.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** A request to BigQuery or to Google's token endpoint, as the sandbox recorded it. */
export type Call = Pick<RequestRecord, "method" | "path" | "query" | "headers" | "body">;

export interface Verdict {
  /** The method's id in Google's API, such as `tables.insert`, or `token`; null where there is no such method. */
  method: string | null;
  /** Everything that Google's libraries say against it. */
  faults: string[];
}

/**
 * Whether calls, in their order, are what Google documents: methods and bodies by the discovery document of the API, tokens
 * by google-auth, which must verify them and make the same from the account's key file.
 */
export function judge(calls: Call[], key: Record<string, string>): Promise<Verdict[]> {
  const told = calls.map(({ method, path, query, headers, body }) => {
    const search = new URLSearchParams(query).toString();
    const contentType = headers["content-type"] ?? null;
    const { authorization = null } = headers;
    return { method, path: search ? `${path}?${search}` : path, contentType, authorization, body };
  });
  return python("google/judge.py", { key, calls: told });
}

/** A table or view as Google's client reads it. */
export interface Table {
  type: "TABLE" | "VIEW";
  schema: { fields: { name: string; type: string; mode: string }[] };
  timePartitioning: { type: string; field: string; expirationMs?: string } | null;
  clustering: { fields: string[] } | null;
  rows: number;
}

export interface Read {
  /** The answers to the queries. */
  rows: Row[][];
  tables: Record<string, Table>;
}

/** What Google's client reads in a dataset of the emulator. Tables that a query names without a dataset are of this one. */
export function read(
  endpoint: string,
  project: string,
  dataset: string,
  queries: string[] = [],
): Promise<Read> {
  return python("google/read.py", { endpoint, project, dataset, queries });
}

/** Runs a script of this folder's neighbours, with the emulator's Python, which reads JSON and writes JSON. */
export async function python<T>(script: string, input: unknown): Promise<T> {
  installBqemulator();
  const run = promisify(execFile)(
    resolve(ROOT, ".tools/bqemulator/bin/python"),
    // Without compiled files beside the script.
    ["-B", resolve(ROOT, "e2e", script)],
    // The emulator is near, whichever proxy the way out has.
    { maxBuffer: 1 << 30, env: { ...process.env, NO_PROXY: "127.0.0.1" } },
  );
  run.child.stdin?.end(JSON.stringify(input));
  return JSON.parse((await run).stdout);
}
