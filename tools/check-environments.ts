// Bindings and vars are not inherited by environments, and a Dispatcher that points to another
// environment's Trace sends real people's events to the wrong vendors. URLs carry write keys and API
// secrets, which Cloudflare's logs must not keep. This reads the files as wrangler does.
import { unstable_readConfig } from "wrangler";

const ENVIRONMENTS = ["staging", "production"];
const PLACEHOLDER = "00000000-0000-0000-0000-000000000000"; // until the database is made
const faults: string[] = [];

/** What of wrangler's configuration is compared. */
interface Config {
  name: string;
  vars: Record<string, unknown>;
  compatibility_date: string;
  observability?: { enabled?: boolean; redact_query_string?: boolean };
  workers_dev?: boolean;
  preview_urls?: boolean;
  route?: string;
  routes?: unknown[];
  d1_databases: { binding: string; database_name?: string; database_id?: string }[];
  services?: { binding: string; service: string }[];
  kv_namespaces: { binding: string }[];
  durable_objects: { bindings: { name: string }[] };
}

function read(config: string, env?: string): Config {
  return unstable_readConfig(env ? { config, env } : { config }) as unknown as Config;
}

function bindings(config: Config): string {
  const names = [
    ...config.d1_databases.map((one) => `d1 ${one.binding}`),
    ...(config.services ?? []).map((one) => `service ${one.binding}`),
    ...config.kv_namespaces.map((one) => `kv ${one.binding}`),
    ...config.durable_objects.bindings.map((one) => `object ${one.name}`),
  ];
  return names.sort().join(", ");
}

for (const file of ["wrangler.toml", "trace/wrangler.toml"]) {
  const base = read(file);
  for (const env of ENVIRONMENTS) {
    const config = read(file, env);
    const say = (fault: string) => faults.push(`${file}: env.${env}: ${fault}`);
    if (bindings(config) !== bindings(base)) {
      say(`has the bindings "${bindings(config)}" in place of "${bindings(base)}"`);
    }
    const missing = Object.keys(base.vars).filter((name) => !(name in config.vars));
    if (missing.length > 0) say(`lacks the vars ${missing.join(", ")}`);
    // Trace's others are settings of trackers, which differ; what Dispatcher does must not.
    const added = Object.keys(config.vars).filter((name) => !(name in base.vars));
    if (file === "wrangler.toml" && added.length > 0) {
      say(`has the vars ${added.join(", ")}, which development lacks`);
    }
    if (config.vars.ENVIRONMENT !== env) say(`ENVIRONMENT must be "${env}"`);
    if (config.name !== `${base.name}-${env}`) say(`is named ${config.name}`);
    if (config.compatibility_date !== base.compatibility_date)
      say("has another compatibility date");
  }
}

const usedBy = new Map<string, string>();
for (const env of [undefined, ...ENVIRONMENTS]) {
  const where = env ?? "development";
  const dispatcher = read("wrangler.toml", env);
  const trace = read("trace/wrangler.toml", env);
  const target = dispatcher.services?.find((one) => one.binding === "TRACE")?.service;
  if (target !== trace.name)
    faults.push(`${where}: Dispatcher's TRACE is ${target}, not ${trace.name}`);
  if (trace.workers_dev !== false || trace.preview_urls !== false) {
    faults.push(`${where}: Trace must have workers_dev = false and preview_urls = false`);
  }
  if (trace.route || trace.routes?.length) faults.push(`${where}: Trace must have no route`);
  for (const { name, observability } of [dispatcher, trace]) {
    if (!observability?.enabled || !observability.redact_query_string) {
      faults.push(`${name}: observability must have enabled = true and redact_query_string = true`);
    }
  }
  for (const { database_id: id } of env ? dispatcher.d1_databases : []) {
    if (!id || id === PLACEHOLDER) continue;
    const other = usedBy.get(id);
    if (other) faults.push(`${where}: has the database of ${other}, ${id}`);
    usedBy.set(id, where);
  }
  const databases = dispatcher.d1_databases.map((one) => one.database_name);
  if (env && databases.some((name) => !name?.endsWith(`-${env}`))) {
    faults.push(
      `${where}: the database must be named for its environment, not ${databases.join(", ")}`,
    );
  }
}

if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
