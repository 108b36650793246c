// A warehouse that is away, or refuses a row, keeps nothing from the vendors and loses nothing.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { TRACKERS } from "./support/workers.ts";

let sparrow: Sparrow;
let sent = 0;
before(async () => {
  sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" } });
});
after(() => sparrow.close());
beforeEach(() => sparrow.sandbox.clear());

/** Sends so many payloads of one event each, all of which are accepted. */
async function send(prefix: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  for (const id of ids) {
    const event = { event: "sign up", userId: id, deviceId: id, properties: { plan: "free" } };
    assert.equal((await sparrow.send(event, `&id=${id}`)).status, 200, id);
  }
  sent += count;
  return ids;
}

const allVendorsHave = (count: number) =>
  sparrow.sandbox.until(`every vendor has ${count} events`, () =>
    TRACKERS.every((vendor) => sparrow.sandbox.received(vendor).length === count),
  );

const raw = async (prefix: string) =>
  (await sparrow.sql("SELECT eventId FROM raw WHERE eventId LIKE ? ORDER BY 1", `${prefix}-%`)).map(
    ({ eventId }) => eventId,
  );

/** The lane of a table, once it has failed. */
const failing = (name: string) =>
  eventually(`${name} fails`, async () => {
    const lane = await sparrow.lane(name);
    return lane !== undefined && lane.failures > 0 && lane;
  });

test("while the warehouse is away events are taken and delivered, and then it has them all", async () => {
  await sparrow.sql("ALTER TABLE raw RENAME TO away");
  const ids = await send("raw", 20);
  await allVendorsHave(ids.length);
  assert.equal((await failing("(raw d1)")).reason, "d1_outdated");
  await sparrow.sql("ALTER TABLE away RENAME TO raw");
  await eventually("raw has them", async () => (await raw("raw")).length === ids.length);
  assert.deepEqual(await raw("raw"), ids.sort(), "each once");
  assert.equal((await sparrow.lane("(raw d1)"))?.dead, 0);
});

test("outcomes wait for a warehouse that cannot take them", async () => {
  await sparrow.sql("ALTER TABLE deliveries RENAME TO away");
  const ids = await send("accounts", 20);
  await allVendorsHave(ids.length);
  assert.equal((await failing("(accounts d1)")).reason, "d1_outdated");
  await sparrow.sql("ALTER TABLE away RENAME TO deliveries");
  const sums = await sparrow.balanced(sent);
  assert.deepEqual(
    Object.values(sums).map(({ delivered }) => delivered),
    TRACKERS.map(() => sent),
  );
});

test("a row that the warehouse refuses is a dead letter, the others go on, and it can be replayed", async () => {
  await sparrow.sql(
    `CREATE TRIGGER refuse BEFORE INSERT ON raw WHEN NEW.eventId = 'refused-7'
     BEGIN SELECT RAISE(ABORT, 'not this one'); END`,
  );
  const ids = await send("refused", 20);
  await allVendorsHave(ids.length);
  const others = ids.filter((id) => id !== "refused-7").sort();
  await eventually("the others are there", async () => (await raw("refused")).length >= 19);
  assert.deepEqual(await raw("refused"), others);
  await eventually("it is dead", async () => (await sparrow.lane("(raw d1)"))?.dead === 1);
  const filter = { tracker: "(raw d1)" };
  const { letters } = await sparrow.outbox<{ letters: Record<string, unknown>[] }>("/dead", 0, {
    ...filter,
    limit: 10,
  });
  assert.deepEqual(
    letters.map(({ payloadId, reason }) => [payloadId, reason]),
    [["refused-7", "d1_refused"]],
  );

  await sparrow.sql("DROP TRIGGER refuse");
  const run = { run: "replay:refused", ...filter };
  assert.equal((await sparrow.outbox<{ letters: number }>("/replay", 0, run)).letters, 1);
  await eventually("raw has it, too", async () => (await raw("refused")).length === 20);
  assert.equal((await sparrow.lane("(raw d1)"))?.dead, 0);
  assert.equal(sparrow.sandbox.received("webhook").length, ids.length, "no vendor got it again");
});
