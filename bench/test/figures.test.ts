import assert from "node:assert/strict";
import { test } from "node:test";
import { latency, quantile, spread, table, text } from "../figures.ts";
import { read } from "../flags.ts";

test("quantiles lie between the values beside them", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([1, 2, 3, 4, 5], 0.75), 4);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("what is summed up need not be sorted", () => {
  assert.deepEqual(spread([10, 9, 100, 8, 7]), { q1: 8, median: 9, q3: 10 });
  assert.deepEqual(latency([3, 1, 2]), { p50: 2, p99: 2.98 });
});

test("a spread is written with its quartiles, where they differ", () => {
  assert.equal(text([10, 9, 100, 8, 7]), "9 [8–10]");
  assert.equal(text([1, 1, 1], 2), "1.00");
  assert.equal(text([Number.NaN]), "–");
});

test("columns are as wide as their widest cell", () => {
  assert.equal(
    table([
      ["", "ms"],
      ["pipe", "1000"],
    ]),
    "        ms\npipe  1000",
  );
});

test("a flood lasts a minute, over more connections", () => {
  const flags = read(["flood"]);
  assert.equal(flags.timing.seconds, 60);
  assert.equal(flags.connections, 256);
  assert.deepEqual(flags.sides, ["sparrow"]);
});

test("what is said overrules what is quick", () => {
  const flags = read(["--quick", "--rounds", "3", "--events", "1,20"]);
  assert.equal(flags.rounds, 3);
  assert.deepEqual(flags.events, [1, 20]);
  assert.deepEqual(flags.shards, [1]);
});

test("a flag that cannot be meant is refused", () => {
  for (const args of [
    ["swim"],
    ["--rounds", "0"],
    ["--seconds", "1.5"],
    ["--only", "open"],
    ["--sides", "pipe,duck"],
    ["--events", "1,,5"],
    ["--what"],
  ]) {
    assert.throws(() => read(args), args.join(" "));
  }
});
