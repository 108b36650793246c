// Whether two warehouses answer the same, whichever way each prints it.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Row } from "./account.ts";
import { ODD_PROPERTIES } from "./hostile.ts";
import { columnOf } from "./policy.ts";

/** Answers to one question. */
export interface Answers {
  d1: Row[];
  bigquery: Row[];
}

/** Names of columns of two rows that show different things. */
type Differing = (d1: Row, bigquery: Row) => string[];

/** A row in which what both mean alike is alike. */
export function normalized(row: Row): Row {
  // The emulator writes all names of columns in lower case, which BigQuery does not.
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name.toLowerCase(), wellFormed(value)]),
  );
}

/** SQLite makes three bytes that are no UTF-8 of an escaped lone surrogate, and each is read as U+FFFD. */
function wellFormed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.toWellFormed().replace(/\ufffd+/g, "\ufffd");
}

/** Fails unless both have rows, rows of the same keys, once each, and no columns of two rows of a key differ. */
export function assertSameRows(
  { d1, bigquery }: Answers,
  key: string[],
  differing: Differing = unequal,
): void {
  const [left, right] = [keyed(d1, key), keyed(bigquery, key)];
  assert.ok(left.size > 0, "there is nothing to compare");
  const alone = {
    d1: [...left.keys()].filter((id) => !right.has(id)),
    bigquery: [...right.keys()].filter((id) => !left.has(id)),
  };
  assert.deepEqual(alone, { d1: [], bigquery: [] });
  const differences = [...left].flatMap(([id, row]) => {
    const twin = right.get(id) as Row;
    assert.deepEqual(Object.keys(twin), Object.keys(row), "the columns");
    return differing(row, twin).map((name) => ({ id, name, d1: row[name], bigquery: twin[name] }));
  });
  assert.deepEqual(differences.slice(0, 10), []);
}

function keyed(rows: Row[], key: string[]): Map<string, Row> {
  const names = key.map((name) => name.toLowerCase());
  const keyed = new Map(rows.map((row) => [JSON.stringify(names.map((name) => row[name])), row]));
  assert.equal(keyed.size, rows.length, "rows with the same key");
  return keyed;
}

function unequal(d1: Row, bigquery: Row): string[] {
  return Object.keys(d1).filter((name) => d1[name] !== bigquery[name]);
}

/** Fails unless both have the same rows, in the order that the query asks for. */
export function assertSameAnswer({ d1, bigquery }: Answers, sql: string): void {
  assert.ok(d1.length > 0, "there is nothing to compare");
  const sorted = (rows: Row[]) => rows.map((row) => JSON.stringify(row)).sort();
  assert.deepEqual(sorted(bigquery), sorted(d1));
  // Rows that are equal in these columns may come in any order.
  const [, columns = ""] = /ORDER BY (.*)$/s.exec(sql) ?? [];
  const names = columns.split(",").map((name) => name.replace(/`| DESC/g, "").trim());
  const ordered = (rows: Row[]) => rows.map((row) => names.map((name) => row[name.toLowerCase()]));
  assert.deepEqual(ordered(bigquery), ordered(d1));
}

/** Of two rows of `raw_normalized`: columns that differ, or that show another value than `properties` has. */
export function unequalEvents(d1: Row, bigquery: Row): string[] {
  const columns = new Map(ODD_PROPERTIES.map((name) => [columnOf(name).toLowerCase(), name]));
  const [left, right] = [parsed(d1.properties), parsed(JSON.stringify(bigquery.properties))];
  return Object.keys(d1).filter((name) => {
    if (name === "properties") return !isDeepStrictEqual(left, right);
    const property = columns.get(name);
    if (!property) return d1[name] !== bigquery[name];
    const value = left?.[property] ?? null;
    return !isSqlOf(value, d1[name]) || !isTextOf(value, bigquery[name]);
  });
}

/** Whether D1 shows a property of this value so: as SQL has it. */
function isSqlOf(value: unknown, cell: unknown): boolean {
  if (typeof value === "object" && value !== null) return isDeepStrictEqual(parsed(cell), value);
  return cell === (typeof value === "boolean" ? Number(value) : value);
}

/** Whether BigQuery shows it so: as text, whatever it is. */
function isTextOf(value: unknown, cell: unknown): boolean {
  if (value === null || typeof value === "string") return cell === value;
  return typeof cell === "string" && isDeepStrictEqual(parsed(cell), value);
}

/** JSON in which equal numbers and texts are equal. */
function parsed(json: unknown): Record<string, unknown> | null {
  if (typeof json !== "string") return null;
  // The sum of -0 and 0 is 0.
  return JSON.parse(json, (_, value) =>
    typeof value === "number" ? value + 0 : wellFormed(value),
  );
}
