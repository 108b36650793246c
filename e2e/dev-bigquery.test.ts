// The README's first screen with BigQuery: `make dev WAREHOUSE=bigquery`, an event by curl, and the SQL answer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { command, type Dev, startDev } from "./support/dev.ts";
import { eventually } from "./support/wait.ts";

let dev: Dev;
before(async () => {
  dev = await startDev("WAREHOUSE=bigquery");
});
after(() => dev?.close());

const shell = (command: string) => execFileSync("bash", ["-c", command], { encoding: "utf8" });

const rows = (command: string) =>
  shell(command)
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("the event sent by curl comes back by SQL, and is accounted for", async () => {
  assert.equal(shell(command("curl 'http://127.0.0.1:8787/e")), "OK");
  const [row, ...others] = await eventually("BigQuery has the event", () => {
    const answer = rows(command("tools/bqemulator query"));
    return answer.length > 0 && answer;
  });
  assert.deepEqual(others, []);
  assert.deepEqual([row?.event, row?.events], ["purchase product", 1]);
  const accounts =
    "SELECT tracker, received, delivered, unaccounted FROM accounts_by_day WHERE received > 0 ORDER BY tracker";
  const sums = await eventually("every vendor has it", () => {
    const answer = rows(`tools/bqemulator query "${accounts}"`);
    return answer.length === 4 && answer.every(({ delivered }) => delivered === 1) && answer;
  });
  for (const { received, unaccounted } of sums) assert.deepEqual([received, unaccounted], [1, 0]);
});

test("a query that fails says why", () => {
  assert.throws(
    () => shell("tools/bqemulator query 'SELECT * FROM nowhere' 2>&1"),
    ({ stdout }: { stdout: string }) => stdout.includes("Not found: Table"),
  );
});

test("Ctrl-C ends the emulator, too", async () => {
  await dev.close();
  await eventually("nobody listens", async () => {
    const socket = connect(9050, "127.0.0.1");
    return new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(false));
      socket.once("error", () => resolve(true));
    }).finally(() => socket.destroy());
  });
});
