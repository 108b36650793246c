// `make dev`: both Workers in workerd, the local warehouse, the vendor sandbox and the demo page.
// WAREHOUSE is where rows go: `d1`, `bigquery` (an emulator on this machine) or both with a comma.
import { spawn, spawnSync } from "node:child_process";
import { constants, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { type Emulator, startBqemulator } from "../e2e/support/bqemulator.ts";
import { startSandbox } from "../sandbox/server.ts";

const DISPATCHER_PORT = 8787;
const SANDBOX_PORT = 8788; // as in trace/.dev.vars.example
const BIGQUERY_PORT = 9050;
const BIGQUERY_PROJECT = "sparrow-dev"; // as in tools/bigquery-query.py
const dispatcher = `http://127.0.0.1:${DISPATCHER_PORT}`;
const warehouses = (process.env.WAREHOUSE || "d1").split(",");
const hasBigQuery = warehouses.includes("bigquery");

// Where the warehouse lives; wrangler's own place unless somebody wants another.
const state = process.env.SPARROW_STATE;
const persist = state ? ["--persist-to", state] : [];

/** First build: std, the crates and two Workers, one after the other. */
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

/** Whether the Workers answered before the deadline. */
async function ready(): Promise<boolean> {
  const deadline = Date.now() + STARTUP_DEADLINE_MS;
  while (Date.now() < deadline) {
    const health = await fetch(`${dispatcher}/health`).catch(() => undefined);
    if (health?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

const strange = warehouses.find((name) => !["d1", "bigquery"].includes(name));
if (strange !== undefined) fail(`WAREHOUSE is d1, bigquery or bigquery,d1, not \`${strange}\``);
for (const port of [DISPATCHER_PORT, SANDBOX_PORT, ...(hasBigQuery ? [BIGQUERY_PORT] : [])]) {
  if (await isTaken(port)) fail(`port ${port} is in use; is \`make dev\` running already?`);
}
try {
  copyFileSync("trace/.dev.vars.example", "trace/.dev.vars", constants.COPYFILE_EXCL);
} catch {
  // There is one already, and it is the developer's own.
  if (!existsSync("trace/.dev.vars")) fail("trace/.dev.vars cannot be written");
}

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
const configs = ["-c", "wrangler.toml", "-c", "trace/wrangler.toml"];
const address = ["--ip", "127.0.0.1", "--port", String(DISPATCHER_PORT)];
const quiet = ["--show-interactive-dev-session=false"];
const vars = [
  `WAREHOUSE:${warehouses.join(",")}`,
  ...Object.entries(bigquery).map(([name, value]) => `BIGQUERY_${name.toUpperCase()}:${value}`),
].flatMap((one) => ["--var", one]);
const wrangler = spawn("wrangler", ["dev", ...configs, ...address, ...persist, ...quiet, ...vars], {
  stdio: ["ignore", "inherit", "inherit"],
});

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  wrangler.kill("SIGTERM");
  await sandbox.close();
  await emulator?.close();
  process.exit(code);
}
process.once("SIGINT", () => void stop(0));
process.once("SIGTERM", () => void stop(0));
wrangler.once("exit", (code) => {
  if (stopping) return;
  console.error("✗ wrangler ended; what it says stands above");
  void stop(code ?? 1);
});

if (!(await ready())) {
  console.error("✗ the Workers did not come up");
  await stop(1);
}
console.log(`
  Sparrow is running. Ctrl-C ends it.

  Demo page       ${sandbox.url}/demo
  Vendor sandbox  ${sandbox.url}/
  Events go to    ${dispatcher}/e

  The warehouse:  ${hasBigQuery ? "tools/bqemulator query" : "npx wrangler d1 execute D1 --local --command"} "SELECT * FROM raw_normalized"
`);
