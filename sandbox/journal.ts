// What the sandbox has seen: every request to a vendor, and how many were open at once.

import type { IncomingHttpHeaders } from "node:http";
import type { Behaviour } from "./behaviour.ts";
import type { SeenEvent } from "./vendors/vendor.ts";

/** Times are in ms since 1970. */
export interface RequestRecord {
  /** Counts from 1, over all vendors. */
  seq: number;
  vendor: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  body: string;
  /** The body as JSON; null where it is none. */
  json: unknown;
  events: SeenEvent[];
  remarks: string[];
  /** The behaviour the vendor showed; null while the body is still on its way. */
  mode: Behaviour["mode"] | null;
  outcome: "open" | "answered" | "cut" | "client gone";
  /** The status that was answered. */
  status: number | null;
  receivedAt: number;
  /** When it was answered, cut, or left by the client. */
  endedAt: number | null;
  /** Calls open when this one came, with it. */
  open: { all: number; vendor: number };
}

/** Calls open at once: now, and at most since the journal was last cleared. */
export interface OpenCalls {
  now: Record<string, number>;
  most: Record<string, number>;
}

/** The name under which open calls are counted over all vendors. */
const ALL = "all";

/** Bytes of records kept; above it the oldest go. */
const LIMIT = 256 * 1024 * 1024;

/** What a record weighs besides its body, in bytes: a guess, so that empty bodies count too. */
const RECORD_BYTES = 2048;

export type JournalListener = (record: RequestRecord | undefined) => void;

export class Journal {
  /** Whether requests are kept and shown; open calls are counted all the same. To be switched off under load. */
  keeps = true;
  /** By seq, oldest first. */
  readonly #records = new Map<number, RequestRecord>();
  readonly #limit: number;
  #bytes = 0;
  #seq = 0;
  #forgotten = 0;
  readonly #open: OpenCalls;
  readonly #listeners = new Set<JournalListener>();

  constructor(vendors: string[], limit = LIMIT) {
    this.#limit = limit;
    const zero = () => Object.fromEntries([ALL, ...vendors].map((name) => [name, 0]));
    this.#open = { now: zero(), most: zero() };
  }

  /** Writes down a request whose headers have come. */
  arrive(
    request: Pick<RequestRecord, "vendor" | "method" | "path" | "query" | "headers" | "receivedAt">,
  ): RequestRecord {
    const record: RequestRecord = {
      seq: ++this.#seq,
      ...request,
      body: "",
      json: null,
      events: [],
      remarks: [],
      mode: null,
      outcome: "open",
      status: null,
      endedAt: null,
      open: { all: this.#opened(ALL), vendor: this.#opened(request.vendor) },
    };
    if (this.keeps) {
      this.#records.set(record.seq, record);
      this.#bytes += RECORD_BYTES;
    }
    this.#notify(record);
    return record;
  }

  /** Adds what the body says. */
  read(record: RequestRecord, said: Pick<RequestRecord, "body" | "json" | "events" | "remarks">) {
    Object.assign(record, said);
    if (this.#records.has(record.seq)) this.#bytes += record.body.length;
    for (const oldest of this.#records.values()) {
      if (this.#bytes <= this.#limit) break;
      this.#records.delete(oldest.seq);
      this.#bytes -= RECORD_BYTES + oldest.body.length;
      this.#forgotten++;
    }
    this.#notify(record);
  }

  behave(record: RequestRecord, mode: Behaviour["mode"]): void {
    record.mode = mode;
    this.#notify(record);
  }

  end(record: RequestRecord, outcome: RequestRecord["outcome"], status: number | null): void {
    record.outcome = outcome;
    record.status = status;
    record.endedAt = Date.now();
    for (const name of [ALL, record.vendor]) this.#open.now[name] = this.#openNow(name) - 1;
    this.#notify(record);
  }

  /** The records of one vendor, or of all, oldest first. */
  records(vendor?: string): RequestRecord[] {
    const records = [...this.#records.values()];
    return records.filter((record) => vendor === undefined || record.vendor === vendor);
  }

  record(seq: number): RequestRecord | undefined {
    return this.#records.get(seq);
  }

  openCalls(): OpenCalls {
    return structuredClone(this.#open);
  }

  /** Records that were dropped because there were too many. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Drops all records, and begins the highest numbers of open calls anew. */
  clear(): void {
    this.#records.clear();
    this.#bytes = 0;
    this.#forgotten = 0;
    this.#open.most = { ...this.#open.now };
    this.#notify(undefined);
  }

  /** Calls `listener` with each record that changed, with nothing when all were dropped. */
  subscribe(listener: JournalListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #opened(name: string): number {
    const now = this.#openNow(name) + 1;
    this.#open.now[name] = now;
    this.#open.most[name] = Math.max(now, this.#open.most[name] ?? 0);
    return now;
  }

  #openNow(name: string): number {
    return this.#open.now[name] ?? 0;
  }

  #notify(record: RequestRecord | undefined): void {
    for (const listener of this.#listeners) listener(record);
  }
}
