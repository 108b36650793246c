// The README's "A vendor lost events", word by word: every command of it in its order, on `make dev`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type Dev, startDev } from "./support/dev.ts";
import { databaseFile } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

const TRACKERS = ["amplitude", "ga4", "heap", "webhook"];

let dev: Dev;
/** The folder of the command, as `cargo install` puts it among other programs. */
const programs = mkdtempSync(join(tmpdir(), "sparrow-bin-"));
before(async () => {
  symlinkSync(resolve("target/debug/sparrow"), join(programs, "sparrow"));
  dev = await startDev();
});
after(async () => {
  await dev?.close();
  rmSync(programs, { recursive: true });
});

/** The commands of the story. */
function commands(): string[] {
  const [, story = ""] = /^## A vendor lost events\n(.*?)^###? /ms.exec(
    readFileSync("README.md", "utf8"),
  ) as RegExpExecArray;
  return [...story.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}

/** Runs a block as it stands, on the warehouse of this test, and returns what it prints. */
async function shell(block: string | undefined): Promise<string> {
  assert.ok(block, "the story has this step");
  const env = {
    ...process.env,
    PATH: `${programs}:${process.env.PATH}`,
    D1_FILE: databaseFile(dev.state),
  };
  const { stdout } = await promisify(execFile)("bash", ["-ec", block], { env });
  return stdout;
}

test("from the incident to the proof", async () => {
  const [incident, missing, explain, mend, dry, send, proof, again, ...others] = commands();
  assert.deepEqual(others, []);
  assert.equal((await shell(incident)).replace(/[^O]/g, "").length, 12, "every purchase is taken");
  const found = await eventually("Amplitude's refusals are in the warehouse", async () => {
    const csv = await shell(missing);
    return csv.includes(",12\n") && csv;
  });
  assert.match(found, /purchase product,rejected,refused,12/);
  const explained = await shell(explain);
  assert.match(explained, /order-7/);
  assert.match(explained, /rejected \(refused\)/);
  await shell(mend);
  assert.match(await shell(dry), /12 {2}would be sent, in 12 payloads\n.*Nothing was sent/s);
  assert.match(
    await shell(send),
    /received 12 = delivered 12 \+ filtered 0 \+ rejected 0 \+ dead 0/,
  );
  const proven = await eventually("the run is in the warehouse", async () => {
    const said = await shell(proof);
    return said.includes("backfill:") && said.includes(",12,12,0,0,0,0\n") && said;
  });
  assert.match(proven, /lacking\n0\n/);
  const received = JSON.parse(proven.slice(proven.lastIndexOf("\n{") + 1)) as Record<
    string,
    { events: number }
  >;
  for (const tracker of TRACKERS)
    assert.equal(received[tracker]?.events, 12, `${tracker} has each once`);
  assert.match(await shell(again), /There is nothing to send/);
});
