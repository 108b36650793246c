// What a migration asks of BigQuery: datasets, tables, their retention, and views.
// https://cloud.google.com/bigquery/docs/reference/rest

import { failure } from "./bigquery-errors.ts";
import { readTable, type Table, type Tables } from "./bigquery-tables.ts";
import { isObject, type JsonObject, jsonReply, type Reply } from "./vendor.ts";

/** Project, dataset and table, as far as the path names them. */
export type Names = Record<"project" | "dataset" | "table", string>;

/** Makes or changes what the body describes. */
export type SetUp = (names: Names, body: JsonObject, tables: Tables) => Reply;

export const createDataset: SetUp = (names, resource, tables) => {
  const name = member(resource.datasetReference, "datasetId");
  if (!isName(name)) return failure("invalid", "Invalid dataset ID.");
  const id = `${names.project}:${name}`;
  if (tables.datasets.has(id)) return failure("duplicate", `Already Exists: Dataset ${id}`);
  // Where Google puts what is to be put nowhere in particular.
  const dataset = { kind: "bigquery#dataset", id, location: "US", ...resource };
  tables.datasets.set(id, dataset);
  return jsonReply(200, dataset);
};

export const getDataset: SetUp = ({ project, dataset }, _, tables) => {
  const id = `${project}:${dataset}`;
  const found = tables.datasets.get(id);
  return found ? jsonReply(200, found) : failure("notFound", `Not found: Dataset ${id}`);
};

export const createTable: SetUp = ({ project, dataset }, resource, tables) => {
  const datasetId = `${project}:${dataset}`;
  if (!tables.datasets.has(datasetId)) {
    return failure("notFound", `Not found: Dataset ${datasetId}`);
  }
  const name = member(resource.tableReference, "tableId");
  if (!isName(name)) return failure("invalid", "Invalid table ID.");
  const id = `${datasetId}.${name}`;
  if (tables.get(id)) return failure("duplicate", `Already Exists: Table ${id}`);
  const read = readTable(id, resource);
  if ("fault" in read) return failure("invalid", read.fault);
  tables.create(read.table);
  return tableReply(read.table);
};

export const getTable: SetUp = ({ project, dataset, table }, _, tables) => {
  const id = `${project}:${dataset}.${table}`;
  const found = tables.get(id);
  return found ? tableReply(found) : failure("notFound", `Not found: Table ${id}`);
};

/** How long partitions are kept can be changed; here they are kept anyway. */
export const patchTable: SetUp = ({ project, dataset, table }, resource, tables) => {
  const id = `${project}:${dataset}.${table}`;
  const found = tables.get(id);
  if (!found) return failure("notFound", `Not found: Table ${id}`);
  if (Object.keys(resource).some((key) => key !== "timePartitioning")) {
    return failure("notImplemented", "The sandbox changes nothing but timePartitioning.");
  }
  Object.assign(found.resource, resource);
  return tableReply(found);
};

/** Views are taken at their word; nothing else is run. */
export const query: SetUp = ({ project }, { query: sql, useLegacySql = true }) => {
  // Legacy SQL, which is what is run where nothing is said, has no such statement.
  if (useLegacySql !== false || !/^CREATE (OR REPLACE )?VIEW\s/.test(String(sql))) {
    return failure("invalidQuery", "The sandbox runs no SQL but CREATE VIEW, in GoogleSQL.");
  }
  return jsonReply(200, {
    kind: "bigquery#queryResponse",
    jobReference: { projectId: project, jobId: "job_sandbox", location: "US" },
    jobComplete: true,
  });
};

/** A retention of null is none. */
function tableReply({ id, resource }: Table): Reply {
  const { timePartitioning, ...others } = resource;
  const { expirationMs, ...kept } = isObject(timePartitioning) ? timePartitioning : {};
  const partitioning = { ...kept, ...(expirationMs ? { expirationMs } : {}) };
  const all = isObject(timePartitioning) ? { ...others, timePartitioning: partitioning } : others;
  return jsonReply(200, { kind: "bigquery#table", id, ...all });
}

function isName(text: string): boolean {
  return /^\w{1,1024}$/.test(text);
}

/** A text of an object, empty where there is none. */
function member(value: unknown, name: string): string {
  const text = isObject(value) ? value[name] : undefined;
  return typeof text === "string" ? text : "";
}
