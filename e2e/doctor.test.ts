// `sparrow doctor` on the running Workers with D1 and the vendor sandbox: nothing is a fault where all is well, and what is broken is
// told with how to mend it, without a secret.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { type Cloudflare, startCloudflare } from "./support/cloudflare.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";

const COMMAND = resolve("target/debug/sparrow");
const CONSOLE_TOKEN = "console-token-of-the-tests-0123456789";
const FILES = [
  "wrangler.toml",
  "trace/wrangler.toml",
  "console/wrangler.toml",
  "allowlist/allowlist.toml",
];

let sparrow: Sparrow;
let consolePort: Server;
let cloudflare: Cloudflare;
let bigquery: Emulator;
const folder = mkdtempSync(join(tmpdir(), "sparrow-"));

before(async () => {
  [sparrow, bigquery] = await Promise.all([
    startSparrow({ console: { CONSOLE_TOKEN } }),
    startBqemulator(),
  ]);
  const event = { event: "sign up", deviceId: "d", userId: "u", properties: {} };
  assert.equal((await sparrow.send(event, "&id=first")).status, 200);
  await sparrow.settled("first");
  cloudflare = await startCloudflare(sparrow.d1File());
  // Console has no port of its own here.
  consolePort = createServer(async (request, response) => {
    const { authorization } = request.headers;
    const init = authorization === undefined ? {} : { headers: { authorization } };
    const reply = await sparrow.console(request.url ?? "/", init);
    response.writeHead(reply.status).end(await reply.text());
  });
  consolePort.listen(0, "127.0.0.1");
  await once(consolePort, "listening");
  // A project's folder, as far as the command looks at it.
  for (const file of FILES) write(file, readFileSync(file, "utf8"));
  const example = readFileSync("trace/.dev.vars.example", "utf8");
  write("trace/.dev.vars", example.replaceAll("http://127.0.0.1:8788", sparrow.sandbox.url));
  write("console/.dev.vars", `CONSOLE_TOKEN=${CONSOLE_TOKEN}\n`);
});
after(async () => {
  consolePort?.close();
  await Promise.all([sparrow?.close(), cloudflare?.close(), bigquery?.close()]);
  rmSync(folder, { recursive: true });
});

