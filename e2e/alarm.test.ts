// What is pending is tried again by itself, without new traffic, also after a restart and with another number of
// shards. No test here asks a shard anything once the trouble is over: a question would wake it.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import type { Options } from "./support/workers.ts";

/**
 * A timer in memory serves what is due within 10 s (`TIMER_MS`). Beyond it the alarm stands at the time itself. The
 * rest is for the test to end the process.
 */
const RETRY_AFTER_S = 14;

async function withSparrow(options: Options, work: (sparrow: Sparrow) => Promise<void>) {
  const sparrow = await startSparrow({ off: ["ga4", "heap"], ...options });
  try {
    await work(sparrow);
  } finally {
    await sparrow.close();
  }
}

const event = (id: string) => ({ event: "sign up", userId: id, deviceId: id });

async function send(sparrow: Sparrow, prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = `${prefix}-${i}`;
    assert.equal((await sparrow.send(event(id), `&id=${id}&k=${id}`)).status, 200, id);
  }
}

/** Asked so often in a row, a shard has found that nothing else is to be done, and set its alarm. */
const QUIET = 10;

/** Waits until these shards have heard the vendor's wish, and wait for nothing but that. */
async function waiting(sparrow: Sparrow, shards: number[]): Promise<void> {
  let quiet = 0;
  await eventually("all wait for the vendor", async () => {
    const asked = await Promise.all(shards.map((shard) => sparrow.status(shard)));
    const isQuiet = asked.every(({ lanes }) =>
      lanes.every(({ lane, reason, backlog }) =>
        lane === "webhook" ? reason === "http_429" && backlog > 0 : backlog === 0,
      ),
    );
    quiet = isQuiet ? quiet + 1 : 0;
    return quiet === QUIET;
  });
}

// They wait for alarms most of the time: side by side.
suite("alarms", { concurrency: true }, () => {
  // An invocation may call Trace a bounded number of times: beyond it the alarm brings a new one.
  test("a vendor that fails forty times in a row gets the event at last", () =>
    withSparrow({ dispatcher: { RETRY_MAX: "50ms" } }, async (sparrow) => {
      sparrow.sandbox.control("webhook", { mode: "error", status: 500, times: 40 });
      await send(sparrow, "failing", 1);
      const [settled] = await sparrow.settled("failing-0");
      assert.deepEqual(settled?.trackers, { amplitude: "delivered", webhook: "delivered" });
      assert.equal(sparrow.sandbox.requests("webhook").length, 41);
      const [row] = await sparrow.sql("SELECT attempts FROM deliveries WHERE tracker = 'webhook'");
      assert.equal(row?.attempts, 41);
    }));

  test("shards that are no longer used, and nobody wakes, deliver what they hold", () =>
    withSparrow({ dispatcher: { OUTBOX_SHARDS: "1" } }, async (sparrow) => {
      const headers = { "retry-after": String(RETRY_AFTER_S) };
      sparrow.sandbox.control("webhook", { mode: "error", status: 429, headers });
      await send(sparrow, "one", 5);
      await waiting(sparrow, [0]);
      await sparrow.restart({ dispatcher: { OUTBOX_SHARDS: "4" } }, []);
      await send(sparrow, "four", 20);
      await waiting(sparrow, [0, 1, 2, 3]);
      const { shards } = await sparrow.outbox<{ shards: number[] }>("/shards");
      assert.deepEqual(shards, [0, 1, 2, 3], "shard 0 remembers them");

      await sparrow.restart({ dispatcher: { OUTBOX_SHARDS: "1" } }, []);
      sparrow.sandbox.control("webhook", { mode: "ok" });
      await sparrow.sandbox.until(
        "the webhook has all",
        () => sparrow.sandbox.received("webhook").length === 25,
        40_000,
      );
      const sums = await sparrow.balanced(25);
      assert.deepEqual([sums.webhook?.delivered, sums.amplitude?.delivered], [25, 25]);
    }));
});
