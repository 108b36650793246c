// `tabledata.insertAll`: what it refuses as a whole, and what becomes of each row.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll
// https://cloud.google.com/bigquery/quotas#streaming_inserts

import type { Faults } from "../faults.ts";
import { failure, TOO_LARGE } from "./bigquery-errors.ts";
import type { Column, Table } from "./bigquery-tables.ts";
import { isOpenPartition, TYPES, timeOf } from "./bigquery-values.ts";
import {
  type CarriedOut,
  isObject,
  type JsonObject,
  jsonReply,
  type Reply,
  type SeenEvent,
} from "./vendor.ts";

/** Bytes of a request, 10 MB as Google counts them. */
const REQUEST_BYTES = 10_485_760;
/** Requests that are longer than that do not get as far as BigQuery; Google does not say how long is too long. */
const FRONT_END_BYTES = 2 * REQUEST_BYTES;
/** Bytes of a row. */
const ROW_BYTES = 10_000_000;
const ROWS = 50_000;
const INSERT_ID_CHARACTERS = 128;

const KIND = "bigquery#tableDataInsertAllResponse";

/** Places at which a fault may be set, by `POST /api/faults`. The row is the one in the middle. */
export const FAULT_PLACES = {
  /** The row is refused as `invalid`. */
  invalid: "bigquery-row-invalid",
  /** The row is not stored, and may be another time. */
  failed: "bigquery-row-failed",
  /** The table does not know rows again by their `insertId`. */
  forgetful: "bigquery-insert-id",
};

export interface Insert {
  rows: Row[];
  skipInvalidRows: boolean;
  ignoreUnknownValues: boolean;
}

interface Row {
  insertId?: string;
  json: JsonObject;
}

interface RowError {
  reason: string;
  location: string;
  debugInfo: string;
  message: string;
}

/** Reads a request, or says how it is refused. */
export function readInsert(body: string, json: unknown): { insert: Insert } | { refusal: Reply } {
  const bytes = Buffer.byteLength(body);
  const refuse = (message: string) => ({ refusal: failure("invalid", message) });
  if (bytes > FRONT_END_BYTES) return { refusal: TOO_LARGE };
  if (bytes > REQUEST_BYTES) {
    const message = `Request payload size exceeds the limit: ${REQUEST_BYTES} bytes.`;
    return { refusal: failure("badRequest", message) };
  }
  if (!isObject(json)) return { refusal: failure("parseError", "Parse Error") };
  const {
    kind,
    rows,
    skipInvalidRows = false,
    ignoreUnknownValues = false,
    traceId = "",
    templateSuffix,
    ...others
  } = json;
  if (templateSuffix !== undefined) {
    return { refusal: failure("notImplemented", "The sandbox has no template tables.") };
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return refuse(`Unknown name "${unknown}": Cannot find field.`);
  if (typeof skipInvalidRows !== "boolean" || typeof ignoreUnknownValues !== "boolean") {
    return refuse("Invalid value for a boolean.");
  }
  if (typeof traceId !== "string" || !/^[\x20-\x7e]{0,36}$/.test(traceId)) {
    return refuse("traceId is at most 36 ASCII characters.");
  }
  if (!Array.isArray(rows) || rows.length === 0) return refuse("No rows present in the request.");
  if (rows.length > ROWS) {
    return refuse(
      `too many rows present in the request, limit: ${ROWS} row count: ${rows.length}.`,
    );
  }
  return rows.every(isRow)
    ? { insert: { rows, skipInvalidRows, ignoreUnknownValues } }
    : refuse(`A row is {json, insertId}; insertId has at most ${INSERT_ID_CHARACTERS} characters.`);
}

function isRow(row: unknown): row is Row {
  if (!isObject(row)) return false;
  const { json, insertId = "", ...others } = row;
  const isId = typeof insertId === "string" && insertId.length <= INSERT_ID_CHARACTERS;
  return isObject(json) && isId && Object.keys(others).length === 0;
}

/** Rows as events of the board: under the name of their table, and known by table and `insertId`. */
export function eventsOf(table: string, rows: Row[]): SeenEvent[] {
  return rows.map(({ insertId, json }) => ({
    name: table,
    properties: json,
    ...(insertId ? { key: `${table} ${insertId}` } : {}),
  }));
}

/** Stores what can be stored. Unless told to skip them, rows that are invalid stop all others. */
export function insertRows(table: Table, insert: Insert, faults: Faults, now: number): CarriedOut {
  const { rows, skipInvalidRows } = insert;
  const invalid = new Map<number, RowError>();
  rows.forEach((row, index) => {
    const error = rowError(table, row, insert, now);
    if (error) invalid.set(index, error);
  });
  const middle = Math.floor(rows.length / 2);
  if (faults.take(FAULT_PLACES.invalid).mode !== "none") {
    invalid.set(middle, wrong("", "The sandbox was told to refuse this row."));
  }
  const failed = new Map<number, RowError>();
  if (faults.take(FAULT_PLACES.failed).mode !== "none" && !invalid.has(middle)) {
    failed.set(middle, { ...wrong("", "The sandbox was told to fail."), reason: "internalError" });
  }
  const isForgetful = faults.take(FAULT_PLACES.forgetful).mode !== "none";

  const errors = new Map([...invalid, ...failed]);
  if (invalid.size > 0 && !skipInvalidRows) {
    const stopped = { ...wrong("", ""), reason: "stopped" };
    rows.forEach((_, index) => {
      if (!errors.has(index)) errors.set(index, stopped);
    });
  }
  const stored = rows.filter(({ insertId }, index) => {
    if (errors.has(index)) return false;
    const isKnown = insertId ? table.knows(insertId, now) : false;
    return !isKnown || isForgetful;
  });
  for (const { json } of stored) table.store(json);
  const name = table.id.slice(table.id.lastIndexOf(".") + 1);
  return { reply: answer(errors), accepted: eventsOf(name, stored) };
}

function answer(errors: Map<number, RowError>): Reply {
  const insertErrors = [...errors].map(([index, error]) => ({ index, errors: [error] }));
  return jsonReply(200, insertErrors.length > 0 ? { kind: KIND, insertErrors } : { kind: KIND });
}

function rowError(table: Table, row: Row, insert: Insert, now: number): RowError | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(row.json));
  if (bytes > ROW_BYTES) {
    return wrong("", `Maximum allowed row size exceeded. Allowed: ${ROW_BYTES} Row size: ${bytes}`);
  }
  const missing = new Set([...table.columns.values()].filter(({ required }) => required));
  for (const [name, value] of Object.entries(row.json)) {
    const column = table.columns.get(name.toLowerCase());
    if (!column) {
      if (insert.ignoreUnknownValues) continue;
      return wrong(name, `no such field: ${name}.`);
    }
    if (value === null) continue;
    missing.delete(column);
    const fault = valueFault(table, column, value, now);
    if (fault) return wrong(column.name, fault);
  }
  const [first] = missing;
  return first && wrong("", `Missing required field: ${first.name}.`);
}

function valueFault(table: Table, column: Column, value: unknown, now: number): string | undefined {
  const { name, type } = column;
  if (!TYPES[type]?.(value)) return `Cannot convert value to ${type} (bad value): ${value}`;
  const time = name === table.partition ? timeOf(type, value) : undefined;
  return time === undefined || isOpenPartition(time, now)
    ? undefined
    : `Value ${value} for field ${name} of the destination table ${table.id} is outside the allowed bounds.`;
}

function wrong(location: string, message: string): RowError {
  return { reason: "invalid", location, debugInfo: "", message };
}
