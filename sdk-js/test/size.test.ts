// The size is a promise to every page that carries the script.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundle } from "../build.ts";

/** Bytes after gzip -9: 1.5 KiB. */
const BUDGET = 1536;

test("the script fits its budget, and the README says its size", async () => {
  const size = gzipSync(await bundle("iife"), { level: 9 }).length;
  assert.ok(size <= BUDGET, `${size} B gzip, budget ${BUDGET} B`);

  const readme = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");
  const claim = readme.match(/([\d,]+) bytes \(gzip\)/)?.[1];
  assert.ok(claim, "the README names no size");
  // zlib's output differs by a few bytes between processors.
  const difference = Math.abs(Number(claim.replace(",", "")) - size);
  assert.ok(difference <= 10, `README says ${claim} bytes, the script has ${size}`);
});
