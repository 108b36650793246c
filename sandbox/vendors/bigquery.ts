// Google BigQuery, its REST API: what sets a dataset up, and what inserts rows.
// https://cloud.google.com/bigquery/docs/reference/rest

import type { Faults } from "../faults.ts";
import type { Account, Rights } from "./bigquery-account.ts";
import { failure, type Reason } from "./bigquery-errors.ts";
import { eventsOf, insertRows, readInsert } from "./bigquery-insert.ts";
import {
  createDataset,
  createTable,
  getDataset,
  getTable,
  type Names,
  patchTable,
  query,
  type SetUp,
} from "./bigquery-setup.ts";
import type { Tables } from "./bigquery-tables.ts";
import {
  isObject,
  type Judgement,
  jsonReply,
  type Reply,
  type Vendor,
  type VendorCall,
} from "./vendor.ts";

export interface BigQuery {
  account: Account;
  tables: Tables;
  faults: Faults;
}

type Call = VendorCall & { names: Names };

interface Route {
  method: string;
  path: RegExp;
  /** What the token must allow. */
  needs: Rights;
  judge(call: Call, bigquery: BigQuery): Judgement;
}

const PROJECT = "^/v2/projects/(?<project>[^/]+)";
const TABLES = `${PROJECT}/datasets/(?<dataset>[^/]+)/tables`;
const TABLE = `${TABLES}/(?<table>[^/]+)`;

const ROUTES: Route[] = [
  { method: "POST", path: new RegExp(`${TABLE}/insertAll$`), needs: "insert", judge: insertAll },
  setUp("POST", `${PROJECT}/datasets$`, createDataset),
  setUp("GET", `${PROJECT}/datasets/(?<dataset>[^/]+)$`, getDataset),
  setUp("POST", `${TABLES}$`, createTable),
  setUp("GET", `${TABLE}$`, getTable),
  setUp("PATCH", `${TABLE}$`, patchTable),
  setUp("POST", `${PROJECT}/queries$`, query),
];

export function bigquery(parts: BigQuery): Vendor {
  return {
    name: "bigquery",
    title: "BigQuery",
    judge(call) {
      for (const { method, path, needs, judge } of ROUTES) {
        const names = path.exec(call.path)?.groups as Names | undefined;
        if (!names || method !== call.method) continue;
        return authFault(call, parts, needs) ?? judge({ ...call, names }, parts);
      }
      return refused("notFound", `The sandbox has no ${call.method} ${call.path}.`);
    },
  };
}

/** Google says only that the credentials are invalid; the board says why. */
function authFault(
  { headers, receivedAt }: VendorCall,
  { account }: BigQuery,
  needs: Rights,
): Judgement | undefined {
  const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? "") ?? [];
  if (!token) return refused("required", "Login Required.");
  const bearer = account.bearer(token, receivedAt);
  if ("fault" in bearer) {
    return { ...refused("authError", "Invalid Credentials"), remarks: [bearer.fault] };
  }
  return bearer.rights === "all" || bearer.rights === needs
    ? undefined
    : refused("insufficientPermissions", "Request had insufficient authentication scopes.");
}

function insertAll(call: Call, { tables, faults }: BigQuery): Judgement {
  if (call.headers["content-type"]?.split(";")[0] !== "application/json") {
    return refused("badRequest", "The content type is not application/json.");
  }
  const read = readInsert(call.body, call.json);
  if ("refusal" in read) return judgement(read.refusal);
  const { project, dataset, table: name } = call.names;
  const datasetId = `${project}:${dataset}`;
  return {
    ...judgement(jsonReply(200, {})),
    events: eventsOf(name, read.insert.rows),
    carryOut: () => {
      const table = tables.get(`${datasetId}.${name}`);
      if (table) return insertRows(table, read.insert, faults, call.receivedAt);
      const isThere = tables.datasets.has(datasetId);
      const missing = isThere ? `Table ${datasetId}.${name}` : `Dataset ${datasetId}`;
      return { reply: failure("notFound", `Not found: ${missing}`), accepted: [] };
    },
  };
}

/** The route of what needs all rights and stores no rows. */
function setUp(method: string, path: string, carry: SetUp): Route {
  const judge = ({ names, json }: Call, { tables }: BigQuery): Judgement => ({
    ...judgement(jsonReply(200, {})),
    carryOut: () => ({ reply: carry(names, isObject(json) ? json : {}, tables), accepted: [] }),
  });
  return { method, path: new RegExp(path), needs: "all", judge };
}

function judgement(reply: Reply): Judgement {
  return { reply, events: [], remarks: [] };
}

function refused(reason: Reason, message: string): Judgement {
  return { ...judgement(failure(reason, message)), remarks: [message] };
}
