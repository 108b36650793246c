// What is compared: Sparrow, without and with reports of errors, and the two floors, each alone in a workerd of its own.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { modulesOf } from "../e2e/support/modules.ts";
import { workerds } from "./kernel.ts";
import type { Ports, VendorName } from "./load/vendors.ts";
import { Warehouse } from "./warehouse.ts";

export const SIDES = ["answer", "pipe", "sparrow", "reporting"] as const;
export type SideName = (typeof SIDES)[number];

export interface Side {
  name: SideName;
  port: number;
  pid: number;
  /** Absent where nothing is delivered. */
  warehouse: Warehouse | undefined;
  /** Lines that the Workers logged as errors. */
  errors: string[];
  close(): Promise<void>;
}

/** On the disk of the checkout: /tmp may be memory, where a commit costs nothing. */
const STATE = "target/bench";

export async function start(name: SideName, shards: number, vendors: Ports): Promise<Side> {
  mkdirSync(STATE, { recursive: true });
  const state = mkdtempSync(`${STATE}/${name}-`);
  const errors: string[] = [];
  const workers = {
    answer: () => [floor("answer")],
    pipe: () => [floor("pipe", pipeBindings(shards, vendors))],
    sparrow: () => sparrow(shards, vendors),
    reporting: () => sparrow(shards, vendors, REPORTING),
  }[name]();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      resourcePersistencePath: state,
      handleStructuredLogs: ({ level, message }) => {
        if (level === "error" || message.includes('"level":"error"')) errors.push(message);
      },
      workers,
    }),
  );
  await miniflare.ready;
  const [pid] = workerds();
  if (pid === undefined) throw new Error("no workerd runs although Miniflare is ready");
  if (name !== "answer") {
    const D1 = (await miniflare.getD1Database("D1", workers[0]?.name)) as unknown as Database;
    await migrate(D1);
  }
  // The Worker itself: Miniflare's usual address has a Worker of its own in front, which would be measured, too.
  const { port } = await miniflare.unsafeGetDirectURL(workers[0]?.name);
  const warehouse = name === "answer" ? undefined : new Warehouse(state);
  return {
    name,
    port: Number(port),
    pid,
    warehouse,
    errors,
    close: async () => {
      warehouse?.close();
      await miniflare.dispose();
      rmSync(state, { recursive: true });
    },
  };
}

// Wrangler tells at each start which file it has secrets from; none of them is used here.
process.env.WRANGLER_LOG = "warn";

const DISPATCHER = "wrangler.toml";

/** What every Worker here is given, so that the sides differ in their code alone. */
const ALIKE = {
  // Without it each outgoing request passes a Worker of Miniflare's.
  stripCfConnectingIp: false,
};

const IN_FRONT = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };

function floor(name: string, bindings = {}) {
  const modulesRoot = resolve(import.meta.dirname, "floors");
  const modules = [{ type: "ESModule" as const, path: resolve(modulesRoot, `${name}.js`) }];
  const compatibilityDate = unstable_readConfig({ config: DISPATCHER })
    .compatibility_date as string;
  return { name, modules, modulesRoot, compatibilityDate, ...ALIKE, ...IN_FRONT, ...bindings };
}

function pipeBindings(shards: number, vendors: Ports) {
  return {
    bindings: { SHARDS: shards, ...addresses(vendors) },
    d1Databases: { D1: "floor" },
    durableObjects: { PIPE: { className: "Pipe", useSQLite: true } },
  };
}

/** Reports are on. While nothing fails none is sent, so that nobody has to listen there. */
const REPORTING = { SENTRY_DSN: "http://public@127.0.0.1:9/1" };

function sparrow(shards: number, vendors: Ports, more: Record<string, string> = {}) {
  const at = addresses(vendors);
  const trackers = {
    AMPLITUDE_API_KEY: "bench",
    AMPLITUDE_ENDPOINT: at.amplitude,
    GA4_MEASUREMENT_ID: "G-BENCH",
    GA4_API_SECRET: "bench",
    GA4_ENDPOINT: at.ga4,
    GA4_VALIDATE_SAMPLE: "0",
    HEAP_APP_ID: "1",
    HEAP_ENDPOINT: at.heap,
  };
  return [
    {
      ...built(DISPATCHER, { OUTBOX_SHARDS: String(shards), ...more }),
      ...IN_FRONT,
    },
    built("trace/wrangler.toml", { ...trackers, ...more }),
  ];
}

/** A Worker as its configuration says, from what was built for deployment. */
function built(config: string, vars: Record<string, string>) {
  const parsed = unstable_readConfig({ config });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(parsed);
  return {
    ...workerOptions,
    ...ALIKE,
    // Miniflare plays the rate limits with a Durable Object, two calls per request; at Cloudflare they cost next to nothing.
    ratelimits: {},
    name: parsed.name as string,
    bindings: { ...(parsed.vars as Record<string, string>), ...vars },
    ...modulesOf(parsed.main as string),
  };
}

function addresses(vendors: Ports): Record<VendorName, string> {
  const at = (name: VendorName) => `http://127.0.0.1:${vendors[name]}`;
  return { amplitude: at("amplitude"), ga4: at("ga4"), heap: at("heap") };
}

interface Database {
  prepare(sql: string): { run(): Promise<unknown> };
}

/** The floor has Sparrow's tables and indexes. */
async function migrate(database: Database): Promise<void> {
  const sql = execFileSync("target/debug/sparrow", ["warehouse", "migrate", "--print"], {
    encoding: "utf8",
  });
  for (const statement of sql.split(/;\n/)) {
    if (statement.trim()) await database.prepare(statement).run();
  }
}
