import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { check, generate } from "../signing/keys.ts";

const key = generate(2048);
const token = (input: string) => {
  const signature = sign("sha256", Buffer.from(input), JSON.parse(key.file).private_key);
  return `${input}.${signature.toString("base64url")}`;
};

test("what is no signature of the key is not measured", () => {
  const good = token("header.claims");
  check([good], 1, key);
  assert.throws(() => check([good.replace("claims", "clains")], 1, key), /not signed/);
  assert.throws(() => check(["header.claims."], 1, key), /not signed/);
  assert.throws(() => check([good], 1, generate(2048)), /not signed/);
});

test("each signature that is counted was made", () => {
  const good = token("header.claims");
  check([good, token("header.others")], 2, key);
  assert.throws(() => check([good, good], 2, key), /1 different tokens instead of 2/);
  assert.throws(() => check([], 1, key), /0 different tokens/);
});

test("signatures are measured on code that is compiled as the Workers are", () => {
  const profile = (manifest: string) =>
    /^\[profile\.release\]\n((?:.+\n)+)/m.exec(readFileSync(manifest, "utf8"))?.[1];
  assert.ok(profile("Cargo.toml"));
  assert.equal(profile("bench/signing/Cargo.toml"), profile("Cargo.toml"));
});
