// BigQuery's emulator, as `tools/bqemulator` installs and starts it.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { eventually } from "./wait.ts";

const TOOL = resolve(import.meta.dirname, "../../tools/bqemulator");

/** It starts within two seconds where the machine has nothing else to do. */
const START_MS = 60_000;

/** How long it has to end by itself. */
const GRACE_MS = 10_000;

export interface Emulator {
  /** Without a slash at its end. */
  url: string;
  close(): Promise<void>;
}

export interface EmulatorOptions {
  /** 0, which is what is taken where nothing is said, chooses a free one. */
  port?: number;
  /** Where what is stored lives; without one it is gone afterwards. */
  folder?: string;
}

/** Installs the emulator and Google's Python libraries. Quick where they are there. */
export function installBqemulator(): void {
  execFileSync(TOOL, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Starts it in a process group of its own, which is ended when this process exits, though not when that one is killed. */
export async function startBqemulator(options: EmulatorOptions = {}): Promise<Emulator> {
  installBqemulator();
  const port = options.port || (await freePort());
  const folder = options.folder ? [options.folder] : [];
  const emulator = spawn(TOOL, ["start", String(port), ...folder], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [emulator.stdout, emulator.stderr]) {
    stream.on("data", (chunk) => {
      // The end of it says why it ended.
      output = (output + chunk).slice(-10_000);
    });
  }
  const hasEnded = () => emulator.exitCode !== null || emulator.signalCode !== null;
  const signal = (name: NodeJS.Signals) => {
    if (emulator.pid && !hasEnded()) process.kill(-emulator.pid, name);
  };
  const abandon = () => signal("SIGKILL");
  process.once("exit", abandon);

  const close = async () => {
    process.off("exit", abandon);
    if (hasEnded()) return;
    const end = once(emulator, "exit");
    const late = setTimeout(abandon, GRACE_MS);
    signal("SIGTERM");
    await end;
    clearTimeout(late);
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await eventually(
      "bqemulator answers",
      async () => {
        if (hasEnded()) throw new Error(`bqemulator ended without starting:\n${output}`);
        return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok;
      },
      START_MS,
    );
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
