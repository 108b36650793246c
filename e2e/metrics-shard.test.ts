// What a shard counts is what happened, and what it has told never steps back, also over a restart. What Dispatcher refuses
// by itself is told by its log and by data points.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import { type Options, TRACKERS } from "./support/workers.ts";

/** `outbox::admin::ShardMetrics`. */
interface Metrics {
  payloads: number;
  full: boolean;
  lanes: { lane: string; breaker: string }[];
  policy: string | null;
  ledgerDifference: number;
  counters: Counters;
}

interface Counters {
  accepted: number;
  acceptedBytes: number;
  duplicates: number;
  refused: Record<string, number>;
  outcomes: { tracker: string; outcome: string; reason: string | null; count: number }[];
  events: Record<string, { received: number; allowed: number; delivered: Record<string, number> }>;
  retries: { lane: string; reason: string; count: number }[];
  acceptLatency: Histogram;
  deliveryLatency: Record<string, Histogram>;
}

interface Histogram {
  counts: number[];
  sumMs: number;
}

interface LedgerLine {
  tracker: string;
  delivered: number;
  filtered: number;
  rejected: number;
  dead: number;
}

const OUTCOMES = ["delivered", "filtered", "rejected", "dead"] as const;

async function withSparrow(options: Options, work: (sparrow: Sparrow) => Promise<void>) {
  const sparrow = await startSparrow({ trace: { GA4_VALIDATE_SAMPLE: "0" }, ...options });
  try {
    await work(sparrow);
  } finally {
    await sparrow.close();
  }
}

const metrics = (sparrow: Sparrow) => sparrow.outbox<Metrics>("/metrics");

const event = (id: string, name = "sign up") => ({
  event: name,
  userId: id,
  deviceId: id,
  properties: { plan: "free" },
});

const sum = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);

/** Sums by tracker and outcome, without those that are 0. */
function summed(lines: { tracker: string; outcome: string; count: number }[]) {
  const sums: Record<string, number> = {};
  for (const { tracker, outcome, count } of lines) {
    const key = `${tracker} ${outcome}`;
    if (count > 0) sums[key] = (sums[key] ?? 0) + count;
  }
  return sums;
}

/** The ledger's terms, as {@link summed}. */
async function ledger(sparrow: Sparrow) {
  const { ledger } = await sparrow.outbox<{ ledger: LedgerLine[] }>("/status");
  return summed(
    ledger.flatMap((line) =>
      OUTCOMES.map((outcome) => ({ tracker: line.tracker, outcome, count: line[outcome] })),
    ),
  );
}

