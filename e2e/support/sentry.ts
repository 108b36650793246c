// A stand-in for Sentry: it takes envelopes, reads them with the parser of Sentry's own JavaScript SDK, and answers as it is told.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Event, parseEnvelope } from "@sentry/core";

/** An answer, or none: `hangs` keeps whoever asks waiting until something else is said, `drops` breaks the connection. */
export type Reply = { status: number; headers?: Record<string, string> } | "hangs" | "drops";

/** An envelope as it came. */
export interface Report {
  event: Event;
  /** With the query. */
  path: string;
  headers: NodeJS.Dict<string | string[]>;
}

export interface Sentry {
  /** What a Worker is given as `SENTRY_DSN`. */
  dsn: string;
  /** The events that came, in their order, refused ones among them. */
  reports: Report[];
  /** Every byte that came: addresses, headers and bodies. */
  bytes(): string;
  /** How it answers from now on, and those that wait. It takes everything until something else is said. */
  reply(reply: Reply): void;
  close(): Promise<void>;
}

/** Starts it on a free port of this machine. */
export async function startSentry(): Promise<Sentry> {
  const reports: Report[] = [];
  const bytes: Buffer[] = [];
  let waiting: ServerResponse[] = [];
  let reply: Reply = { status: 200 };

  const answer = (response: ServerResponse) => {
    if (reply === "hangs") waiting.push(response);
    else if (reply === "drops") response.destroy();
    else {
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end("{}");
    }
  };
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    bytes.push(Buffer.from([request.url, ...request.rawHeaders, ""].join("\n")), body);
    const [, items] = parseEnvelope(body);
    for (const [{ type }, payload] of items) {
      if (type !== "event") throw new Error(`an envelope has an item of type ${type}`);
      const { url = "", headers } = request;
      // The parser leaves what has a length as it is.
      const event: Event = JSON.parse(new TextDecoder().decode(payload as Uint8Array));
      reports.push({ event, path: url, headers });
    }
    answer(response);
  };
  const server = createServer((request, response) => {
    take(request, response).catch((error) => {
      // Nobody asked for it: it would not be an envelope.
      console.error(error);
      response.writeHead(400).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    dsn: `http://public@127.0.0.1:${port}/42`,
    reports,
    bytes: () => Buffer.concat(bytes).toString("latin1"),
    reply: (next) => {
      reply = next;
      const held = waiting;
      waiting = [];
      for (const response of held) answer(response);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
