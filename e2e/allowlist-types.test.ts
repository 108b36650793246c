// `sparrow allowlist types` in the hands of TypeScript: what the policy does not know does not compile.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, beforeEach, test } from "node:test";
import { emitTypes } from "../sdk-js/build.ts";

const POLICY = `
version = 1
[sources]
[common.properties]
appVersion = { type = "string" }
[events.pageview]
description = "A page was shown."
owner = "growth"
[events.pageview.properties]
pathname = { type = "enum", values = ["/", "/cart"] }
[events."purchase product"]
description = "Somebody bought. Ends no comment: */ } @x"
owner = "billing"
[events."purchase product".properties]
productName = { type = "string", treatment = "hash" }
price = { type = "number" }
quantity = { type = "integer", min = 1 }
gift = { type = "boolean" }
currency = { type = "enum", values = ["EUR", "US\\"D"] }
note = { type = "string", treatment = "drop" }
tags = { type = "array", items = { type = "enum", values = ["new", "sale"] } }
"größe in cm" = { type = "number" }
address.type = "object"
address.properties = { country = { type = "string" }, lines = { type = "array", items = { type = "string" } } }
items.type = "array"
items.items = { type = "object", properties = { sku = { type = "string" } } }
[events.inherited]
description = "Properties that any object has."
owner = "growth"
[events.inherited.properties]
constructor = { type = "string" }
toString = { type = "boolean" }
valueOf = { type = "number" }
hasOwnProperty = { type = "enum", values = ["a"] }
isPrototypeOf = { type = "string" }
propertyIsEnumerable = { type = "array", items = { type = "string" } }
toLocaleString.type = "object"
toLocaleString.properties = { toString = { type = "string" } }
[events."404"]
description = "Nothing was found."
owner = "growth"
[events."購入 \\"x\\" \\\\"]
description = "Any name."
owner = "growth"
`;

/** Uses that compile. */
const GOOD = `
sparrow.track("purchase product");
sparrow.track("purchase product", {});
const country: string | undefined = undefined;
const tags = ["new", "sale"] as const;
const lines = ["a"] as const;
sparrow.track("purchase product", {
  productName: "workers", price: 1.5, quantity: 1, gift: true, currency: 'US"D', note: "n", tags,
  "größe in cm": 4, address: { country, lines }, items: [{ sku: "s" }], appVersion: "1",
});
sparrow.track("404", { appVersion: "1" });
sparrow.track("inherited");
sparrow.track("inherited", {});
sparrow.track("inherited", { valueOf: 1, toLocaleString: {} });
sparrow.track("inherited", { constructor: "c", toString: true, hasOwnProperty: "a" });
sparrow.track("購入 \\"x\\" \\\\");
sparrow.track("pageview", { pathname: "/cart" });
sparrow.pageview();
sparrow.pageview("/");
sparrow.identify("ada");
sparrow.reset();
`;

/** Uses that do not, one a line. Without the types all of them would. */
const BAD = [
  'sparrow.track("purchase product", { productName: 1 });',
  'sparrow.track("purchase product", { productname: "workers" });',
  'sparrow.track("purchase product", { price: "1" });',
  'sparrow.track("purchase product", { quantity: null });',
  'sparrow.track("purchase product", { gift: 1 });',
  'sparrow.track("purchase product", { currency: "usd" });',
  'sparrow.track("purchase product", { tags: ["new", "old"] });',
  'sparrow.track("purchase product", { tags: "new" });',
  'sparrow.track("purchase product", { address: { city: "Graz" } });',
  'sparrow.track("purchase product", { address: { lines: [1] } });',
  'sparrow.track("purchase product", { items: [{ sku: 1 }] });',
  'sparrow.track("purchase product", { appVersion: 1 });',
  'sparrow.track("Purchase Product");',
  'sparrow.track("purchase product" as string);',
  'sparrow.track("404", { plan: "team" });',
  'sparrow.track("inherited", { constructor: 1 });',
  'sparrow.track("inherited", { valueOf: "1" });',
  'sparrow.track("inherited", { hasOwnProperty: "b" });',
  'sparrow.track("inherited", { toLocaleString: { toString: 1 } });',
  'sparrow.pageview("/other");',
];

const IMPORT = 'import * as sparrow from "@sparrow/sdk";\n';
const DECLARE = 'import type { Sparrow } from "@sparrow/sdk";\ndeclare const sparrow: Sparrow;\n';
const folder = mkdtempSync(join(tmpdir(), "sparrow-types-"));

function types(...more: string[]): void {
  const command = ["allowlist", "types", "allowlist.toml", "--out", "sparrow-events.d.ts", ...more];
  execFileSync(resolve("target/debug/sparrow"), command, { cwd: folder });
}

/** Installs the SDK, as npm would. */
function install(): void {
  const sdk = join(folder, "node_modules/@sparrow/sdk");
  mkdirSync(join(sdk, "dist"), { recursive: true });
  copyFileSync("sdk-js/package.json", join(sdk, "package.json"));
  emitTypes(join(sdk, "dist"));
}

/** What tsc says of a product with this code, which is one error a line. */
function errors(code: string): string[] {
  writeFileSync(join(folder, "app.ts"), code);
  const tsc = resolve("node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", "."], {
    cwd: folder,
    encoding: "utf8",
  });
  const found = stdout.match(/^\S+\(\d+,\d+\): error TS\d+/gm) ?? [];
  assert.equal(status === 0, found.length === 0, stdout);
  return found;
}

const expected = (lines: string[]) =>
  lines.map((line) => `// @ts-expect-error\n${line}\n`).join("");

beforeEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "allowlist.toml"), POLICY);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    moduleDetection: "force",
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
});

after(() => rmSync(folder, { recursive: true }));

const ways: [string, string, () => void][] = [
  ["that is imported", IMPORT, install],
  ["as an object of its type", DECLARE, install],
  ["of the script tag", "", () => types("--global")],
];

for (const [way, head, setUp] of ways) {
  test(`with the SDK ${way}, what the policy knows compiles and nothing else does`, () => {
    types();
    setUp();
    assert.deepEqual(errors(head + GOOD), []);
    assert.deepEqual(errors(head + expected(BAD)), []);
    // A line that compiles all the same is found.
    const [unexpected, ...others] = errors(head + expected([...BAD, "sparrow.reset();"]));
    assert.match(unexpected ?? "", /error TS2578/);
    assert.deepEqual(others, []);
  });
}

test("the global is that of the page, too", () => {
  types("--global");
  assert.deepEqual(errors('window.sparrow.track("404");'), []);
  assert.equal(errors('window.sparrow.track("405");').length, 1);
});

test("an event without properties takes none", () => {
  const policy = `version = 1\n[sources]\n[events.a]\ndescription = "A."\nowner = "growth"\n`;
  writeFileSync(join(folder, "allowlist.toml"), policy);
  types("--global");
  assert.deepEqual(errors(expected(['sparrow.track("a", { b: 1 });'])), []);
  assert.deepEqual(
    errors('sparrow.track("a"); sparrow.track("a", {}); sparrow.pageview("/");'),
    [],
  );
});

test("without the types any event may have any properties", () => {
  install();
  assert.deepEqual(errors(IMPORT + BAD.join("\n")), []);
});

/** They are two texts of one thing. */
test("the global's functions are those of the SDK", () => {
  types("--global");
  install();
  const code = `import type { Sparrow } from "@sparrow/sdk";
    const one: Sparrow = sparrow;
    let two = sparrow;
    two = one;`;
  assert.deepEqual(errors(code), []);
});
