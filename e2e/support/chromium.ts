// The real Chromium of this machine, with a fresh profile for each launch.

import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS = [
  "--no-sandbox", // containers and CI run as root, where Chromium's own sandbox refuses to start
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  // Silence: a test that counts requests must see those of the page only.
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium, headless; `flags` are added to the usual ones. End it with `close()`. */
export function launch(flags: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: executable(),
    headless: true,
    args: [...FLAGS, ...flags],
  });
}

/** The path of Chromium: `CHROMIUM` where it is set, else the first known name on `PATH` that runs. */
function executable(): string {
  const chosen = process.env.CHROMIUM;
  if (chosen) {
    if (runs(chosen)) return chosen;
    throw new Error(`CHROMIUM is set to ${chosen}, which does not run.`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(runs);
  if (found) return found;
  throw new Error(
    `No Chromium found: none of ${NAMES.join(", ")} on PATH runs. Install one ` +
      "(Debian: `apt-get install chromium`; macOS: `brew install --cask chromium`) " +
      "or set CHROMIUM to the path of its program.",
  );
}

/** Being there is not enough: Ubuntu's chromium-browser may be a script that only asks for a snap. */
function runs(path: string): boolean {
  return spawnSync(path, ["--version"], { stdio: "ignore" }).status === 0;
}
