// Datasets and tables of the sandbox's BigQuery, and the rows in them.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table

import { TYPES } from "./bigquery-values.ts";
import { isObject, type JsonObject, objectsOf } from "./vendor.ts";

/** Rows that are kept of each table. */
const LIMIT = 1_000_000;

/** How long a table knows the `insertId` of a row again, in ms: "up to one minute". */
const INSERT_ID_MS = 60_000;

/** Rows of one page. */
export const ROWS_PAGE = 10_000;

export interface Column {
  name: string;
  type: string;
  required: boolean;
}

export class Table {
  readonly id: string;
  /** By their names in lower case: case makes no difference. */
  readonly columns: Map<string, Column>;
  /** The column whose day is the partition. */
  readonly partition: string | undefined;
  /** What it was made with, and what was changed since. */
  readonly resource: JsonObject;
  rows: JsonObject[] = [];
  /** Rows that were stored and are not kept. */
  forgotten = 0;
  /** When each came first, in ms, oldest first. */
  readonly #insertIds = new Map<string, number>();

  constructor(
    id: string,
    columns: Column[],
    partition: string | undefined,
    resource: JsonObject = {},
  ) {
    this.id = id;
    this.columns = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
    this.partition = partition;
    this.resource = { ...resource };
  }

  /** Whether a row with this `insertId` came within the last minute. From now on one did. */
  knows(insertId: string, now: number): boolean {
    for (const [oldest, at] of this.#insertIds) {
      if (now - at < INSERT_ID_MS) break;
      this.#insertIds.delete(oldest);
    }
    const isKnown = this.#insertIds.has(insertId);
    if (!isKnown) this.#insertIds.set(insertId, now);
    return isKnown;
  }

  store(row: JsonObject): void {
    if (this.rows.length < LIMIT) this.rows.push(row);
    else this.forgotten++;
  }

  clear(): void {
    this.rows = [];
    this.forgotten = 0;
    this.#insertIds.clear();
  }
}

export class Tables {
  /** Their resources, by `project:dataset`. */
  readonly datasets = new Map<string, JsonObject>();
  /** By `project:dataset.table`. */
  readonly #tables = new Map<string, Table>();

  get(id: string): Table | undefined {
    return this.#tables.get(id);
  }

  create(table: Table): void {
    this.#tables.set(table.id, table);
  }

  /** The tables of this name, in whichever dataset. */
  named(name: string): Table[] {
    return [...this.#tables.values()].filter(({ id }) => id.endsWith(`.${name}`));
  }

  /** Drops all rows. The tables stay. */
  clear(): void {
    for (const table of this.#tables.values()) table.clear();
  }
}

/** Reads the resource of a table, or says what is wrong with it. */
export function readTable(id: string, resource: JsonObject): { table: Table } | { fault: string } {
  const fields = isObject(resource.schema) ? objectsOf(resource.schema.fields) : [];
  if (fields.length === 0) return { fault: "The table has no schema.fields." };
  const columns: Column[] = [];
  for (const { name, type, mode = "NULLABLE" } of fields) {
    if (typeof name !== "string" || !/^[A-Za-z_]\w{0,299}$/.test(name)) {
      return { fault: "A column's name has letters, digits and underscores." };
    }
    const isKnown = typeof type === "string" && type in TYPES;
    if (!isKnown) return { fault: `The sandbox has no columns of the type of ${name}.` };
    if (mode !== "NULLABLE" && mode !== "REQUIRED") {
      return { fault: `The sandbox has no columns of the mode of ${name}.` };
    }
    columns.push({ name, type, required: mode === "REQUIRED" });
  }
  const read = partitionOf(resource.timePartitioning, columns);
  if ("fault" in read) return read;
  const clustering = isObject(resource.clustering) ? resource.clustering.fields : [];
  const names = new Set<unknown>(columns.map(({ name }) => name));
  const isClustering = Array.isArray(clustering) && clustering.every((name) => names.has(name));
  if (!isClustering || clustering.length > 4)
    return { fault: "clustering.fields is up to 4 columns." };
  return { table: new Table(id, columns, read.partition, resource) };
}

function partitionOf(
  partitioning: unknown,
  columns: Column[],
): { partition: string | undefined } | { fault: string } {
  if (!isObject(partitioning) || partitioning.field === undefined) return { partition: undefined };
  const column = columns.find(({ name }) => name === partitioning.field);
  const isTime = column?.type === "TIMESTAMP" || column?.type === "DATE";
  return isTime
    ? { partition: column.name }
    : { fault: "timePartitioning.field is no TIMESTAMP or DATE column." };
}
