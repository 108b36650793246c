// The README's Prometheus on this machine: `make dev`, beside it `make metrics`, and the event by curl is in every panel.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { command, type Dev, startDev } from "./support/dev.ts";
import { dashboardQueries, freePort, hasData, prometheusAt } from "./support/prometheus.ts";
import { eventually } from "./support/wait.ts";

let dev: Dev;
let metrics: { prometheus: ReturnType<typeof prometheusAt>; end: () => Promise<unknown> };

before(async () => {
  dev = await startDev();
  metrics = await startMetrics();
});
after(async () => {
  await metrics?.end();
  await dev?.close();
});

async function startMetrics() {
  const port = await freePort();
  // A group of its own, so that Ctrl-C reaches everything below `make` as it does in a terminal.
  const make = spawn("make", ["metrics", `PORT=${port}`], {
    env: { ...process.env, SPARROW_STATE: dev.state },
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exit = once(make, "exit");
  const prometheus = prometheusAt(port);
  const end = () => {
    if (make.pid && make.exitCode === null) process.kill(-make.pid, "SIGINT");
    return exit;
  };
  try {
    await prometheus.ready();
  } catch (error) {
    await end();
    throw error;
  }
  return { prometheus, end };
}

const shell = (command: string) =>
  execFileSync("bash", ["-c", command], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

test("Console's token is on this machine alone, and for nobody else to read", () => {
  const files = ["console/.dev.vars", ".wrangler/console-token"];
  for (const file of files) assert.equal(statSync(file).mode & 0o77, 0, file);
  const ignored = execFileSync("git", ["check-ignore", ...files], { encoding: "utf8" });
  assert.deepEqual(ignored.trim().split("\n"), files);
  const token = readFileSync(".wrangler/console-token", "utf8");
  assert.ok(token.length >= 32 && !dev.output().includes(token), "nor is it on the screen");
});

test("the command that `make dev` prints asks Console", () => {
  const [, curl = ""] = /^ *Console +(curl .*)$/m.exec(dev.output()) ?? [];
  const answer = shell(curl);
  assert.ok(Array.isArray((JSON.parse(answer) as { trackers: unknown }).trackers), answer);
});

test("every query of the dashboard returns data, and every rule is healthy", async () => {
  const { prometheus } = metrics;
  await eventually(
    "Console is scraped",
    async () => (await prometheus.query('up{job="sparrow"} == 1')).length === 1,
  );
  const send = () => shell(command("curl 'http://127.0.0.1:8787/e"));
  const queries = dashboardQueries({ $__rate_interval: "30s" });
  await eventually(
    "data for all",
    async () => {
      assert.equal(send(), "OK");
      const answers = queries.map(async (query) => hasData(query, await prometheus.query(query)));
      return (await Promise.all(answers)).every(Boolean);
    },
    60_000,
  );
  const rules = await eventually("all are evaluated", async () => {
    const rules = await prometheus.rules();
    return rules.every(({ health }) => health !== "unknown") && rules;
  });
  for (const { name, health, lastError } of rules) assert.equal(health, "ok", lastError ?? name);
});
