// Bindings and vars are not inherited by environments, and a Worker that points to another environment's
// sends real people's events to the wrong vendors. URLs carry write keys and API secrets, which Cloudflare's
// logs must not keep. This reads the files as wrangler does.
import { unstable_readConfig } from "wrangler";

const DISPATCHER = "wrangler.toml";
const TRACE = "trace/wrangler.toml";
const CONSOLE = "console/wrangler.toml";
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
  kv_namespaces: { binding: string; id?: string }[];
  durable_objects: { bindings: { name: string; class_name: string; script_name?: string }[] };
  migrations: { tag: string; new_sqlite_classes?: string[] }[];
  ratelimits: { name: string; namespace_id: string; simple: unknown }[];
  analytics_engine_datasets: { binding: string; dataset?: string }[];
}

function read(config: string, env?: string): Config {
  return unstable_readConfig(env ? { config, env } : { config }) as unknown as Config;
}

function bindings(config: Config): string {
  const names = [
    // D1 is compared below: an environment without it has none. The same goes for KV and for datasets.
    ...(config.services ?? []).map((one) => `service ${one.binding}`),
    ...config.durable_objects.bindings.map((one) => `object ${one.name} (${one.class_name})`),
    ...config.ratelimits.map((one) => `rate limit ${one.name}`),
  ];
  return names.sort().join(", ");
}

const compatibilityDate = read(DISPATCHER).compatibility_date;
for (const file of [DISPATCHER, TRACE, CONSOLE]) {
  const base = read(file);
  if (base.compatibility_date !== compatibilityDate) {
    faults.push(`${file}: the compatibility date must be Dispatcher's, ${compatibilityDate}`);
  }
  for (const env of ENVIRONMENTS) {
    const config = read(file, env);
    const say = (fault: string) => faults.push(`${file}: env.${env}: ${fault}`);
    if (bindings(config) !== bindings(base)) {
      say(`has the bindings "${bindings(config)}" in place of "${bindings(base)}"`);
    }
    const missing = Object.keys(base.vars).filter((name) => !(name in config.vars));
    if (missing.length > 0) say(`lacks the vars ${missing.join(", ")}`);
    // Trace's others are settings of trackers, and some of Dispatcher's those of warehouses, which differ; what the
    // Workers do must not.
    const isOfWarehouse = (name: string) => /^BIGQUERY_|_RETENTION_DAYS$/.test(name);
    const others = Object.keys(config.vars).filter((name) => !isOfWarehouse(name));
    const added = others.filter((name) => !(name in base.vars));
    if (file !== TRACE && added.length > 0) {
      say(`has the vars ${added.join(", ")}, which development lacks`);
    }
    if ("BIGQUERY_KEY" in config.vars) say("BIGQUERY_KEY is a secret, and no var");
    if (config.vars.ENVIRONMENT !== env) say(`ENVIRONMENT must be "${env}"`);
    if (config.name !== `${base.name}-${env}`) say(`is named ${config.name}`);
    if (config.compatibility_date !== base.compatibility_date)
      say("has another compatibility date");
  }
}

// What no two environments may share, and the one that has it.
const usedBy = new Map<string, string>();
function claim(where: string, what: string): void {
  const other = usedBy.get(what);
  if (other) faults.push(`${where}: has the ${what} of ${other}`);
  usedBy.set(what, where);
}

for (const env of [undefined, ...ENVIRONMENTS]) {
  const where = env ?? "development";
  const say = (fault: string) => faults.push(`${where}: ${fault}`);
  const dispatcher = read(DISPATCHER, env);
  const trace = read(TRACE, env);
  const operator = read(CONSOLE, env);

  const target = dispatcher.services?.find((one) => one.binding === "TRACE")?.service;
  if (target !== trace.name) say(`Dispatcher's TRACE is ${target}, not ${trace.name}`);

  const own = dispatcher.durable_objects.bindings.find((one) => one.name === "OUTBOX");
  if (own?.class_name !== "Outbox" || own.script_name) {
    say("Dispatcher must have the binding OUTBOX to its own class Outbox");
  }
  if (!dispatcher.migrations.some((one) => one.new_sqlite_classes?.includes("Outbox"))) {
    say('Dispatcher must have a migration with new_sqlite_classes = ["Outbox"]');
  }
  const lent = operator.durable_objects.bindings.find((one) => one.name === "OUTBOX");
  if (lent?.class_name !== "Outbox" || lent.script_name !== dispatcher.name) {
    say(`Console must have the binding OUTBOX to the class Outbox of ${dispatcher.name}`);
  }
  // They are part of where a shard is found, or put.
  for (const name of ["OUTBOX_JURISDICTION", "OUTBOX_LOCATION"]) {
    if ((operator.vars[name] ?? "") !== (dispatcher.vars[name] ?? "")) {
      say(`Console's ${name} must be Dispatcher's`);
    }
  }

  for (const [worker, { workers_dev, preview_urls, route, routes }] of [
    ["Trace", trace],
    ["Console", operator],
  ] as const) {
    if (workers_dev !== false || preview_urls !== false) {
      say(`${worker} must have workers_dev = false and preview_urls = false`);
    }
    if (route || routes?.length) {
      say(`${worker} must have no route; Console gets its address where Access is set up`);
    }
  }
  for (const { name, observability } of [dispatcher, trace, operator]) {
    if (!observability?.enabled || !observability.redact_query_string) {
      faults.push(`${name}: observability must have enabled = true and redact_query_string = true`);
    }
  }
  const usesD1 = String(dispatcher.vars.WAREHOUSE ?? "d1")
    .split(",")
    .includes("d1");
  if (usesD1 && !dispatcher.d1_databases.some((one) => one.binding === "D1")) {
    say("Dispatcher must have the binding D1, or another WAREHOUSE");
  }
  for (const { database_id: id } of env ? dispatcher.d1_databases : []) {
    if (id && id !== PLACEHOLDER) claim(where, `database ${id}`);
  }
  for (const { binding, id } of trace.kv_namespaces) {
    if (binding !== "POLICY") say(`Trace knows no KV namespace ${binding}`);
    if (env && !/[1-9a-f]/.test(id ?? "")) say("Trace's POLICY needs the id of its own namespace");
    else if (id) claim(where, `KV namespace ${id}`);
  }
  for (const { namespace_id: id } of dispatcher.ratelimits) claim(where, `rate limit ${id}`);
  for (const { binding, dataset } of dispatcher.analytics_engine_datasets) {
    if (binding !== "METRICS") say(`Dispatcher knows no dataset ${binding}`);
    claim(where, `dataset ${dataset ?? binding}`);
  }
  const databases = dispatcher.d1_databases.map((one) => one.database_name);
  if (env && databases.some((name) => !name?.endsWith(`-${env}`))) {
    say(`the database must be named for its environment, not ${databases.join(", ")}`);
  }
}

if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
