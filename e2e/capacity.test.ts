// What is too much is refused in words that the sender understands, and before anything is stored; what was accepted
// stays accounted for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVELOPMENT_ORIGIN, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import type { Options } from "./support/workers.ts";

const TRACE = { GA4_VALIDATE_SAMPLE: "0" };

async function withSparrow(options: Options, work: (sparrow: Sparrow) => Promise<void>) {
  const sparrow = await startSparrow({ trace: TRACE, ...options });
  try {
    await work(sparrow);
  } finally {
    await sparrow.close();
  }
}

/** About 8 kB. */
function large(id: string) {
  return { event: "sign up", userId: id, deviceId: id, filler: "x".repeat(8000) };
}

const rawIds = async (sparrow: Sparrow) =>
  (await sparrow.sql("SELECT eventId FROM raw")).map(({ eventId }) => String(eventId));

/** Sends payloads until one is refused; those that were accepted, and the answer to the one that was not. */
async function fill(sparrow: Sparrow, query = "") {
  const accepted: string[] = [];
  for (;;) {
    const id = `fill-${accepted.length}`;
    const answer = await sparrow.send(large(id), `&id=${id}${query}`);
    if (answer.status !== 200) return { accepted, refused: id, answer };
    accepted.push(id);
    assert.ok(accepted.length < 100, "it is never full");
  }
}

test("of a body of a mebibyte of tiny events a thousand are opened, and all is accounted for", () =>
  withSparrow({}, async (sparrow) => {
    const real = Array.from({ length: 50 }, (_, i) => ({ event: "sign up", userId: `u${i}` }));
    const start = JSON.stringify({ batch: real }).slice(0, -2);
    const tiny = ',{"event":"a"}';
    const count = Math.floor((1024 * 1024 - start.length - 2) / tiny.length);
    const body = `${start}${tiny.repeat(count)}]}`;
    assert.equal((await sparrow.send(body, "&id=tiny")).status, 200);
    const events = await sparrow.settled("tiny", 1001);
    assert.equal(events.length, 1001);
    assert.deepEqual(
      [events[0]?.trackers.webhook, events[999]?.event, events[1000]?.event],
      ["delivered", "(not allowed)", "(too many)"],
    );
    for (const sums of Object.values(await sparrow.balanced(1001))) {
      assert.deepEqual([sums.delivered, sums.filtered], [50, 951], sums.tracker);
    }
    const [row] = await sparrow.sql("SELECT data FROM raw WHERE eventId = 'tiny'");
    assert.equal(row?.data, body);
  }));

test("a full shard answers 503 with Retry-After, stores nothing of it, and accepts again later", () =>
  withSparrow({ dispatcher: { OUTBOX_MAX_BYTES: "100000" } }, async (sparrow) => {
    sparrow.sandbox.control("webhook", { mode: "hang" });
    const { accepted, refused, answer } = await fill(sparrow);
    assert.ok(accepted.length >= 5, `${accepted.length}`);
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
    assert.equal((await sparrow.status()).payloads, accepted.length);
    const again = await sparrow.send(large("fill-0"), "&id=fill-0");
    assert.equal(again.status, 200, "what is stored is stored, and its retry hears so");

    sparrow.sandbox.control("webhook", { mode: "ok" });
    await eventually(
      "the refused payload is accepted",
      async () => (await sparrow.send(large(refused), `&id=${refused}`)).status === 200,
    );
    const ids = [...accepted, refused];
    const sums = await sparrow.balanced(ids.length);
    assert.equal(sums.webhook?.delivered, ids.length);
    assert.deepEqual((await rawIds(sparrow)).sort(), ids.sort());
  }));

test("a payload that its shard refuses goes to the next one", () =>
  withSparrow(
    { dispatcher: { OUTBOX_SHARDS: "2", OUTBOX_MAX_BYTES: "100000" } },
    async (sparrow) => {
      sparrow.sandbox.control("webhook", { mode: "hang" });
      const { accepted, answer } = await fill(sparrow, "&k=device-1");
      assert.equal(answer.status, 503, "both are full");
      const shards = await Promise.all([0, 1].map((shard) => sparrow.status(shard)));
      for (const { full, payloads } of shards) assert.ok(full || payloads >= 5, `${payloads}`);
      assert.equal((shards[0]?.payloads ?? 0) + (shards[1]?.payloads ?? 0), accepted.length);

      sparrow.sandbox.control("webhook", { mode: "ok" });
      await sparrow.balanced(accepted.length);
      const used = await sparrow.sql(
        "SELECT context ->> 'shard' AS shard, count(*) > 4 AS some FROM raw GROUP BY 1 ORDER BY 1",
      );
      assert.deepEqual(used, [
        { shard: 0, some: 1 },
        { shard: 1, some: 1 },
      ]);
    },
  ));

test("a sender beyond the limit hears 429 with Retry-After, which its page can read, and nothing is stored", () =>
  withSparrow({ limit: 3 }, async (sparrow) => {
    // The period may end in between, but not twice.
    const answers: Response[] = [];
    while (answers.at(-1)?.status !== 429 && answers.length < 8) {
      answers.push(await sparrow.send({ event: "sign up" }, `&id=limit-${answers.length}`));
    }
    const accepted = answers.length - 1;
    assert.deepEqual([answers[0]?.status, answers[accepted]?.status], [200, 429]);
    assert.equal(answers[accepted]?.headers.get("retry-after"), "10");
    const headers = { origin: DEVELOPMENT_ORIGIN };
    const init = { method: "POST", body: "{}", headers };
    const fromPage = () => fetch(`${sparrow.url}/e?id=limit-page`, init);
    const answer = await eventually("the page is limited, too", async () => {
      const answer = await fromPage();
      return answer.status === 429 && answer;
    });
    assert.equal(answer.headers.get("access-control-allow-origin"), DEVELOPMENT_ORIGIN);
    await sparrow.settled(`limit-${accepted - 1}`);
    assert.ok(!(await rawIds(sparrow)).includes(`limit-${accepted}`), "it is not stored");
  }));
