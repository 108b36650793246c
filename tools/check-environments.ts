// Bindings and vars are not inherited by environments, and a Dispatcher that points to another
// environment's Trace sends real people's events to the wrong vendors. This reads the files as wrangler does.
import { unstable_readConfig } from "wrangler";

const ENVIRONMENTS = ["staging", "production"];
const faults: string[] = [];

/** What of wrangler's configuration is compared. */
interface Config {
  name: string;
  vars: Record<string, unknown>;
  compatibility_date: string;
  workers_dev?: boolean;
  preview_urls?: boolean;
  route?: string;
  routes?: unknown[];
  d1_databases: { binding: string; database_name?: string }[];
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
    if (config.vars.ENVIRONMENT !== env) say(`ENVIRONMENT must be "${env}"`);
    if (config.name !== `${base.name}-${env}`) say(`is named ${config.name}`);
    if (config.compatibility_date !== base.compatibility_date)
      say("has another compatibility date");
  }
}

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
