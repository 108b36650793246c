// `make dev`: the Workers in workerd, the local warehouse, the vendor sandbox and the demo page.
// WAREHOUSE is where rows go: `d1`, `bigquery` (an emulator on this machine) or both with a comma.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { type Emulator, startBqemulator } from "../e2e/support/bqemulator.ts";
import { startSandbox } from "../sandbox/server.ts";

const DISPATCHER_PORT = 8787;
const SANDBOX_PORT = 8788; // as in trace/.dev.vars.example
const CONSOLE_PORT = 8789; // as in docs/prometheus/dev.yml
const BIGQUERY_PORT = 9050;
const BIGQUERY_PROJECT = "sparrow-dev"; // as in tools/bigquery-query.py
const dispatcher = `http://127.0.0.1:${DISPATCHER_PORT}`;
const operators = `http://127.0.0.1:${CONSOLE_PORT}`;
const warehouses = (process.env.WAREHOUSE || "d1").split(",");
const hasBigQuery = warehouses.includes("bigquery");

// Where the warehouse lives; wrangler's own place unless somebody wants another.
const state = process.env.SPARROW_STATE;
const persist = state ? ["--persist-to", state] : [];

/** Where Prometheus and curl read Console's token; as in docs/prometheus/dev.yml and tools/prometheus. */
const TOKEN_FILE = ".wrangler/console-token";

/** First build: std, the crates and the Workers, one after the other. */
const STARTUP_DEADLINE_MS = 15 * 60_000;

function fail(message: string): never {
  console.error(`✗ ${message}`);
  process.exit(1);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Whether the Worker answered before the deadline. */
async function ready(url: string): Promise<boolean> {
  const deadline = Date.now() + STARTUP_DEADLINE_MS;
  while (Date.now() < deadline) {
    const health = await fetch(`${url}/health`).catch(() => undefined);
    if (health?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

/** Writes a new file that nobody else on this machine can read. */
function writeSecret(file: string, text: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: "wx" });
}

/** Gives Console a token, unless it has one, and Prometheus the same. */
function shareToken(): void {
  const vars = "console/.dev.vars";
  if (!existsSync(vars)) {
    writeSecret(vars, `CONSOLE_TOKEN = "${randomBytes(32).toString("base64url")}"\n`);
  }
  const token = parseEnv(readFileSync(vars, "utf8")).CONSOLE_TOKEN ?? "";
  if (token.length < 32) fail(`${vars} needs a CONSOLE_TOKEN of 32 characters, or to be removed`);
  mkdirSync(".wrangler", { recursive: true });
  writeSecret(TOKEN_FILE, token);
}

const strange = warehouses.find((name) => !["d1", "bigquery"].includes(name));
if (strange !== undefined) fail(`WAREHOUSE is d1, bigquery or bigquery,d1, not \`${strange}\``);
const ports = [
  DISPATCHER_PORT,
  SANDBOX_PORT,
  CONSOLE_PORT,
  ...(hasBigQuery ? [BIGQUERY_PORT] : []),
];
for (const port of ports) {
  if (await isTaken(port)) fail(`port ${port} is in use; is \`make dev\` running already?`);
}
try {
  copyFileSync("trace/.dev.vars.example", "trace/.dev.vars", constants.COPYFILE_EXCL);
} catch {
  // There is one already, and it is the developer's own.
  if (!existsSync("trace/.dev.vars")) fail("trace/.dev.vars cannot be written");
}
shareToken();

let emulator: Emulator | undefined;
if (hasBigQuery) {
  console.error("· starting BigQuery's emulator");
  const folder = resolve(state ?? ".wrangler/state", "bigquery");
  mkdirSync(folder, { recursive: true });
  emulator = await startBqemulator({ port: BIGQUERY_PORT, folder });
}
const bigquery = emulator ? { endpoint: emulator.url, project: BIGQUERY_PROJECT } : {};
// What the shell says of a real BigQuery is not meant.
for (const name of Object.keys(process.env)) {
  if (/^BIGQUERY_|_RETENTION_DAYS$/.test(name)) delete process.env[name];
}

console.error("· bringing the local warehouse up to date");
for (const name of warehouses) {
  const where = Object.entries({ ...bigquery, location: "US" }).map(
    ([option, value]) => `--${option}=${value}`,
  );
  const options = ["--warehouse", name, ...(name === "bigquery" ? where : persist)];
  const migrate = ["run", "--quiet", "-p", "sparrow-cli", "--", "warehouse", "migrate", ...options];
  if (spawnSync("cargo", migrate, { stdio: "inherit" }).status !== 0) {
    await emulator?.close();
    process.exit(1);
  }
}

const sandbox = await startSandbox({ port: SANDBOX_PORT, dispatcher });
console.error("· building and starting the Workers (the first time takes some minutes)");
const vars = [
  `WAREHOUSE:${warehouses.join(",")}`,
  ...Object.entries(bigquery).map(([name, value]) => `BIGQUERY_${name.toUpperCase()}:${value}`),
].flatMap((one) => ["--var", one]);
const workers: ChildProcess[] = [];
let stopping = false;

/** Starts `wrangler dev`; the Workers of several find each other in its registry. */
function start(port: number, configs: string[], options: string[]): void {
  const address = ["--ip", "127.0.0.1", "--port", String(port)];
  const quiet = ["--show-interactive-dev-session=false"];
  const files = configs.flatMap((config) => ["-c", config]);
  const args = ["dev", ...files, ...address, ...persist, ...quiet, ...options];
  const wrangler = spawn("wrangler", args, { stdio: ["ignore", "inherit", "inherit"] });
  wrangler.once("exit", (code) => {
    if (stopping) return;
    console.error("✗ wrangler ended; what it says stands above");
    void stop(code ?? 1);
  });
  workers.push(wrangler);
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const wrangler of workers) wrangler.kill("SIGTERM");
  await sandbox.close();
  await emulator?.close();
  process.exit(code);
}
process.once("SIGINT", () => void stop(0));
process.once("SIGTERM", () => void stop(0));

async function started(url: string): Promise<void> {
  if (await ready(url)) return;
  console.error("✗ the Workers did not come up");
  await stop(1);
}

start(DISPATCHER_PORT, ["wrangler.toml", "trace/wrangler.toml"], vars);
await started(dispatcher);
// Afterwards, since both would build; and without a line for every scrape.
start(CONSOLE_PORT, ["console/wrangler.toml"], ["--log-level=warn"]);
await started(operators);
console.log(`
  Sparrow is running. Ctrl-C ends it.

  Demo page       ${sandbox.url}/demo
  Vendor sandbox  ${sandbox.url}/
  Events go to    ${dispatcher}/e
  Console         curl -H "Authorization: Bearer $(cat ${TOKEN_FILE})" ${operators}/api/trackers
  Prometheus      make metrics

  The warehouse:  ${hasBigQuery ? "tools/bqemulator query" : "npx wrangler d1 execute D1 --local --command"} "SELECT * FROM raw_normalized"
`);
