import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const pipe = readFileSync(new URL("../floors/pipe.js", import.meta.url), "utf8");

test("the floor writes to the warehouse with the statements that Sparrow uses", () => {
  for (const [file, name] of [
    ["raw", "INSERT_RAW_BATCH"],
    ["account", "INSERT_DELIVERIES"],
    ["account", "INSERT_LEDGER"],
  ]) {
    const url = new URL(`../../warehouse/src/d1/${file}.rs`, import.meta.url);
    const rust = new RegExp(`const ${name}: &str =\\s*"([^"]*)";`).exec(readFileSync(url, "utf8"));
    assert.ok(rust?.[1], `${name} is in ${file}.rs`);
    assert.ok(pipe.includes(`const ${name} = \`${rust[1]}\`;`), name);
  }
});
