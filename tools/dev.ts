// `make dev`: both Workers in workerd, the local warehouse, the vendor sandbox and the demo page.
import { spawn, spawnSync } from "node:child_process";
import { constants, copyFileSync, existsSync } from "node:fs";
import { connect } from "node:net";
import { startSandbox } from "../sandbox/server.ts";

const DISPATCHER_PORT = 8787;
const SANDBOX_PORT = 8788; // as in trace/.dev.vars.example
const dispatcher = `http://127.0.0.1:${DISPATCHER_PORT}`;

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

for (const port of [DISPATCHER_PORT, SANDBOX_PORT]) {
  if (await isTaken(port)) fail(`port ${port} is in use; is \`make dev\` running already?`);
}
try {
  copyFileSync("trace/.dev.vars.example", "trace/.dev.vars", constants.COPYFILE_EXCL);
} catch {
  // There is one already, and it is the developer's own.
  if (!existsSync("trace/.dev.vars")) fail("trace/.dev.vars cannot be written");
}

console.error("· bringing the local warehouse up to date");
const migrate = ["run", "--quiet", "-p", "sparrow-cli", "--", "warehouse", "migrate", ...persist];
if (spawnSync("cargo", migrate, { stdio: "inherit" }).status !== 0) process.exit(1);

const sandbox = await startSandbox({ port: SANDBOX_PORT, dispatcher });
console.error("· building and starting the Workers (the first time takes some minutes)");
const configs = ["-c", "wrangler.toml", "-c", "trace/wrangler.toml"];
const address = ["--ip", "127.0.0.1", "--port", String(DISPATCHER_PORT)];
const quiet = ["--show-interactive-dev-session=false"];
const wrangler = spawn("wrangler", ["dev", ...configs, ...address, ...persist, ...quiet], {
  stdio: ["ignore", "inherit", "inherit"],
});

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  wrangler.kill("SIGTERM");
  await sandbox.close();
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

  The warehouse:  npx wrangler d1 execute D1 --local --command "SELECT * FROM raw_normalized"
`);
