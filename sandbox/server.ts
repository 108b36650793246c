// The vendor sandbox as a server: plays the vendors, records what they are sent, and shows it.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serveApi } from "./api.ts";
import type { Behaviour } from "./behaviour.ts";
import { writeReply } from "./body.ts";
import { serveCall } from "./calls.ts";
import { Controls } from "./controls.ts";
import { type Fault, Faults } from "./faults.ts";
import { Journal, type OpenCalls, type RequestRecord } from "./journal.ts";
import { servePage } from "./pages.ts";
import { Received, type ReceivedKey } from "./received.ts";
import { Account } from "./vendors/bigquery-account.ts";
import { failing } from "./vendors/bigquery-errors.ts";
import { Tables } from "./vendors/bigquery-tables.ts";
import { vendorsOf } from "./vendors/index.ts";
import { type JsonObject, textReply } from "./vendors/vendor.ts";
import { WEBHOOK_SECRET } from "./vendors/webhook.ts";

export type { Behaviour, Fault, OpenCalls, ReceivedKey, RequestRecord };
export { failing };

export interface SandboxOptions {
  /** 0, which is what is taken where nothing is said, chooses a free one. */
  port?: number;
  /** Address of the Dispatcher, for the demo page. */
  dispatcher?: string;
  /** The secret that webhooks are signed with, `whsec_` and base64. */
  webhookSecret?: string;
}

export interface Sandbox {
  /** Without a slash at its end. Vendors are below it, for example `{url}/ga4`. */
  url: string;
  /** What was received, of one vendor or of all, oldest first. */
  requests(vendor?: string): RequestRecord[];
  /** How many calls are and were open at once, under each vendor's name and `all`. */
  openCalls(): OpenCalls;
  /** What a vendor accepted, by dedupe key; also what `requests` has forgotten or was not to keep. */
  received(vendor: string): ReceivedKey[];
  /** The rows that BigQuery stored in tables of this name, in the order of their coming. */
  rows(table: string): JsonObject[];
  /** The key file of the service account whose tokens BigQuery accepts. */
  serviceAccount(): Record<string, string>;
  /** Whether requests are kept from now on; without it the sandbox is fast. */
  keepJournal(keep: boolean): void;
  control(vendor: string, behaviour: Behaviour): void;
  /** What `GET /faults/{name}` tells from now on. */
  faults(name: string, fault: Fault): void;
  /**
   * The first answer of `condition` that is neither undefined nor false, asked now and after each
   * change. Rejects after `timeoutMs`, naming `what`.
   */
  until<T>(what: string, condition: () => T | undefined | false, timeoutMs?: number): Promise<T>;
  /** Drops all records, and what was accepted. */
  clear(): void;
  close(): Promise<void>;
}

export const DISPATCHER = "http://127.0.0.1:8787";

/** How long `until` waits where nothing is said, in ms. */
const PATIENCE = 10_000;

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  // Its origin alone, because it becomes part of a page and of a header.
  const dispatcher = new URL(options.dispatcher ?? DISPATCHER).origin;
  const faults = new Faults();
  const bigquery = { account: new Account(), tables: new Tables(), faults };
  const vendors = vendorsOf({ webhookSecret: options.webhookSecret ?? WEBHOOK_SECRET, bigquery });
  const names = vendors.map(({ name }) => name);
  const journal = new Journal(names);
  const controls = new Controls(names);
  const received = new Received(names);
  const state = { vendors, journal, received, controls, faults, bigquery };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = URL.parse(`http://sandbox${request.url}`);
    const vendor = vendors.find(({ name }) => url?.pathname.split("/")[1] === name);
    if (url && vendor) return serveCall(vendor, url, request, response, state);
    if (url && (await serveApi(url, request, response, state))) return;
    if (url && request.method === "GET" && (await servePage(url.pathname, response, dispatcher))) {
      return;
    }
    writeReply(response, textReply(404, "There is nothing here."));
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Loopback only: it shows what it is sent to whoever asks.
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests: (vendor) => journal.records(vendor),
    openCalls: () => journal.openCalls(),
    received: (vendor) => received.keys(vendor),
    rows: (table) => bigquery.tables.named(table).flatMap(({ rows }) => rows),
    serviceAccount: () => bigquery.account.keyFile(`${url}/token`),
    keepJournal: (keep) => {
      journal.keeps = keep;
    },
    control: (vendor, behaviour) => controls.set(vendor, behaviour),
    faults: (name, fault) => faults.set(name, fault),
    until: (what, condition, timeoutMs = PATIENCE) => until(journal, what, condition, timeoutMs),
    clear: () => {
      received.clear();
      bigquery.tables.clear();
      journal.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function until<T>(
  journal: Journal,
  what: string,
  condition: () => T | undefined | false,
  timeoutMs: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const check = () => {
      const value = condition();
      if (value === undefined || value === false) return;
      finish();
      resolve(value);
    };
    const finish = () => {
      stop();
      clearTimeout(timer);
    };
    const stop = journal.subscribe(check);
    const timer = setTimeout(() => {
      finish();
      reject(new Error(`The sandbox waited ${timeoutMs} ms in vain for ${what}.`));
    }, timeoutMs);
    check();
  });
}