/** Every number in an answer, by its place. */
function numbers(value: unknown, place = ""): [string, number][] {
  if (typeof value === "number") return [[place, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => numbers(member, `${place}.${name}`));
}

function assertNeverBack(before: Counters, after: Counters): void {
  const later = new Map(numbers(after));
  for (const [place, number] of numbers(before)) {
    const now = later.get(place);
    assert.ok(now !== undefined && now >= number, `${place}: ${now} after ${number}`);
  }
}

test("counters are the ledger's through a vendor's outage and a restart, and never step back", () =>
  withSparrow({}, async (sparrow) => {
    for (const id of ["a", "b", "c", "c"]) {
      assert.equal((await sparrow.send(event(id), `&id=${id}`)).status, 200);
    }
    await sparrow.balanced(3);
    sparrow.sandbox.control("webhook", { mode: "cut" });
    const batch = { batch: [event("d1"), event("d2", "of no policy")] };
    assert.equal((await sparrow.send(batch, "&id=d")).status, 200);
    const broken = await eventually("the breaker is open", async () => {
      const told = await metrics(sparrow);
      const webhook = told.lanes.find(({ lane }) => lane === "webhook");
      return webhook?.breaker === "open" && told;
    });
    const { counters } = broken;
    assert.deepEqual([counters.accepted, counters.duplicates], [4, 1]);
    assert.ok(counters.acceptedBytes > 4 * JSON.stringify(event("a")).length);
    assert.equal(sum(counters.acceptLatency.counts), 4);
    const { delivered, ...came } = counters.events["sign up"] ?? {};
    assert.deepEqual([came, delivered?.webhook], [{ received: 4, allowed: 4 }, 3]);
    assert.equal(counters.events["(not allowed)"]?.allowed, 0);
    assert.equal(broken.ledgerDifference, 0);
    assert.match(broken.policy ?? "", /^\d+-/);
    const retried = counters.retries.filter(({ lane }) => lane === "webhook");
    assert.ok(retried.length > 0 && retried.every(({ count }) => count > 0));

    await sparrow.restart();
    const restarted = await metrics(sparrow);
    assertNeverBack(counters, restarted.counters);
    assert.equal(restarted.counters.accepted, 4);
    assert.equal(restarted.policy, broken.policy);

    sparrow.sandbox.control("webhook", { mode: "ok" });
    assert.equal((await sparrow.send(event("e"), "&id=e")).status, 200);
    await sparrow.balanced(6);
    const last = await metrics(sparrow);
    assertNeverBack(restarted.counters, last.counters);
    assert.equal(last.counters.accepted, 5);
    assert.deepEqual(summed(last.counters.outcomes), await ledger(sparrow));
    for (const tracker of TRACKERS) {
      assert.equal(last.counters.events["sign up"]?.delivered[tracker], 5, tracker);
      assert.equal(sum(last.counters.deliveryLatency[tracker]?.counts ?? []), 5, tracker);
    }
  }));

test("what a full shard refuses is counted", () =>
  withSparrow({ dispatcher: { OUTBOX_MAX_BYTES: "100000" } }, async (sparrow) => {
    const large = { ...event("large"), filler: "x".repeat(120_000) };
    assert.equal((await sparrow.send(large, "&id=large")).status, 503);
    const { counters } = await metrics(sparrow);
    assert.deepEqual([counters.refused, counters.accepted], [{ full: 1 }, 0]);
  }));

test("what Dispatcher refuses by itself is told by its log, many in a line", () =>
  withSparrow({}, async (sparrow) => {
    const tooLong = "x".repeat(1024 * 1024 + 1);
    const began = Date.now();
    const answers = await Promise.all(Array.from({ length: 30 }, () => sparrow.send(tooLong)));
    assert.ok(answers.every(({ status }) => status === 413));
    const lines = await eventually("all are told", () => {
      const lines = sparrow.logs().filter(({ code }) => code === "refused_request");
      return sum(lines.map(({ count }) => Number(count))) === answers.length && lines;
    });
    assert.ok(lines.every(({ reason, level }) => reason === "too_long" && level === "info"));
    const seconds = Math.ceil((Date.now() - began) / 1000);
    assert.ok(lines.length <= seconds, `${lines.length} lines in ${seconds} s`);
  }));

// The dataset is a stand-in: see support/dataset.ts.
test("data points tell what came and what became of it, within Cloudflare's limits", () =>
  withSparrow({ dataset: true, limit: 3 }, async (sparrow) => {
    // The period of the limit may end in between, but not twice.
    const answers: number[] = [];
    while (answers.at(-1) !== 429 && answers.length < 8) {
      const id = `p${answers.length}`;
      answers.push((await sparrow.send(event(id), `&id=${id}`)).status);
    }
    const accepted = answers.length - 1;
    await sparrow.balanced(accepted);
    const points = await eventually("outcomes are told", async () => {
      const points = await sparrow.points();
      const told = points.filter(({ blobs }) => blobs[0] === "outcome");
      return (
        sum(told.map(({ doubles }) => doubles[0] ?? 0)) === accepted * TRACKERS.length && points
      );
    });
    const requests = points.filter(({ blobs }) => blobs[0] === "request");
    assert.equal(requests.length, answers.length, "one for each request");
    const refused = requests.filter(({ indexes }) => indexes[0] === "refused");
    assert.deepEqual(refused, [
      {
        indexes: ["refused"],
        blobs: ["request", "refused", "limit_address", "", ""],
        doubles: [1, 0, 0],
      },
    ]);
    const [first] = requests;
    assert.deepEqual(first?.blobs, ["request", "accepted", "", "", ""]);
    assert.equal(first?.doubles[1], JSON.stringify(event("p0")).length);
    const outcomes = points
      .filter(({ blobs }) => blobs[0] === "outcome")
      .map(({ blobs: [, outcome = "", , tracker = ""], doubles }) => ({
        tracker,
        outcome,
        count: doubles[0] ?? 0,
      }));
    assert.deepEqual(summed(outcomes), await ledger(sparrow));
    for (const { indexes, blobs, doubles } of points) {
      assert.ok(indexes.length === 1 && blobs.length <= 20 && doubles.length <= 20);
      assert.ok(Buffer.byteLength(indexes[0] ?? "") <= 96);
      assert.ok(sum(blobs.map((blob) => Buffer.byteLength(blob))) <= 5120);
    }
  }));
