// `make bench`. See README.md beside this file.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { compare } from "./compare.ts";
import { type Flags, HELP, read } from "./flags.ts";
import { flood } from "./flood.ts";
import { isolation } from "./isolation.ts";

/** Each resolves to its figures; `failed` where a promise was broken. */
const COMMANDS = { compare, isolation, flood };

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}
let flags: Flags;
try {
  flags = read(args);
} catch (error) {
  console.error(`${(error as Error).message}\n\n${HELP}`);
  process.exit(2);
}
const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model,
  workerd: execFileSync("workerd", ["--version"], { encoding: "utf8" }).trim(),
  commit: execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim(),
  at: new Date().toISOString(),
};
console.log(`${machine.cores} × ${machine.processor} · ${machine.workerd} · ${machine.commit}\n`);
const { figures, failed } = await COMMANDS[flags.command](flags);
if (flags.out) writeFileSync(flags.out, JSON.stringify({ machine, flags, figures }, undefined, 1));
process.exitCode = failed ? 1 : 0;
