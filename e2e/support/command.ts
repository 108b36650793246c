// The command `sparrow`, as somebody starts it in a terminal or a script.

import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface Ended {
  /** Nothing where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
}

/** Starts it with nothing of this process's environment but what programs need. */
export function start(
  args: string[],
  env: Record<string, string> = {},
  program = "target/debug/sparrow",
): Running {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(program, args, {
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = (async () => {
    const exit = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      exit,
    ]);
    return { code, stdout, stderr };
  })();
  return { child, ended };
}

/** Runs it to its end. */
export const run = (...command: Parameters<typeof start>): Promise<Ended> =>
  start(...command).ended;
