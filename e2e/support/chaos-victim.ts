// Workers in a process group that is killed and started again, on the same port and on what was stored.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startSandbox } from "../../sandbox/server.ts";
import type { Row } from "./account.ts";
import { bigqueryAt, makeTables } from "./bigquery.ts";
import type { HostOrder } from "./chaos-host.ts";
import { migration } from "./d1.ts";
import { type Options, workers } from "./workers.ts";

/** On the disk of the checkout: /tmp may be memory, where a commit costs nothing. */
const FOLDER = "target/chaos";

export type Victim = Awaited<ReturnType<typeof startVictim>>;

/** The Workers with faults on demand, and a sandbox that survives them. */
export async function startVictim(options: Options = {}) {
  mkdirSync(FOLDER, { recursive: true });
  const folder = resolve(mkdtempSync(`${FOLDER}/run-`));
  const state = join(folder, "state");
  const log = join(folder, "log");
  const sandbox = await startSandbox();
  const faults = { FAULTS_URL: sandbox.url };
  const { warehouse = "d1" } = options;
  const elsewhere = warehouse === "d1" ? {} : bigqueryAt(sandbox, warehouse);
  if (warehouse !== "d1") await makeTables(sandbox);
  const vars = {
    ...options,
    dispatcher: { ...faults, ...elsewhere, ...options.dispatcher },
    trace: { ...faults, GA4_VALIDATE_SAMPLE: "0", ...options.trace },
  };
  const order = { port: 0, state, workers: workers(sandbox.url, vars).map(withFaults) };
  let { host, port } = await start({ ...order, migration: migration() }, log);
  order.port = port;
  const d1 = databases(state, "d1")[0] as string;
  const file = new DatabaseSync(d1, { readOnly: true, timeout: 10_000 });

  const kill = async (): Promise<void> => {
    if (host.exitCode !== null || host.signalCode !== null) return;
    const ended = once(host, "exit");
    // The whole group, workerd with it.
    process.kill(-(host.pid as number), "SIGKILL");
    await ended;
  };

  return {
    sandbox,
    folder,
    url: `http://127.0.0.1:${port}`,
    /** The warehouse's file. */
    d1,
    /** Asks the warehouse, past the Workers. */
    sql: (sql: string, ...values: (string | number)[]): Row[] => file.prepare(sql).all(...values),
    /** Asks the database of every shard, past the Workers. */
    shards: (sql: string): Row[] =>
      databases(state, "do").flatMap((file) => {
        const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
        const rows = database.prepare(sql).all();
        database.close();
        return rows;
      }),
    /** Ends everything at once, as a power cut does. */
    kill,
    /** Starts everything again on what was stored. */
    restart: async (): Promise<void> => {
      ({ host } = await start({ ...order, migration: [] }, log));
    },
    /** `keep`: leave what was stored, to be looked at. */
    close: async ({ keep = false } = {}): Promise<void> => {
      file.close();
      await kill();
      await sandbox.close();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same Worker from the build for tests, in which its modules have the same names. */
function withFaults<W extends { modules: { path: string }[] }>(worker: W): W {
  const modules = worker.modules.map((module) => {
    const path = module.path.replace("/build/", "/build-faults/");
    return path === module.path ? module : { ...module, contents: readFileSync(path) };
  });
  return { ...worker, modules };
}

/** Files of databases, named after the hash of their objects' ids. */
function databases(state: string, kind: "d1" | "do"): string[] {
  const files = globSync(join(state, kind, "*", "*.sqlite"));
  return files.filter((file) => /\/[0-9a-f]{64}\.sqlite$/.test(file));
}

async function start(order: HostOrder, log: string): Promise<{ host: ChildProcess; port: number }> {
  const output = openSync(log, "a");
  const host = fork(join(import.meta.dirname, "chaos-host.ts"), {
    detached: true,
    stdio: ["ignore", output, output, "ipc"],
    // Carries bytes as they are.
    serialization: "advanced",
  });
  closeSync(output);
  host.send(order);
  const port = await new Promise<number>((resolve, reject) => {
    host.once("message", (port) => resolve(Number(port)));
    host.once("exit", () => reject(new Error(`the Workers do not start; see ${log}`)));
  });
  return { host, port };
}
