// The project's policy with more properties.

import { readFileSync } from "node:fs";

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
