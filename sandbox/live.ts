// The live feed of the page, as server-sent events:
//   vendors  every vendor with its present behaviour
//   request  a request that came or changed, and the numbers of open calls
//   clear    all requests were dropped

import type { ServerResponse } from "node:http";
import type { Controls } from "./controls.ts";
import type { Journal, RequestRecord } from "./journal.ts";
import type { Vendor } from "./vendors/vendor.ts";

/** Requests of each vendor that a page gets to begin with; as many as it shows. */
const RECENT = 100;

/** Events of one request that are sent; the others are in its body. */
const EVENTS = 20;

/** A page that lags by more bytes than this is cut off. It connects again and begins anew. */
const LAG_LIMIT = 4 * 1024 * 1024;

export function serveLive(
  response: ServerResponse,
  { vendors, journal, controls }: { vendors: Vendor[]; journal: Journal; controls: Controls },
): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (name: string, data: unknown) => {
    response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    if (response.writableLength > LAG_LIMIT) response.destroy();
  };
  const sendRequest = (record: RequestRecord) =>
    send("request", { request: summary(record), open: journal.openCalls() });
  const sendVendors = () => {
    const behaviours = controls.all();
    const states = vendors.map(({ name, title }) => ({ name, title, ...behaviours[name] }));
    send("vendors", states);
  };

  send("clear", {});
  sendVendors();
  for (const { name } of vendors) {
    journal.records(name).slice(-RECENT).forEach(sendRequest);
  }
  const unsubscribe = [
    controls.subscribe(sendVendors),
    journal.subscribe((record) => {
      if (!record) send("clear", {});
      else if (journal.keeps) sendRequest(record);
    }),
  ];
  response.on("close", () => {
    for (const stop of unsubscribe) stop();
  });
}

/** A record without what the page asks for only when somebody wants to see it. */
function summary({ body, json, headers, events, ...rest }: RequestRecord) {
  return {
    ...rest,
    events: events.slice(0, EVENTS),
    eventCount: events.length,
    bytes: Buffer.byteLength(body),
  };
}
