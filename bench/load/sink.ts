// The three vendors, a process of its own: answers as they do, and remembers when each event came first.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { serve } from "../child.ts";
import { monotonic } from "../clock.ts";
import {
  type Account,
  type Arrived,
  type Death,
  numbers,
  type Ports,
  VENDORS,
  type VendorName,
} from "./vendors.ts";

export type Question =
  | { do: "listen"; dead?: { vendor: VendorName; how: Death } }
  | { do: "count from here" }
  | { do: "arrived"; from: number; to: number }
  | { do: "account"; from: number; to: number };

const REPLIES: Record<VendorName, [number, string]> = {
  amplitude: [
    200,
    '{"code":200,"events_ingested":1,"payload_size_bytes":1,"server_upload_time":1793534400000}',
  ],
  ga4: [204, ""],
  heap: [200, "{}"],
};

class Vendor {
  /** By event number. */
  arrivedAt = new Float64Array(1 << 16);
  repeated = 0;
  readonly #name: VendorName;
  readonly #death: Death | undefined;
  readonly #traffic: Traffic;

  constructor(name: VendorName, death: Death | undefined, traffic: Traffic) {
    this.#name = name;
    this.#death = death;
    this.#traffic = traffic;
  }

  async listen(): Promise<number> {
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
      this.#serve(request, response),
    );
    server.on("connection", (socket: Socket) => this.#traffic.connected(socket));
    const port = await listening(server);
    // A port that was ours a moment ago: nothing answers there.
    if (this.#death === "refuse") server.close();
    return port;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.#traffic.called(response);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (this.#death === "hang") return;
      if (this.#death === "error") {
        response.writeHead(500).end();
        return;
      }
      this.#take(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
      const [status, body] = REPLIES[this.#name];
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  }

  #take(body: Buffer): void {
    const now = monotonic();
    this.#traffic.bytes += body.length;
    for (const number of numbers(body)) {
      if (number >= this.arrivedAt.length) {
        const longer = new Float64Array(2 * number);
        longer.set(this.arrivedAt);
        this.arrivedAt = longer;
      }
      if (this.arrivedAt[number]) this.repeated++;
      else this.arrivedAt[number] = now;
    }
  }
}

/** Connections and calls over all vendors. */
class Traffic {
  requests = 0;
  bytes = 0;
  connections = { open: 0, most: 0 };
  calls = { open: 0, most: 0 };

  connected(socket: Socket): void {
    count(this.connections);
    socket.on("close", () => this.connections.open--);
  }

  called(response: ServerResponse): void {
    this.requests++;
    count(this.calls);
    response.on("close", () => this.calls.open--);
  }

  restart(): void {
    this.requests = 0;
    this.bytes = 0;
    this.connections.most = this.connections.open;
    this.calls.most = this.calls.open;
  }
}

function count(what: { open: number; most: number }): void {
  what.open++;
  what.most = Math.max(what.most, what.open);
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
}

const traffic = new Traffic();
const vendors = new Map<VendorName, Vendor>();
let cpu = process.cpuUsage();

async function byVendor<T>(of: (vendor: Vendor) => T | Promise<T>): Promise<Record<VendorName, T>> {
  const entries = [];
  for (const [name, vendor] of vendors) entries.push([name, await of(vendor)] as const);
  return Object.fromEntries(entries) as Record<VendorName, T>;
}

async function answer(question: Question): Promise<Ports | Arrived | Account | undefined> {
  switch (question.do) {
    case "listen":
      for (const name of VENDORS) {
        const death = question.dead?.vendor === name ? question.dead.how : undefined;
        vendors.set(name, new Vendor(name, death, traffic));
      }
      return byVendor((vendor) => vendor.listen());
    case "count from here":
      traffic.restart();
      for (const vendor of vendors.values()) vendor.repeated = 0;
      cpu = process.cpuUsage();
      return undefined;
    case "arrived":
      return byVendor(({ arrivedAt }) => {
        let arrived = 0;
        for (let i = question.from; i < question.to; i++) if (arrivedAt[i]) arrived++;
        return arrived;
      });
    case "account": {
      const { user, system } = process.cpuUsage(cpu);
      return {
        arrivedAt: await byVendor(({ arrivedAt }) => {
          const range = new Float64Array(question.to - question.from);
          range.set(arrivedAt.subarray(question.from, question.to));
          return range;
        }),
        requests: traffic.requests,
        bytes: traffic.bytes,
        repeated: Object.values(await byVendor((vendor) => vendor.repeated)).reduce(
          (a, b) => a + b,
        ),
        connections: traffic.connections.most,
        calls: traffic.calls.most,
        cpuMs: (user + system) / 1000,
      };
    }
  }
}

serve<Question>(answer);
