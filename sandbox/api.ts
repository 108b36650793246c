// The control API and the account of what was received:
//   GET    /control               the behaviour of every vendor
//   PUT    /control/{vendor}      sets one
//   GET    /api/requests          records, of all vendors or of ?vendor=, and the numbers of open calls
//   GET    /api/requests/{seq}    one record
//   DELETE /api/requests          drops all records
//   GET    /api/live              the live feed

import type { IncomingMessage, ServerResponse } from "node:http";
import { readBehaviour } from "./behaviour.ts";
import { readBody } from "./body.ts";
import type { Controls } from "./controls.ts";
import type { Journal } from "./journal.ts";
import { serveLive } from "./live.ts";
import { jsonReply, type Reply, type Vendor } from "./vendors/vendor.ts";

interface State {
  vendors: Vendor[];
  journal: Journal;
  controls: Controls;
}

/** Serves the call where it is one of the API; false where it is not. */
export async function serveApi(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
): Promise<boolean> {
  const [, area, ...rest] = url.pathname.split("/");
  if (area !== "control" && area !== "api") return false;
  const name = rest.join("/");
  const call = `${request.method} /${area}`;
  if (call === "GET /api" && name === "live") {
    serveLive(response, state);
    return true;
  }
  const isVendor = state.vendors.some((vendor) => vendor.name === name);
  let reply: Reply = jsonReply(404, { error: `There is no ${request.method} ${url.pathname}.` });
  if (call === "GET /control" && name === "") reply = jsonReply(200, state.controls.all());
  else if (call === "PUT /control" && isVendor) {
    reply = await setBehaviour(name, request, state.controls);
  } else if (area === "api" && rest[0] === "requests") {
    reply = requests(url, request.method ?? "", rest[1], state.journal) ?? reply;
  }
  response.writeHead(reply.status, reply.headers).end(reply.body);
  return true;
}

async function setBehaviour(
  vendor: string,
  request: IncomingMessage,
  controls: Controls,
): Promise<Reply> {
  const body = await readBody(request);
  const read = readBehaviour(body?.json);
  if ("faults" in read) return jsonReply(400, { error: read.faults.join(" ") });
  controls.set(vendor, read.behaviour);
  return jsonReply(200, controls.all()[vendor]);
}

function requests(
  url: URL,
  method: string,
  seq: string | undefined,
  journal: Journal,
): Reply | undefined {
  if (method === "DELETE" && seq === undefined) {
    journal.clear();
    return { status: 204 };
  }
  if (method !== "GET") return undefined;
  if (seq !== undefined) {
    const record = journal.record(Number(seq));
    return record && jsonReply(200, record);
  }
  return jsonReply(200, {
    requests: journal.records(url.searchParams.get("vendor") ?? undefined),
    open: journal.openCalls(),
    forgotten: journal.forgotten,
  });
}