function write(file: string, text: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

interface Finding {
  area: string;
  what: string;
  state: "ok" | "warn" | "fault" | "unknown";
  says: string;
  mend: string | null;
}

interface Report {
  code: number;
  output: string;
  findings: Finding[];
}

const at = () => ({
  SPARROW_DISPATCHER: sparrow.url,
  SPARROW_CONSOLE: `http://127.0.0.1:${(consolePort.address() as AddressInfo).port}`,
  CONSOLE_TOKEN,
  D1_FILE: sparrow.d1File(),
});

function doctor(flags: string[] = [], environment: Record<string, string> = {}): Promise<Report> {
  const env = { PATH: process.env.PATH, ...at(), ...environment };
  return new Promise((done) => {
    execFile(
      COMMAND,
      ["doctor", "--json", ...flags],
      { env, cwd: folder },
      (error, stdout, stderr) => {
        const findings = stdout ? (JSON.parse(stdout).findings as Finding[]) : [];
        done({ code: error ? Number(error.code) : 0, output: stdout + stderr, findings });
      },
    );
  });
}

const of = ({ findings }: Report, state: Finding["state"]) =>
  findings.filter((one) => one.state === state).map(({ area, what }) => `${area}: ${what}`);

test("where all is well there is no fault, and the vendors' answers count", async () => {
  const report = await doctor(["--vendors"]);
  assert.deepEqual(
    [report.code, of(report, "fault"), of(report, "warn")],
    [0, [], []],
    report.output,
  );
  const ok = of(report, "ok");
  for (const one of [
    "bindings: TRACE",
    "bindings: D1",
    "secrets: trackers",
    "Console: token",
    "shards: shard 0",
    "clock: shard 0",
    "D1: tables and views",
    "vendors: amplitude",
  ]) {
    assert.ok(ok.includes(one), `${one}: ${report.output}`);
  }
  assert.deepEqual(of(report, "unknown"), ["vendors: ga4", "vendors: heap", "vendors: webhook"]);
  assert.equal(sparrow.sandbox.received("amplitude").length, 1, "the check is no event");
});

test("what is wrong is told with what to do, and no secret is", async () => {
  await sparrow.sql("DROP VIEW stories");
  const response = await sparrow.console("/api/trackers/heap/pause", {
    method: "POST",
    headers: { authorization: `Bearer ${CONSOLE_TOKEN}` },
  });
  assert.equal(response.status, 200);
  write(
    "trace/.dev.vars",
    "AMPLITUDE_API_KEY=\nGA4_MEASUREMENT_ID=x\nGA4_API_SECRET=very-secret-value\n",
  );
  const report = await doctor();
  assert.equal(report.code, 1);
  assert.ok(of(report, "fault").includes("D1: view stories"), report.output);
  assert.ok(of(report, "fault").includes("secrets: trackers"), report.output);
  assert.ok(of(report, "warn").includes("shards: shard 0, heap"), report.output);
  for (const { state, mend, what } of report.findings) {
    assert.equal(mend !== null, state === "fault" || state === "warn", what);
  }
  assert.ok(!report.output.includes("very-secret-value") && !report.output.includes(CONSOLE_TOKEN));

  const refused = await doctor([], { CONSOLE_TOKEN: "another-token-than-the-one-of-console" });
  const token = refused.findings.find(({ what }) => what === "token");
  assert.match(`${token?.state} ${token?.says}`, /fault .*401/);
  const nobody = await doctor([], { SPARROW_DISPATCHER: "http://127.0.0.1:1" });
  assert.ok(nobody.findings.some(({ area, state }) => area === "Dispatcher" && state === "fault"));
});

test("at Cloudflare placeholders are faults, and names of secrets and the schema of D1 count", async () => {
  // Wrangler asks Cloudflare, which does not run here. Trace lacks GA4's secret, and the others lack all.
  const npx = `#!/bin/sh
case "$*" in
  "wrangler secret list --format json -c trace/wrangler.toml --env production")
    echo '[{"name": "AMPLITUDE_API_KEY", "type": "secret_text"}]' ;;
  "wrangler secret list --format json -c console/wrangler.toml --env production") echo '[]' ;;
  *) exit 1 ;;
esac
`;
  write("bin/npx", npx);
  chmodSync(join(folder, "bin/npx"), 0o755);
  const trace = readFileSync("trace/wrangler.toml", "utf8");
  const production = '[env.production.vars]\nENVIRONMENT = "production"';
  const id = `${production}\nGA4_MEASUREMENT_ID = "G-1"`;
  assert.ok(trace.includes(production));
  write("trace/wrangler.toml", trace.replace(production, id));
  const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
  const environment = { D1_REMOTE: "true", PATH, ...cloudflare.environment };
  const report = await doctor(["--env", "production"], environment);
  const faults = of(report, "fault");
  for (const one of ["bindings: D1", "secrets: CONSOLE_TOKEN", "D1: view stories"]) {
    assert.ok(faults.includes(one), `${one}: ${report.output}`);
  }
  const trackers = report.findings.filter(({ what }) => what === "trackers");
  assert.deepEqual(
    trackers.map(({ state, says }) => [state, /GA4_API_SECRET/.test(says)]),
    [["fault", true]],
  );
});

test("BigQuery's tables and views are looked at", async () => {
  const environment = {
    WAREHOUSE: "bigquery",
    BIGQUERY_ENDPOINT: bigquery.url,
    BIGQUERY_PROJECT: "shop-4711",
  };
  const bare = await doctor([], environment);
  assert.ok(of(bare, "fault").includes("BigQuery: dataset sparrow"), bare.output);
  const env = { PATH: process.env.PATH, ...environment };
  const migrate = ["warehouse", "migrate", "--location", "EU", "--json"];
  const made = await new Promise<string>((done, fail) => {
    execFile(COMMAND, migrate, { env, cwd: folder }, (error, stdout) =>
      error ? fail(error) : done(stdout),
    );
  });
  assert.deepEqual(JSON.parse(made).upToDate, ["bigquery"]);
  const whole = await doctor([], environment);
  const faults = of(whole, "fault").filter((one) => one.startsWith("BigQuery"));
  assert.deepEqual(faults, [], whole.output);
  assert.ok(of(whole, "ok").includes("BigQuery: questions"), whole.output);
});
