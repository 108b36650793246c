// No silent success: what cannot be stored is answered with 503, and what is misconfigured says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";

test("wrong settings are listed at once, hold back vendors, and once they are right nothing is lost", async () => {
  const sparrow = await startSparrow({
    trace: {
      GA4_MEASUREMENT_ID: "UA-1",
      HEAP_ANONYMOUS: "maybe",
      WEBHOOK_URL: "http://example.com",
      AMPLITUDE_KEY: "typo",
    },
  });
  const ids = Array.from({ length: 20 }, (_, i) => `kept-${i}`);
  try {
    const answer = await sparrow.trace("/open", { payloads: [] });
    assert.equal(answer.status, 500);
    const faults = await answer.text();
    for (const name of ["GA4_MEASUREMENT_ID", "HEAP_ANONYMOUS", "WEBHOOK_URL", "AMPLITUDE_KEY"]) {
      assert.ok(faults.includes(name), `${name} in ${faults}`);
    }
    assert.ok(!faults.includes("UA-1") && !faults.includes("example.com"), "no value is told");

    for (const id of ids) {
      const event = { event: "sign up", userId: "ada@example.com", deviceId: id };
      assert.equal((await sparrow.send(event, `&id=${id}`)).status, 200);
    }
    const lane = await eventually("the lane has given up for now", async () => {
      const lane = await sparrow.lane("(open)");
      return lane?.breaker === "open" && lane;
    });
    assert.deepEqual([lane.reason, lane.backlog], ["trace_500", ids.length]);
    const kept = await sparrow.sql("SELECT 1 FROM raw WHERE eventId LIKE 'kept-%'");
    assert.equal(kept.length, ids.length, "the warehouse has them all");
    assert.equal(sparrow.sandbox.requests().length, 0);
    const failed = sparrow.logs().find(({ code }) => code === "call_failed");
    assert.deepEqual([failed?.lane, failed?.reason], ["open", "trace_500"]);
    assert.ok(!JSON.stringify(sparrow.logs()).includes("ada@"), "no value is logged");

    await sparrow.restart({ trace: {} });
    const sums = await sparrow.balanced(ids.length);
    for (const { tracker, delivered, rejected } of Object.values(sums)) {
      assert.equal(tracker === "heap" ? rejected : delivered, ids.length, tracker);
    }
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
