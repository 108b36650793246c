// The Workers as built for production, in one workerd, with a local D1 and the vendor sandbox.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { startSandbox } from "../../sandbox/server.ts";
import { account, type Row } from "./account.ts";
import { bigqueryAt, makeTables } from "./bigquery.ts";
import { migration } from "./d1.ts";
import { DATASET, type DataPoint } from "./dataset.ts";
import { eventually } from "./wait.ts";
import { type Options, TRACKERS, traceName, workers } from "./workers.ts";

export const DEVELOPMENT_KEY = "sparrow-development-key";

/** The origin that the policy allows in development. */
export const DEVELOPMENT_ORIGIN = "http://localhost:8788";

interface Database {
  prepare(sql: string): {
    bind(...values: unknown[]): { all(): Promise<{ results: Row[] }> };
    run(): Promise<unknown>;
  };
}

interface Service {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): Service;
}

/** Trace's KV namespace. */
interface Policies {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

/** What a shard says of itself; `outbox::admin::ShardStatus`. */
export interface Status {
  full: boolean;
  payloads: number;
  rowsWritten: number;
  lanes: Lane[];
}

export interface Lane {
  lane: string;
  breaker: string;
  failures: number;
  reason: string | null;
  backlog: number;
  dead: number;
}

/** The file of the only D1 below a folder of workerd's. */
export function databaseFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    /D1DatabaseObject\/(?!metadata).*\.sqlite$/.test(file),
  );
  assert.equal(files.length, 1, files.join());
  return join(folder, files[0] as string);
}

export type Sparrow = Awaited<ReturnType<typeof startSparrow>>;

export async function startSparrow(options: Options = {}) {
  const sandbox = await startSandbox({ port: 0 });
  const state = mkdtempSync(join(tmpdir(), "sparrow-"));
  const lines: string[] = [];
  let running = await run(options);
  try {
    for (const statement of migration()) await running.D1.prepare(statement).run();
    if (options.warehouse?.includes("bigquery")) await makeTables(sandbox);
  } catch (error) {
    await close();
    throw error;
  }

  async function run(options: Options) {
    const { warehouse } = options;
    const elsewhere = warehouse ? bigqueryAt(sandbox, warehouse) : {};
    const dispatcher = { ...elsewhere, ...options.dispatcher };
    const workerd = new Miniflare(
      convertV4MiniflareOptions({
        host: "127.0.0.1",
        port: 0,
        cf: false,
        resourcePersistencePath: state,
        handleStructuredLogs: ({ message }) => lines.push(message),
        workers: workers(sandbox.url, { ...options, dispatcher }),
      }),
    );
    const { origin } = await workerd.ready;
    const D1 = (await workerd.getD1Database("D1", "sparrow")) as unknown as Database;
    const outbox = await workerd.getDurableObjectNamespace("OUTBOX", "sparrow");
    const isBound = (options.policies ?? "bound") === "bound";
    const policies = isBound && (await workerd.getKVNamespace("POLICY", traceName(options)));
    return {
      workerd,
      origin,
      D1,
      outbox: outbox as unknown as Namespace,
      policies: policies as Policies | false,
      options,
    };
  }

  async function close(): Promise<void> {
    await running.workerd.dispose();
    await sandbox.close();
    rmSync(state, { recursive: true, force: true });
  }

  const service = async (name: string) =>
    (await running.workerd.getWorker(name)) as unknown as Service;

  /** Asks a shard of the Outbox as Console does: with a body by POST, else by GET. */
  const outbox = async <T>(path: string, shard = 0, body?: unknown): Promise<T> => {
    const object = running.outbox.get(running.outbox.idFromName(`outbox-${shard}`));
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await object.fetch(`http://outbox${path}`, init);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };

  const status = (shard = 0) => outbox<Status>("/status", shard);

  const sql = async (sql: string, ...values: unknown[]): Promise<Row[]> => {
    const statement = running.D1.prepare(sql).bind(...values);
    return (await statement.all()).results;
  };

  return {
    /** Dispatcher's address, without a trailing slash; another one after a restart. */
    get url() {
      return running.origin;
    },
    sandbox,
    /** Sends a payload as a server does, with the development write key. */
    send: (body: unknown, query = "") =>
      fetch(`${running.origin}/e?key=${DEVELOPMENT_KEY}${query}`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    /** Trace, past Dispatcher: what only the service binding can reach. */
    trace: async (path: string, body: unknown) => {
      const init = { method: "POST", body: JSON.stringify(body) };
      return (await service("sparrow-trace")).fetch(`https://trace${path}`, init);
    },
    /** Console, where it runs. */
    console: async (path: string, init?: RequestInit) =>
      (await service("sparrow-console")).fetch(`http://localhost${path}`, init),
    /** The data points that Dispatcher has written, where it has a dataset. */
    points: async () =>
      (await (await service(DATASET)).fetch("http://dataset")).json() as Promise<DataPoint[]>,
    /** Trace's KV namespace, where it has one. */
    get policies(): Policies {
      assert(running.policies, "Trace has its KV namespace");
      return running.policies;
    },
    sql,
    /** The file of D1. */
    d1File: () => databaseFile(state),
    ...account(sql, () => TRACKERS.filter((tracker) => !running.options.off?.includes(tracker))),
    outbox,
    /** Waits until nothing is on its way to a warehouse or vendor. */
    idle: () =>
      eventually("nothing is on its way", async () =>
        (await status()).lanes.every(({ backlog }) => backlog === 0),
      ),
    /** What a shard says of itself. Asking is a request, which wakes it. */
    status,
    lane: async (name: string, shard = 0): Promise<Lane | undefined> =>
      (await status(shard)).lanes.find(({ lane }) => lane === name),
    /** Everything that the Workers logged, as it came. */
    output: () => lines.join("\n"),
    /** The Workers' log lines that are JSON. */
    logs: (): Row[] =>
      lines.flatMap((message) => {
        try {
          return [JSON.parse(message) as Row];
        } catch {
          return [];
        }
      }),
    /**
     * Ends workerd and starts it again on what was stored, with other options where they are given. The shards that are
     * named are woken, as any request does; the alarm of the others may be half a minute away.
     */
    restart: async (changes: Options = {}, woken: number[] = [0]) => {
      await running.workerd.dispose();
      running = await run({ ...running.options, ...changes });
      for (const shard of woken) await status(shard);
    },
    close,
  };
}
