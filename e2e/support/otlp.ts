// A receiver of traces, as OTLP over HTTP. What it got is read by OpenTelemetry's own definition of the protocol.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { python } from "./google.ts";
import { eventually } from "./wait.ts";

/** A span, as `e2e/otlp/judge.py` reads it. */
export interface Span {
  resource: Record<string, string>;
  trace: string;
  id: string;
  parent: string | null;
  name: string;
  kind: number;
  nanos: [string, string];
  attributes: Record<string, unknown>;
  links: { trace: string; span: string }[];
  error: string | null;
}

/** An export as it came. */
export interface Export {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What is answered; a receiver without a status never answers. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

export async function startReceiver() {
  let exports: Export[] = [];
  let answer: Answer = { status: 200, body: "{}" };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { url = "", headers } = request;
    exports.push({ path: url, headers, body: Buffer.concat(chunks).toString() });
    const { status, headers: answered, body } = answer;
    if (status) response.writeHead(status, answered).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  /** What was read of so many exports, since asking is not cheap. */
  let known = { exports: 0, spans: [] as Span[] };

  /** Whatever came, read as the protocol says; fails where something of it is not of the protocol. */
  const spans = async (): Promise<Span[]> => {
    const bodies = exports.map(({ body }) => body);
    if (bodies.length !== known.exports) {
      const read = await python<{ spans: Span[]; faults: string[] }>("otlp/judge.py", bodies);
      assert.deepEqual(read.faults, []);
      known = { exports: bodies.length, spans: read.spans };
    }
    return known.spans;
  };

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports: (): Export[] => exports,
    spans,
    /** The spans, once they are those that are waited for. */
    until: (what: string, condition: (spans: Span[]) => boolean) =>
      eventually(what, async () => {
        const found = await spans();
        return condition(found) && found;
      }),
    /** From now on it answers so. */
    answer: (next: Answer) => {
      answer = next;
    },
    clear: () => {
      exports = [];
      known = { exports: 0, spans: [] };
      answer = { status: 200, body: "{}" };
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
