// The control API and the account of what was received:
//   GET    /control               the behaviour of every vendor
//   PUT    /control/{vendor}      sets one
//   GET    /api/requests          records, of all vendors or of ?vendor=, and the numbers of open calls
//   GET    /api/requests/{seq}    one record
//   DELETE /api/requests          drops all records, and what was accepted
//   POST   /api/journal           {"keep": false}: no records from now on
//   GET    /api/received          how many events each vendor accepted, or of ?vendor= the keys, in pages
//   GET    /api/rows              the rows that BigQuery stored in ?table=, in pages
//   GET    /api/service-account   the key file of the account whose tokens BigQuery accepts
//   GET    /api/live              the live feed
//   POST   /api/faults            sets faults by name
//   GET    /faults/{name}         which fault somebody is to make now

import type { IncomingMessage, ServerResponse } from "node:http";
import { readBehaviour } from "./behaviour.ts";
import { readBody, writeReply } from "./body.ts";
import type { Controls } from "./controls.ts";
import { type Faults, readFaults } from "./faults.ts";
import type { Journal } from "./journal.ts";
import { serveLive } from "./live.ts";
import { PAGE, type Received } from "./received.ts";
import type { BigQuery } from "./vendors/bigquery.ts";
import { ROWS_PAGE } from "./vendors/bigquery-tables.ts";
import { isObject, jsonReply, type Reply, type Vendor } from "./vendors/vendor.ts";

export interface State {
  vendors: Vendor[];
  journal: Journal;
  received: Received;
  controls: Controls;
  faults: Faults;
  bigquery: BigQuery;
}

interface Call {
  /** Where the sandbox was called, such as `127.0.0.1:8788`. */
  host: string;
  /** What stands for `*` in the route. */
  name: string;
  query: URLSearchParams;
  /** The body as JSON; undefined where it is none. */
  json: unknown;
}

/** Undefined stands for what is not there. */
type Handler = (call: Call, state: State) => Reply | undefined;

const ROUTES: Record<string, Handler> = {
  "GET /control": (_call, { controls }) => jsonReply(200, controls.all()),
  "PUT /control/*": setBehaviour,
  "GET /api/requests": ({ query }, { journal }) =>
    jsonReply(200, {
      requests: journal.records(query.get("vendor") ?? undefined),
      open: journal.openCalls(),
      forgotten: journal.forgotten,
    }),
  "GET /api/requests/*": ({ name }, { journal }) => {
    const record = journal.record(Number(name));
    return record && jsonReply(200, record);
  },
  "DELETE /api/requests": (_call, { journal, received, bigquery }) => {
    received.clear();
    bigquery.tables.clear();
    journal.clear();
    return { status: 204 };
  },
  "POST /api/journal": setJournal,
  "GET /api/received": receivedKeys,
  "GET /api/rows": storedRows,
  "GET /api/service-account": ({ host }, { bigquery }) =>
    jsonReply(200, bigquery.account.keyFile(`http://${host}/token`)),
  "POST /api/faults": setFaults,
  "GET /faults/*": ({ name }, { faults }) => jsonReply(200, faults.take(name)),
};

/** Serves the call where it is one of the API; false where it is not. */
export async function serveApi(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
): Promise<boolean> {
  const path = url.pathname;
  if (!/^\/(control|api|faults)(\/|$)/.test(path)) return false;
  if (request.method === "GET" && path === "/api/live") {
    serveLive(response, state);
    return true;
  }
  const [, parent, name = ""] = /^(.*)\/(.+)$/.exec(path) ?? [];
  const route = ROUTES[`${request.method} ${path}`] ?? ROUTES[`${request.method} ${parent}/*`];
  const json = route && request.method !== "GET" ? (await readBody(request))?.json : undefined;
  const host = request.headers.host ?? "";
  const reply = route?.({ host, name, query: url.searchParams, json }, state);
  writeReply(
    response,
    reply ?? jsonReply(404, { error: `There is no ${request.method} ${path}.` }),
  );
  return true;
}

function setBehaviour({ name, json }: Call, { vendors, controls }: State): Reply | undefined {
  if (!vendors.some((vendor) => vendor.name === name)) return undefined;
  const read = readBehaviour(json);
  if ("faults" in read) return jsonReply(400, { error: read.faults.join(" ") });
  controls.set(name, read.behaviour);
  return jsonReply(200, controls.all()[name]);
}

function setJournal({ json }: Call, { journal }: State): Reply {
  if (!isObject(json) || typeof json.keep !== "boolean") {
    return jsonReply(400, { error: "keep is true or false." });
  }
  journal.keeps = json.keep;
  return jsonReply(200, { keep: json.keep });
}

function receivedKeys({ query }: Call, { vendors, received }: State): Reply | undefined {
  const vendor = query.get("vendor");
  if (vendor === null) return jsonReply(200, received.totals());
  if (!vendors.some(({ name }) => name === vendor)) return undefined;
  const after = pageStart(query);
  if (after === undefined) return NO_PAGE;
  const keys = received.keys(vendor, after, PAGE);
  return jsonReply(200, { received: keys, next: keys.length === PAGE ? after + PAGE : null });
}

function storedRows({ query }: Call, { bigquery }: State): Reply {
  const tables = bigquery.tables.named(query.get("table") ?? "");
  const after = pageStart(query);
  if (after === undefined) return NO_PAGE;
  const rows = tables.flatMap((table) => table.rows).slice(after, after + ROWS_PAGE);
  const forgotten = tables.reduce((sum, table) => sum + table.forgotten, 0);
  const next = rows.length === ROWS_PAGE ? after + ROWS_PAGE : null;
  return jsonReply(200, { rows, next, forgotten });
}

const NO_PAGE = jsonReply(400, { error: "after is the `next` of the page before." });

/** How many came on the pages before; undefined where `after` says nothing of the kind. */
function pageStart(query: URLSearchParams): number | undefined {
  const after = Number(query.get("after") ?? 0);
  return Number.isSafeInteger(after) && after >= 0 ? after : undefined;
}

function setFaults({ json }: Call, { faults }: State): Reply {
  const read = readFaults(json);
  if ("wrong" in read) return jsonReply(400, { error: read.wrong.join(" ") });
  for (const [name, fault] of read.faults) faults.set(name, fault);
  return jsonReply(200, Object.fromEntries(read.faults));
}
