// The same incident with BigQuery as the warehouse: found there, sent again, and accounted for there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { migrate } from "./support/bigquery.ts";
import { type Emulator, startBqemulator } from "./support/bqemulator.ts";
import { run } from "./support/command.ts";
import { consoleHttp } from "./support/console-http.ts";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";

const TOKEN = "e2e-console-token-0123456789abcdef";
const PROJECT = "shop-4711";

let emulator: Emulator;
let sparrow: Sparrow;
let operators: { url: string; close: () => Promise<void> };

before(async () => {
  emulator = await startBqemulator();
  await migrate("--endpoint", emulator.url, "--project", PROJECT);
  sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    dispatcher: {
      WAREHOUSE: "bigquery",
      BIGQUERY_PROJECT: PROJECT,
      BIGQUERY_ENDPOINT: emulator.url,
    },
    off: ["ga4", "heap"],
  });
  operators = await consoleHttp(sparrow);
});
after(async () => {
  await operators?.close();
  await sparrow?.close();
  await emulator?.close();
});

interface Report {
  found: number;
  toSend: number;
  leftOut: { delivered: number };
  sent?: { run: Record<string, number> };
}

async function backfill(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await run(
    ["backfill", "--tracker", "amplitude", "--json", ...args],
    {
      WAREHOUSE: "bigquery",
      BIGQUERY_PROJECT: PROJECT,
      BIGQUERY_ENDPOINT: emulator.url,
      SPARROW_CONSOLE: operators.url,
      CONSOLE_TOKEN: TOKEN,
    },
  );
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout) as Report;
}

const WHOLE = { received: 20, delivered: 20, filtered: 0, rejected: 0, dead: 0, pending: 0 };

async function send(name: string): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const event = { event: name, deviceId: `${name}-${i}`, properties: {} };
    const answer = await sparrow.send(
      { batch: [event, event] },
      `&id=${name.replace(" ", "-")}-${i}`,
    );
    assert.equal(answer.status, 200);
  }
  await sparrow.idle();
}

test("what a vendor refused is found and sent again, each way of saying it", async () => {
  await send("sign up");
  sparrow.sandbox.control("amplitude", { mode: "error", status: 400 });
  await send("purchase product");
  await send("pageview");
  sparrow.sandbox.control("amplitude", { mode: "ok" });
  const counts = () => {
    const keys = sparrow.sandbox.received("amplitude");
    return [keys.length, Math.max(...keys.map(({ count }) => count))];
  };
  assert.deepEqual(counts(), [20, 1]);

  const today = new Date().toISOString().slice(0, 10);
  const where = await backfill(
    "--where",
    `event IN ('purchase product', 'sign up') AND day >= '2026-11-01'`,
    "--yes",
  );
  assert.deepEqual([where.found, where.toSend, where.leftOut.delivered], [40, 20, 20]);
  assert.deepEqual(where.sent?.run, WHOLE);
  assert.deepEqual(counts(), [40, 1]);

  const table = `\`${PROJECT}.sparrow.latest_outcomes\``;
  const dry = await backfill(
    "--sql",
    `SELECT * FROM ${table} WHERE tracker = 'amplitude' AND outcome = 'rejected' AND day >= '${today}'`,
  );
  assert.equal(dry.toSend, 20, "page views");
  const failed = await backfill("--failed", "--since", "1d", "--yes");
  assert.deepEqual(failed.sent?.run, WHOLE);
  assert.deepEqual(counts(), [60, 1]);
  assert.equal((await backfill("--failed", "--since", "1d")).toSend, 0);
  assert.equal(sparrow.sandbox.received("webhook").length, 60, "nobody else got anything");
});
