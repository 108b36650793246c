// Every part fails in the worst way, and nothing is lost, repeated in the warehouse, or unaccounted for.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Row } from "./support/account.ts";
import { startVictim, type Victim } from "./support/chaos-victim.ts";
import { DEVELOPMENT_KEY } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { type Options, TRACKERS } from "./support/workers.ts";

const FAST = { OUTBOX_INTERVAL: "20ms", RETRY_BASE: "50ms", RETRY_MAX: "300ms" };

/** Requests open at once. */
const STRANDS = 20;

async function start(options: Options = {}): Promise<Victim> {
  const victim = await startVictim({ ...options, dispatcher: { ...FAST, ...options.dispatcher } });
  after(() => victim.close());
  return victim;
}

/** The page tells events apart at GA4, which takes no ids. */
function body(productName: string): string {
  return JSON.stringify({
    event: "purchase product",
    userId: "user",
    deviceId: "device",
    context: { url: `https://shop.example/${productName}` },
    properties: { entry: "chaos", productName },
  });
}

/** Sends payloads with these names, and holds that each is acknowledged. */
async function send(victim: Victim, products: Record<string, string>): Promise<void> {
  const left = Object.entries(products);
  const strand = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const [id, product] = next;
      const url = `${victim.url}/e?key=${DEVELOPMENT_KEY}&id=${id}`;
      const answer = await fetch(url, { method: "POST", body: body(product) });
      assert.equal(answer.status, 200, id);
    }
  };
  await Promise.all(Array.from({ length: STRANDS }, strand));
}

function good(count: number, prefix = "good"): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}-${i}`, `p${i}`]));
}

/** Holds that `raw` has exactly these payloads, once and as they were sent, and `raw_normalized` their events. */
async function keptOnce({ sql }: Victim, products: Record<string, string>): Promise<void> {
  const expected = Object.entries(products).map(([id, product]) => `${id} ${body(product)}`);
  const raw = await eventually("every payload is in raw", () => {
    const rows = sql("SELECT eventId, data FROM raw");
    return rows.length >= expected.length && rows;
  });
  assert.deepEqual(raw.map(({ eventId, data }) => `${eventId} ${data}`).sort(), expected.sort());
  const [events] = sql(
    "SELECT count(*) AS n, count(DISTINCT payloadId) AS payloads FROM raw_normalized WHERE event IS NOT NULL",
  );
  assert.deepEqual({ ...events }, { n: expected.length, payloads: expected.length });
}

/** How often each tracker had each outcome, once the account has so many events times trackers and all are settled. */
async function settled({ sql }: Victim, count: number, deadlineMs = 30_000): Promise<string[]> {
  await eventually(
    `${count} events times trackers are settled`,
    () => {
      const sums = sql(
        `SELECT sum(received) AS received, sum(pending) AS pending, sum(abs(unaccounted)) AS unaccounted
         FROM accounts WHERE received <> 0 GROUP BY tracker`,
      );
      const isSettled = ({ pending, unaccounted }: Row) => pending === 0 && unaccounted === 0;
      const received = sums.reduce((sum, row) => sum + Number(row.received), 0);
      return received === count && sums.every(isSettled);
    },
    deadlineMs,
  );
  const [copies] = sql(
    "SELECT count(*) AS n FROM deliveries GROUP BY payloadId, idx, tracker ORDER BY n DESC LIMIT 1",
  );
  assert.equal(copies?.n, 1, "no event has two outcomes at one tracker");
  const rows = sql(
    `SELECT tracker, outcome, reason, count(*) AS n FROM deliveries
     GROUP BY tracker, outcome, reason ORDER BY tracker, outcome`,
  );
  return rows.map(({ tracker, outcome, reason, n }) =>
    [tracker, outcome, reason, n].filter((part) => part !== null).join(" "),
  );
}

const delivered = (count: number) => TRACKERS.map((tracker) => `${tracker} delivered ${count}`);

// Side by side, since they wait most of the time.
describe("with faults on demand", { concurrency: true }, () => {
  test("a warehouse that stores and then fails has every row once", async () => {
    const victim = await start();
    victim.sandbox.faults("raw", { mode: "after", times: 6 });
    victim.sandbox.faults("accounts", { mode: "after", times: 6 });
    await send(victim, good(200));
    await keptOnce(victim, good(200));
    assert.deepEqual(await settled(victim, 200 * TRACKERS.length), delivered(200));
  });

  test("while Trace throws at everything payloads are kept and accounted for, and go out when it is mended", async () => {
    const victim = await start();
    const throwing = (mode: "error" | "none") => {
      victim.sandbox.faults("open", { mode });
      for (const tracker of TRACKERS) victim.sandbox.faults(`deliver-${tracker}`, { mode });
    };
    const pending = (count: number) =>
      eventually(`${count} payloads are pending`, () => {
        const [row] = victim.sql(
          "SELECT sum(received) AS received, sum(pending) AS pending FROM accounts WHERE tracker = '(all)'",
        );
        return row?.pending === count && row?.received === count;
      });
    throwing("error");
    await send(victim, good(100, "before"));
    await keptOnce(victim, good(100, "before"));
    await pending(100);
    await victim.kill();
    await victim.restart();
    const all = { ...good(100, "before"), ...good(100, "after") };
    await send(victim, good(100, "after"));
    await keptOnce(victim, all);
    await pending(200);
    assert.equal(victim.sandbox.requests().length, 0, "no vendor has heard of anything");
    throwing("none");
    assert.deepEqual(await settled(victim, 200 * TRACKERS.length), delivered(200));
  });

  test("two payloads that make Trace panic every time die alone among a thousand", async () => {
    // Long enough for all good ones, with the halving of batches until the culprits are found.
    const victim = await start({ dispatcher: { RETRY_WINDOW: "12s" } });
    const poison = {
      "poison-open": "sparrow-fault-open",
      "poison-deliver": "sparrow-fault-deliver",
    };
    const all = { ...good(500, "some"), ...poison, ...good(500, "more") };
    await send(victim, all);
    await keptOnce(victim, all);
    for (const tracker of TRACKERS) {
      await eventually(
        `${tracker} has all good ones`,
        () => victim.sandbox.received(tracker).length === 1000,
      );
    }
    const [row] = victim.sql("SELECT count(*) AS dead FROM deliveries WHERE outcome = 'dead'");
    assert.equal(row?.dead, 0, "all of this while the culprits are tried again");
    // One that was never opened is one event for all trackers.
    assert.deepEqual(await settled(victim, 1001 * TRACKERS.length + 1), [
      "(all) dead open 1",
      ...TRACKERS.flatMap((tracker) => [
        `${tracker} dead trace_panic 1`,
        `${tracker} delivered 1000`,
      ]),
    ]);
  });
});
