// What an event costs: rows written are what Cloudflare bills a Durable Object for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startSparrow } from "./support/sparrow.ts";

const PAYLOADS = 200;

/** Rows of a payload whose way is a happy one, its share of what is written for many at once included. */
const MOST_ROWS = 6;

test("a payload on the happy path writes at most six rows", async () => {
  // Slower than deployed, since what is written once in an interval would be more of it on a machine that is busy.
  const dispatcher = { OUTBOX_INTERVAL: "300ms" };
  const sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" }, dispatcher });
  const send = async (id: string) => {
    const event = { event: "sign up", userId: id, deviceId: id, properties: { plan: "free" } };
    assert.equal((await sparrow.send(event, `&id=${id}`)).status, 200);
  };
  /** Rows written by `work`, after which so many events have been received since the start. */
  const rowsOf = async (received: number, work: () => Promise<unknown>) => {
    const before = (await sparrow.status()).rowsWritten;
    await work();
    await sparrow.balanced(received);
    return (await sparrow.status()).rowsWritten - before;
  };
  try {
    await rowsOf(1, () => send("first"));
    const lone = await rowsOf(2, () => send("lone"));
    const many = await rowsOf(2 + PAYLOADS, () =>
      Promise.all(Array.from({ length: PAYLOADS }, (_, i) => send(`many-${i}`))),
    );
    const each = many / PAYLOADS;
    console.log(`rows written: ${each} of ${PAYLOADS} payloads each, ${lone} of one alone`);
    assert.ok(each > 1 && each <= MOST_ROWS, `${each} rows per payload`);
  } finally {
    await sparrow.close();
  }
});
