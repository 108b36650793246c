// A real Prometheus, as installed here, and what docs/ has for it.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./wait.ts";

export const ALERTS = resolve("docs/prometheus/alerts.yml");

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

interface Rule {
  type: "alerting" | "recording";
  name: string;
  query: string;
  health: string;
  lastError?: string;
  state?: string;
}

/** Listens on a free port of this machine. */
async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await promisify(server.close.bind(server))();
  return port;
}

/** Gives what has no address one, for Prometheus to scrape. */
export async function expose(ask: (path: string, init: RequestInit) => Promise<Response>) {
  const types: string[] = [];
  const pass = async ({ url = "/", headers }: IncomingMessage, response: ServerResponse) => {
    const { authorization = "", accept = "" } = headers;
    const answer = await ask(url, { headers: { authorization, accept } });
    const type = answer.headers.get("content-type") ?? "";
    const text = await answer.text();
    types.push(type);
    response.writeHead(answer.status, { "content-type": type }).end(text);
  };
  const server = createServer((request, response) => {
    // To Prometheus a failed scrape; the last one may be on its way when the Workers end.
    pass(request, response).catch(() => response.destroy());
  });
  return {
    /** Host and port. */
    target: `127.0.0.1:${await listen(server)}`,
    /** The content types of all answers. */
    types,
    close: () => {
      server.closeAllConnections();
      return promisify(server.close.bind(server))();
    },
  };
}

/** Prometheus with the rules of docs/, in a hurry. */
export async function startPrometheus(target: string, token: string) {
  const folder = mkdtempSync(join(tmpdir(), "sparrow-prometheus-"));
  writeFileSync(join(folder, "console-token"), token);
  // As docs/prometheus/prometheus.yml has it, but for scheme, target and pace.
  const text = readFileSync("docs/prometheus/prometheus.yml", "utf8");
  const changes: [RegExp, string][] = [
    [/scrape_interval: 30s/, "scrape_interval: 200ms"],
    [/evaluation_interval: 1m/, "evaluation_interval: 200ms"],
    [/scheme: https/, "scheme: http"],
    [/console\.shop\.example/, `"${target}"`],
    [/rule_files: \[alerts\.yml\]/, `rule_files: [${ALERTS}]`],
  ];
  let config = text;
  for (const [from, to] of changes) {
    if (!from.test(config)) throw new Error(`prometheus.yml has no ${from}`);
    config = config.replace(from, to);
  }
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, config);
  const port = await freePort();
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
  ];
  const process = spawn("prometheus", args, { stdio: ["ignore", "inherit", "inherit"] });
  const exit = once(process, "exit");
  const prometheus = prometheusAt(port);
  const close = async () => {
    process.kill("SIGTERM");
    await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await prometheus.ready();
  } catch (error) {
    await close();
    throw error;
  }
  return { ...prometheus, close };
}

/** The API of one that runs. */
export function prometheusAt(port: number) {
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { status, error, data } = (await answer.json()) as Record<string, unknown>;
    if (status !== "success") throw new Error(`${decodeURIComponent(path)}: ${error}`);
    return data as T;
  };
  return {
    ready: () =>
      eventually("Prometheus is ready", async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
        return answer?.ok;
      }),
    /** What an expression is now. */
    query: async (expression: string) => {
      const path = `query?query=${encodeURIComponent(expression)}`;
      return (await ask<{ result: Sample[] }>(path)).result;
    },
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>("rules");
      return groups.flatMap(({ rules }) => rules);
    },
  };
}

/** Every query of the dashboard, with the variables as Grafana would set them for a short time. */
export function dashboardQueries({ $__rate_interval = "10s" } = {}): string[] {
  const dashboard = readFileSync("docs/grafana/sparrow.json", "utf8");
  const queries: string[] = [];
  JSON.parse(dashboard, (name, value) => {
    if (name === "expr") queries.push(value);
    return value;
  });
  const variables = { $__rate_interval, $__range: "1m", $instance: ".*" };
  return queries.map((query) => {
    let text = query;
    for (const [name, value] of Object.entries(variables)) text = text.replaceAll(name, value);
    if (text.includes("$")) throw new Error(`a variable without a value: ${text}`);
    return text;
  });
}

/** Whether an answer has a figure; where there can be none yet, NaN is an answer. */
export function hasData(query: string, samples: Sample[]): boolean {
  return query.includes("NaN")
    ? samples.length > 0
    : samples.some(({ value: [, figure] }) => figure !== "NaN");
}

/** What `promtool` says; it fails where promtool complains of anything. */
export async function promtool(args: string[], input = ""): Promise<string> {
  const run = promisify(execFile)("promtool", args);
  run.child.stdin?.end(input);
  const { stdout, stderr } = await run;
  return stdout + stderr;
}
