// The project's policy with more properties, and its compiled form.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Its TOML, with an event of which each property has a column of its own. */
export function policyWith(properties: string[]): string {
  const table = '[events."more properties".properties]';
  const more = properties.map(
    (name) => `${JSON.stringify(name)} = { type = "string", column = true }`,
  );
  const event = '[events."more properties"]\ndescription = "For tests."\nowner = "tests"';
  const policy = readFileSync("allowlist/allowlist.toml", "utf8");
  return [policy, event, table, ...more, ""].join("\n");
}

/** The column of a property; `allowlist/src/policy/column.rs`. */
export function columnOf(property: string): string {
  return property.replace(/[^A-Za-z0-9]/gu, "_").replace(/^(?=\d)/, "_");
}

/** A policy as Trace carries it, by the command that people use. */
export function compiled(toml: string): { version: string; json: string } {
  const folder = mkdtempSync(join(tmpdir(), "sparrow-policy-"));
  try {
    const file = join(folder, "allowlist.toml");
    writeFileSync(file, toml);
    const json = execFileSync("target/debug/sparrow", ["allowlist", "compile", file]).toString();
    return { version: JSON.parse(json).version, json };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
