// The Workers as their own configurations say, from what was built for deployment.

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { DATASET, datasetWorker } from "./dataset.ts";
import { modulesOf } from "./modules.ts";

type Vars = Record<string, string>;

export interface Options {
  /** Vars of Trace, over those of the sandbox. */
  trace?: Vars;
  /** Warehouses other than D1 alone, such as `bigquery,d1`; BigQuery is the sandbox's. */
  warehouse?: string;
  /** Vars of Dispatcher, over {@link FAST}. */
  dispatcher?: Vars;
  /** Vars of Console, which runs only with them. */
  console?: Vars;
  /** Trace's KV namespace: as it is, one whose every call fails, or none. */
  policies?: "bound" | "broken" | "unbound";
  /** A module between the Outbox and Trace, which is its binding `TRACE`. */
  between?: string;
  /** Whether Dispatcher has a dataset for data points, which is one that remembers them. */
  dataset?: boolean;
  /** Trackers without settings. */
  off?: string[];
  /** Requests that each rate limit lets through in its period. */
  limit?: number;
}

export const TRACKERS = ["amplitude", "ga4", "heap", "webhook"];

/** The Outbox waits for company and for vendors, so that calls are few. Tests wait for the Outbox. */
const FAST: Vars = { OUTBOX_INTERVAL: "10ms", RETRY_BASE: "20ms", RETRY_MAX: "200ms" };

/** Dispatcher and Trace, and Console where it is asked for, with the vendors at `sandbox`. */
export function workers(sandbox: string, options: Options) {
  const trace = { ...trackersAt(sandbox, options.off), ...options.trace };
  return [
    withDataset(
      limited(worker("wrangler.toml", { ...FAST, ...options.dispatcher }), options),
      options,
    ),
    ...(options.dataset ? [datasetWorker] : []),
    ...behind(withoutPolicies(worker("trace/wrangler.toml", trace), options), options.between),
    ...(options.console ? [worker("console/wrangler.toml", options.console)] : []),
  ];
}

function worker(config: string, vars: Vars = {}) {
  const parsed = unstable_readConfig({ config });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(parsed);
  const bindings = { ...parsed.vars, ...vars } as Vars;
  if (!parsed.name || !parsed.main) throw new Error(`${config} has no name or no entry`);
  return {
    ...workerOptions,
    name: parsed.name,
    bindings,
    ...modulesOf(parsed.main),
  };
}

/** Trace's name, behind that Worker as it may be. */
export const traceName = ({ between }: Options) =>
  between === undefined ? "sparrow-trace" : "trace-behind";

/** Puts a Worker before Trace, where that is wanted. */
function behind<W extends { name: string }>(trace: W, contents: string | undefined) {
  if (contents === undefined) return [trace];
  const hidden = { ...trace, name: traceName({ between: contents }) };
  const between = {
    name: trace.name,
    compatibilityDate: "2026-11-01",
    modules: [{ type: "ESModule" as const, path: "between.js", contents }],
    serviceBindings: { TRACE: hidden.name },
  };
  return [between, hidden];
}

/** Takes Trace's KV namespace away, where that is wanted. */
function withoutPolicies<T extends { kvNamespaces?: unknown; bindings: Vars }>(
  trace: T,
  { policies = "bound" }: Options,
): T {
  if (policies === "bound") return trace;
  // No namespace, and no method of one.
  const broken = policies === "broken" ? { POLICY: {} } : {};
  return { ...trace, kvNamespaces: {}, bindings: { ...trace.bindings, ...broken } };
}

/** Gives the Worker the binding METRICS, where that is wanted. */
function withDataset<T>(
  worker: T & { serviceBindings?: Record<string, unknown> },
  { dataset }: Options,
): T {
  if (!dataset) return worker;
  return { ...worker, serviceBindings: { ...worker.serviceBindings, METRICS: DATASET } };
}

interface RateLimits {
  ratelimits?: Record<string, { simple: { limit: number; period: number } }>;
}

/** Lowers the Worker's rate limits, where that is wanted. */
function limited<T>(worker: T & RateLimits, { limit }: Options): T {
  if (limit === undefined) return worker;
  const limits = Object.entries(worker.ratelimits ?? {}).map(([name, one]) => [
    name,
    { ...one, simple: { ...one.simple, limit } },
  ]);
  return { ...worker, ratelimits: Object.fromEntries(limits) };
}

/** The settings of `make dev`, with the sandbox at another address and without the trackers in `off`. */
function trackersAt(sandbox: string, off: string[] = []): Vars {
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
