// Two local servers on different ports, so that every request of the SDK is cross-origin: a collector
// that records what reaches it and serves the SDK, and a site with the pages under test.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bundle } from "../../build.ts";
import { Signal } from "./until.ts";

export interface Received {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
  /** The body as JSON. */
  event: SentEvent;
}

export interface SentEvent {
  event: string;
  deviceId: string;
  userId?: string;
  sessionId: string;
  eventId: string;
  timestamp: number;
  context: Record<string, string>;
  properties: Record<string, unknown>;
}

export class Collector {
  readonly url: string;
  readonly received: Received[] = [];
  /** Answers instead of the usual 200; a request that it leaves alone stays open. */
  answer: (request: Received, response: ServerResponse) => void = (_, response) =>
    response.writeHead(200, CORS).end();
  readonly #server: Server;
  readonly #arrived = new Signal();

  constructor(server: Server, scripts: Record<string, string>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port(server)}`;
    server.on("request", async (request: IncomingMessage, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? "", this.url);
      const script = scripts[pathname];
      if (script !== undefined) {
        // The connection ends, so that every event of the page has to open its own.
        const headers = { ...CORS, "content-type": "text/javascript", connection: "close" };
        response.writeHead(200, headers).end(script);
        return;
      }
      const body = await text(request).catch(() => undefined);
      if (body === undefined) return; // the client went before its last byte
      const received = {
        method: request.method ?? "",
        path: pathname,
        query: searchParams,
        headers: request.headers,
        body,
        event: body && JSON.parse(body),
      };
      this.received.push(received);
      this.answer(received, response);
      this.#arrived.notify();
    });
  }

  /** The received events named `event`, once there are `count` of them. */
  events(event: string, count = 1): Promise<Received[]> {
    return this.#arrived.until(`${count} of ${event}`, () => {
      const found = this.received.filter((request) => request.event?.event === event);
      return found.length >= count ? found : undefined;
    });
  }

  async event(event: string): Promise<Received> {
    const [first] = await this.events(event);
    return first as Received;
  }

  close(): Promise<void> {
    return close(this.#server);
  }
}

export class Site {
  readonly port: number;
  readonly #server: Server;
  readonly #pages = new Map<string, string>();

  constructor(server: Server) {
    this.#server = server;
    this.port = port(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const { pathname } = new URL(request.url ?? "", "http://site");
      const page = this.#pages.get(pathname);
      // 204 for the icon that browsers ask for: a 404 would stand in the console.
      response.writeHead(page === undefined ? 204 : 200, { "content-type": "text/html" }).end(page);
    });
  }

  /** Serves a page at `path`, on every host name that leads here, and gives its address on `host`. */
  page(path: string, head: string, host = "127.0.0.1"): string {
    this.#pages.set(path, `<!doctype html><title>A page</title>${head}`);
    return this.at(path, host);
  }

  at(path: string, host: string): string {
    return `http://${host}:${this.port}${path}`;
  }

  close(): Promise<void> {
    return close(this.#server);
  }
}

/** The script tag that a page carries, with further attributes. */
export function scriptTag(collector: Collector, attributes = ""): string {
  return `<script src="${collector.url}/sparrow.js" ${attributes}></script>`;
}

export async function startCollector(): Promise<Collector> {
  const scripts = {
    "/sparrow.js": await bundle("iife"),
    "/sparrow.mjs": await bundle("esm"),
  };
  return new Collector(await listen(), scripts);
}

export async function startSite(): Promise<Site> {
  return new Site(await listen());
}

const CORS = { "access-control-allow-origin": "*" };

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function port(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
