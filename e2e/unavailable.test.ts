// No silent success: what cannot be stored is answered with 503, and what is misconfigured says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startSparrow } from "./support/sparrow.ts";

test("a warehouse that refuses the row is a 503 with Retry-After, and no vendor hears of it", async () => {
  const sparrow = await startSparrow({ withoutTables: true });
  try {
    const event = { event: "sign up", userId: "u", properties: { plan: "free" } };
    const refused = await sparrow.send(event, "&id=refused");
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "5");
    const problem = sparrow.logs().find((line) => line.code === "not_stored");
    assert.equal(problem?.payload, "refused");

    await sparrow.migrate();
    assert.equal((await sparrow.send(event, "&id=taken")).status, 200);
    await sparrow.forwarded("taken");
    assert.ok(
      sparrow.sandbox.requests("webhook").length === 1,
      "only what was stored was forwarded",
    );
  } finally {
    await sparrow.close();
  }
});

test("wrong settings are listed at once, hold back vendors and lose nothing", async () => {
  const sparrow = await startSparrow({
    trace: {
      GA4_MEASUREMENT_ID: "UA-1",
      HEAP_ANONYMOUS: "maybe",
      WEBHOOK_URL: "http://example.com",
      AMPLITUDE_KEY: "typo",
    },
  });
  try {
    const answer = await sparrow.trace("/open", { payloads: [] });
    assert.equal(answer.status, 500);
    const faults = await answer.text();
    for (const name of ["GA4_MEASUREMENT_ID", "HEAP_ANONYMOUS", "WEBHOOK_URL", "AMPLITUDE_KEY"]) {
      assert.ok(faults.includes(name), `${name} in ${faults}`);
    }
    assert.ok(!faults.includes("UA-1") && !faults.includes("example.com"), "no value is told");

    assert.equal((await sparrow.send({ event: "sign up" }, "&id=kept")).status, 200);
    assert.equal((await sparrow.sql("SELECT 1 FROM raw WHERE eventId = 'kept'")).length, 1);
    assert.equal(sparrow.sandbox.requests().length, 0);
  } finally {
    await sparrow.close();
  }
});

test("a Dispatcher with wrong settings answers 503 and says which", async () => {
  const sparrow = await startSparrow({ dispatcher: { IP_POLICY: "some", INGEST_PATH: "e" } });
  try {
    const answer = await sparrow.send({ event: "sign up" });
    assert.equal(answer.status, 503);
    const text = await answer.text();
    assert.ok(text.includes("IP_POLICY") && text.includes("INGEST_PATH"), text);
  } finally {
    await sparrow.close();
  }
});

test("the path of ingest is the operator's choice", async () => {
  const sparrow = await startSparrow({ dispatcher: { INGEST_PATH: "/hello/world" } });
  try {
    const there = await fetch(`${sparrow.url}/hello/world?id=moved`, {
      method: "POST",
      body: "{}",
    });
    assert.equal(there.status, 200);
    assert.equal((await sparrow.send("{}")).status, 404);
    const sdk = await (await fetch(`${sparrow.url}/sparrow.js`)).text();
    assert.ok(sdk.includes('"/hello/world"') && !sdk.includes('"/e"'), "the SDK follows");
  } finally {
    await sparrow.close();
  }
});
