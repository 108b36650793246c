// One call to a vendor: written down, judged, and answered as the vendor presently behaves.

import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Behaviour } from "./behaviour.ts";
import { readBody, writeReply } from "./body.ts";
import type { Controls } from "./controls.ts";
import type { Journal, RequestRecord } from "./journal.ts";
import type { Received } from "./received.ts";
import {
  type CarriedOut,
  type Judgement,
  jsonReply,
  type Reply,
  textReply,
  type Vendor,
} from "./vendors/vendor.ts";

export async function serveCall(
  vendor: Vendor,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  state: { journal: Journal; received: Received; controls: Controls },
): Promise<void> {
  const { journal, received } = state;
  const record = journal.arrive({
    vendor: vendor.name,
    method: request.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    receivedAt: Date.now(),
  });
  const gone = new AbortController();
  response.on("close", () => {
    if (record.outcome !== "open") return;
    journal.end(record, "client gone", null);
    gone.abort();
  });

  const body = await readBody(request);
  if (body === undefined) return; // the client went before its last byte
  const judgement = vendor.judge({
    method: record.method,
    path: url.pathname.slice(`/${vendor.name}`.length),
    query: url.searchParams,
    headers: request.headers,
    body: body.text,
    json: body.json,
    receivedAt: record.receivedAt,
  });
  const { events, remarks } = judgement;
  journal.read(record, { body: body.text, json: body.json ?? null, events, remarks });

  const behaviour = await behaviourFor(record, state, gone.signal);
  const { delayMs = 0 } = behaviour;
  if (delayMs > 0) await wait(delayMs, undefined, { signal: gone.signal }).catch(() => {});
  if (gone.signal.aborted) return;
  const done = outcome(behaviour, judgement);
  if (done && done.reply.status < 300) {
    received.accept(vendor.name, done.accepted, record.receivedAt);
  }
  if (!done || behaviour.mode === "cut") {
    journal.end(record, "cut", null);
    response.destroy();
    return;
  }
  journal.end(record, "answered", done.reply.status);
  writeReply(response, done.reply);
}

/** What the vendor does and answers; nothing where the connection is cut before. */
function outcome(behaviour: Behaviour, judgement: Judgement): CarriedOut | undefined {
  const { mode, stored } = behaviour;
  const accepted = judgement.isRehearsal ? [] : judgement.events;
  if (mode === "cut" && !stored) return undefined;
  if (mode === "error") {
    // What a vendor with a memory did not carry out, it did not take, whatever it answers.
    return { reply: errorReply(behaviour), accepted: judgement.carryOut ? [] : accepted };
  }
  return judgement.carryOut?.() ?? { reply: judgement.reply, accepted };
}

/** Takes the vendor's behaviour, as often as it is set anew while the call hangs. */
async function behaviourFor(
  record: RequestRecord,
  { journal, controls }: { journal: Journal; controls: Controls },
  gone: AbortSignal,
): Promise<Behaviour> {
  for (;;) {
    const behaviour = controls.take(record.vendor);
    journal.behave(record, behaviour.mode);
    if (behaviour.mode !== "hang" || gone.aborted) return behaviour;
    await controls.settingOf(record.vendor, gone);
    if (gone.aborted) return behaviour;
  }
}

function errorReply({ status = 503, headers, body }: Behaviour): Reply {
  const reply =
    body === undefined || typeof body === "string"
      ? textReply(status, body ?? "")
      : jsonReply(status, body);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
