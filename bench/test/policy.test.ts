import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("events are measured on code that is compiled as the Workers are", () => {
  const profile = (manifest: string) =>
    /^\[profile\.release\]\n((?:.+\n)+)/m.exec(readFileSync(manifest, "utf8"))?.[1];
  assert.ok(profile("Cargo.toml"));
  assert.equal(profile("bench/policy/Cargo.toml"), profile("Cargo.toml"));
});
