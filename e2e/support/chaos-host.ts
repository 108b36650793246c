// A process that runs Workers on what a folder keeps, and that can be killed at any moment. It leads a process group of
// its own, workerd included, and ends it when whoever started it is gone. It starts as fast as it can.

import { once } from "node:events";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** What it is told, once, by a message. */
export interface HostOrder {
  port: number;
  /** Where what is durable lives. */
  state: string;
  workers: object[];
  /** Statements for the warehouse, to be carried out before the first request. */
  migration: string[];
}

interface Database {
  prepare(sql: string): { run(): Promise<unknown> };
}

process.once("disconnect", () => process.kill(-process.pid, "SIGKILL"));

const [order] = await once(process, "message");
const { port, state, workers, migration } = order as HostOrder;
const workerd = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port,
    cf: false,
    resourcePersistencePath: state,
    handleStructuredLogs: ({ message }) => console.error(message),
    workers: workers as { name: string; modules: [] }[],
  }),
);
const url = await workerd.ready;
const database = (await workerd.getD1Database("D1", "sparrow")) as unknown as Database;
for (const statement of migration) await database.prepare(statement).run();
process.send?.(Number(url.port));
