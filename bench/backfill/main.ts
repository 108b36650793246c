// What `sparrow backfill` takes: an outage of one vendor is made, of so many events, and mended. Everything runs on this
// machine, the Workers in one workerd, so that the rate is that of all of them together; memory and CPU are the command's.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { run } from "../../e2e/support/command.ts";
import { consoleHttp } from "../../e2e/support/console-http.ts";
import { startSparrow } from "../../e2e/support/sparrow.ts";
import { eventually } from "../../e2e/support/wait.ts";

const TOKEN = "bench-console-token-0123456789abcdef";
const SIZES = [10_000, 100_000];
const EVENTS_PER_PAYLOAD = 20;
/** Payloads that are sent side by side. */
const SENDERS = 8;
const PATIENCE_MS = 15 * 60_000;

interface Report {
  toSend: number;
  sent: {
    taken: number;
    seconds: number;
    eventsPerSecond: number;
    memory: number;
    cpuSeconds: number;
    run: { delivered: number; received: number };
  };
}

async function measure(events: number): Promise<Report> {
  const sparrow = await startSparrow({
    console: { CONSOLE_TOKEN: TOKEN },
    dispatcher: { RETRY_WINDOW: "1s", RETRY_BASE: "100ms", OUTBOX_INTERVAL: "150ms" },
    off: ["ga4", "heap", "webhook"],
    limit: 1_000_000,
  });
  sparrow.sandbox.keepJournal(false);
  const operators = await consoleHttp(sparrow);
  try {
    sparrow.sandbox.control("amplitude", { mode: "error", status: 503 });
    await flood(sparrow.send, events);
    await eventually("everything is dead", async () => idle(await sparrow.status()), PATIENCE_MS);
    sparrow.sandbox.control("amplitude", { mode: "ok" });
    const command = [
      "backfill",
      "--tracker",
      "amplitude",
      "--failed",
      "--since",
      "1d",
      "--yes",
      "--json",
    ];
    const { code, stdout, stderr } = await run(
      command,
      { D1_FILE: sparrow.d1File(), SPARROW_CONSOLE: operators.url, CONSOLE_TOKEN: TOKEN },
      "target/release/sparrow",
    );
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout) as Report;
    const received = sparrow.sandbox.received("amplitude");
    assert.equal(received.length, events, "every event came");
    assert.ok(
      received.every(({ count }) => count === 1),
      "and none twice",
    );
    return report;
  } finally {
    await operators.close();
    await sparrow.close();
  }
}

const idle = ({ lanes }: { lanes: { backlog: number }[] }) =>
  lanes.every(({ backlog }) => backlog === 0);

async function flood(
  send: (body: unknown, query: string) => Promise<Response>,
  events: number,
): Promise<void> {
  let next = 0;
  const one = async () => {
    for (let id = next++; id < events / EVENTS_PER_PAYLOAD; id = next++) {
      const batch = Array.from({ length: EVENTS_PER_PAYLOAD }, (_, idx) => ({
        event: "purchase product",
        deviceId: `device-${id}-${idx}`,
        properties: { entry: "billing", productName: "workers", price: idx },
      }));
      assert.equal((await send({ batch }, `&id=p-${id}`)).status, 200);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, one));
}

execFileSync("cargo", ["build", "--release", "-p", "sparrow-cli"], { stdio: "inherit" });
for (const size of SIZES) {
  const { sent } = await measure(size);
  const { taken, seconds, eventsPerSecond, memory, cpuSeconds } = sent;
  console.log(
    `${taken} events in ${seconds.toFixed(1)} s: ${eventsPerSecond.toFixed(0)} a second; ` +
      `${(memory / 1e6).toFixed(0)} MB of memory, ${cpuSeconds.toFixed(2)} s of CPU`,
  );
}
