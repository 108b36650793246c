// Both Workers as built for production, in one workerd, with a local D1 and the vendor sandbox.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { startSandbox } from "../../sandbox/server.ts";
import { eventually } from "./wait.ts";

export const DEVELOPMENT_KEY = "sparrow-development-key";

/** The origin that the policy allows in development. */
export const DEVELOPMENT_ORIGIN = "http://localhost:8788";

type Row = Record<string, unknown>;

interface Database {
  prepare(sql: string): {
    bind(...values: unknown[]): { all(): Promise<{ results: Row[] }> };
    run(): Promise<unknown>;
  };
}

interface Service {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Trace's log line for a payload. */
export interface Forwarded extends Row {
  payload: string;
  policy: string;
  events: {
    id: string;
    event: string;
    trackers: Record<string, string>;
    changes?: Record<string, unknown>[];
  }[];
  omitted: number;
}

export interface Options {
  /** Vars of Trace, over those of the sandbox. */
  trace?: Record<string, string>;
  /** Vars of Dispatcher. */
  dispatcher?: Record<string, string>;
  /** Trackers without settings. */
  off?: string[];
  /** Leave the tables out: a warehouse that refuses every row. */
  withoutTables?: boolean;
}

export type Sparrow = Awaited<ReturnType<typeof startSparrow>>;

export async function startSparrow(options: Options = {}) {
  const sandbox = await startSandbox({ port: 0 });
  const lines: string[] = [];
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      handleStructuredLogs: ({ message }) => lines.push(message),
      workers: [
        worker("wrangler.toml", "dispatcher/build", options.dispatcher),
        worker("trace/wrangler.toml", "trace/build", {
          ...trackersAt(sandbox.url, options.off),
          ...options.trace,
        }),
      ],
    }),
  );
  const url = await workerd.ready;
  const D1 = (await workerd.getD1Database("D1", "sparrow")) as unknown as Database;
  const trace = (await workerd.getWorker("sparrow-trace")) as unknown as Service;
  if (!options.withoutTables) await migrate(D1);

  /** The Workers' log lines that are JSON. */
  const logs = (): Row[] =>
    lines.flatMap((message) => {
      try {
        return [JSON.parse(message) as Row];
      } catch {
        return [];
      }
    });

  return {
    /** Dispatcher's address, without a trailing slash. */
    url: url.origin,
    sandbox,
    /** Sends a payload as a server does, with the development write key. */
    send: (body: unknown, query = "") =>
      fetch(`${url.origin}/e?key=${DEVELOPMENT_KEY}${query}`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    /** Trace, past Dispatcher: what only the service binding can reach. */
    trace: (path: string, body: unknown) =>
      trace.fetch(`https://trace${path}`, {
        method: "POST",
        body: JSON.stringify(body),
      }),
    sql: async (sql: string, ...values: unknown[]): Promise<Row[]> =>
      (
        await D1.prepare(sql)
          .bind(...values)
          .all()
      ).results,
    /** What Trace logged of a payload once it had gone to every tracker. */
    forwarded: (payload: string) =>
      eventually(`payload ${payload} is forwarded`, () =>
        logs().find((line) => line.code === "forwarded" && line.payload === payload),
      ) as Promise<Forwarded>,
    migrate: () => migrate(D1),
    logs,
    close: async () => {
      await workerd.dispose();
      await sandbox.close();
    },
  };
}

/** A Worker as its own configuration says, from what was built for deployment. */
function worker(config: string, build: string, vars: Record<string, string> = {}) {
  const parsed = unstable_readConfig({ config });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(parsed);
  const bindings = { ...parsed.vars, ...vars } as Record<string, string>;
  if (!parsed.name) throw new Error(`${config} has no name`);
  return {
    ...workerOptions,
    name: parsed.name,
    bindings,
    modulesRoot: resolve(build),
    modules: [
      { type: "ESModule" as const, path: resolve(build, "index.js") },
      { type: "CompiledWasm" as const, path: resolve(build, "index_bg.wasm") },
    ],
  };
}

/** The settings of `make dev`, with the sandbox at another address and without the trackers in `off`. */
function trackersAt(sandbox: string, off: string[] = []): Record<string, string> {
  const example = readFileSync("trace/.dev.vars.example", "utf8");
  const settings = parseEnv(example.replaceAll("http://127.0.0.1:8788", sandbox));
  const isOff = (name: string) =>
    off.some((tracker) => name.startsWith(`${tracker.toUpperCase()}_`));
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      value && !isOff(name) ? [[name, value]] : [],
    ),
  );
}

async function migrate(database: Database): Promise<void> {
  const sql = execFileSync("target/debug/sparrow", ["warehouse", "migrate", "--print"], {
    encoding: "utf8",
  });
  for (const statement of sql.split(/;\n/)) {
    if (statement.trim()) await database.prepare(statement).run();
  }
}
