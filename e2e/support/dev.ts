// `make dev`, as somebody starts it in a terminal, and the README's commands.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./wait.ts";

const readme = readFileSync("README.md", "utf8");

/** The first command of the README that begins so, to the end of its code block. */
export function command(start: string): string {
  const block = readme.slice(readme.indexOf(`\n${start}`) + 1);
  return block.slice(0, block.indexOf("\n```"));
}

/** Starts `make dev` with these arguments on a warehouse of its own, and waits until it says that it runs. */
export async function startDev(...args: string[]) {
  const state = mkdtempSync(join(tmpdir(), "sparrow-"));
  let output = "";
  let ended = false;
  // The Workers were built already, and the developer's own warehouse is left alone.
  const env = { ...process.env, SKIP_WORKER_BUILD: "1", SPARROW_STATE: state };
  // A group of its own, so that Ctrl-C reaches everything below it as it does in a terminal.
  const dev = spawn("make", ["dev", ...args], {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [dev.stdout, dev.stderr]) stream.on("data", (chunk) => (output += chunk));
  // Not "exit": only now is everything said, as that a port is in use by another `make dev`.
  dev.once("close", () => (ended = true));
  const close = async () => {
    if (dev.pid && dev.exitCode === null) {
      const exit = once(dev, "exit");
      process.kill(-dev.pid, "SIGINT");
      await exit;
    }
    rmSync(state, { recursive: true, force: true });
  };
  try {
    await eventually(
      "Sparrow is running",
      () => {
        assert.ok(!ended, `\`make dev\` ended without starting:\n${output}`);
        return output.includes("Sparrow is running");
      },
      90_000,
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    /** The folder of what is stored. */
    state,
    /** What it said so far. */
    output: () => output,
    /** Ends it as Ctrl-C does. */
    close,
  };
}

export type Dev = Awaited<ReturnType<typeof startDev>>;
