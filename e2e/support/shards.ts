// Console with a stand-in for the Outbox, whose shards fail when they are told to. Shard n holds n dead letters.

import { resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

export const TOKEN = "e2e-console-token-0123456789abcdef";

const COMPATIBILITY_DATE = "2026-11-01";

/** What a failing shard says, and nobody may repeat. */
export const SECRET = "ada@example.com";

/** `POST` says which shards there are and how some of them fail; `GET` tells what they were asked. */
const OUTBOX = `
let control, calls, open, most;

const FAILURES = {
  throw: () => { throw new Error("${SECRET}"); },
  status: () => new Response("${SECRET}", { status: 500 }),
  hang: () => new Promise((resolve) => setTimeout(resolve, 600_000)),
  text: () => new Response("${SECRET}"),
  long: () => new Response(" ".repeat(9 << 20)),
};

const ANSWERS = {
  "/shards": () => ({ shards: control.shards, paused: ["webhook"] }),
  "/metrics": (shard) => ({
    shard, now: 100_000, full: false, payloads: 1, bytes: 1, lanes: [{
      lane: "ga4", breaker: "open", paused: false, failures: 0, reason: null, nextAttemptAt: null, backlog: shard,
      oldestPending: null, dead: 0,
    }],
    counters: { accepted: 10 + shard },
  }),
  "/replay": (shard) => ({ letters: shard, events: 2 * shard }),
  "/pause": () => ({}),
  "/dead": (shard, { after, limit }) => {
    if (!(limit >= 1 && limit <= 1000)) throw new Error("limit " + limit);
    const numbers = Array.from({ length: shard }, (_, i) => i + 1).filter((number) => number > after);
    const letters = numbers.slice(0, limit).map((number) => ({
      number, tracker: "ga4", payloadId: shard + "." + number, receivedAt: 0, deadAt: 250,
      reason: "timeout", attempts: 9, run: "live", events: [],
    }));
    return { letters, more: numbers.length > limit };
  },
  "/status": async (shard) => {
    // Long enough for a seventh call to be seen, if there is one.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return {
      shard, now: 100_000, full: false, payloads: 1, bytes: 1, rowsWritten: 1,
      lanes: [{
        lane: "ga4", breaker: shard === 1 ? "open" : "closed", paused: false, failures: 0, reason: null,
        nextAttemptAt: null, backlog: 1, oldestPending: 100_000 - 1000 * shard, dead: shard,
      }],
      ledger: [{
        run: "live", day: "2026-11-01", event: "sign up", tracker: "ga4",
        received: 10, delivered: 5, filtered: 1, rejected: 1, dead: 1, pending: 1,
      }],
    };
  },
};

export class Outbox {
  constructor(ctx) {
    this.shard = Number(ctx.id.name.replace("outbox-", ""));
  }
  async fetch(request) {
    const { pathname: path } = new URL(request.url);
    const body = request.method === "POST" ? await request.json() : undefined;
    calls.push({ shard: this.shard, path, body });
    most = Math.max(most, ++open);
    try {
      const failure = control.failures[this.shard];
      return failure ? await FAILURES[failure]() : Response.json(await ANSWERS[path](this.shard, body));
    } finally {
      open--;
    }
  }
}

export default {
  async fetch(request) {
    if (request.method === "GET") return Response.json({ calls, most });
    control = await request.json();
    calls = []; open = 0; most = 0;
    return new Response();
  },
};`;

export type Failure = "throw" | "status" | "hang" | "text" | "long";

interface Call {
  shard: number;
  path: string;
  body?: Record<string, unknown>;
}

interface Service {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

export type Console = Awaited<ReturnType<typeof startConsole>>;

/** Console as built for deployment, with these vars. */
export async function startConsole(vars: Record<string, string>) {
  const lines: string[] = [];
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      handleStructuredLogs: ({ message }) => lines.push(message),
      workers: [
        {
          name: "sparrow",
          compatibilityDate: COMPATIBILITY_DATE,
          modules: true,
          script: OUTBOX,
          durableObjects: { OUTBOX: { className: "Outbox", useSQLite: true } },
        },
        {
          name: "sparrow-console",
          compatibilityDate: COMPATIBILITY_DATE,
          bindings: { ENVIRONMENT: "development", ...vars },
          durableObjects: {
            OUTBOX: { className: "Outbox", scriptName: "sparrow", useSQLite: true },
          },
          modulesRoot: resolve("console/build"),
          modules: [
            { type: "ESModule", path: resolve("console/build/index.js") },
            { type: "CompiledWasm", path: resolve("console/build/index_bg.wasm") },
          ],
        },
      ],
    }),
  );
  const outbox = (await workerd.getWorker("sparrow")) as unknown as Service;
  const console = (await workerd.getWorker("sparrow-console")) as unknown as Service;

  return {
    /** Asks Console. */
    ask: (path: string, init?: RequestInit) => console.fetch(`http://localhost${path}`, init),
    /** Sets the stage: which shards shard 0 knows, and how some of them fail. */
    play: async (shards: number[], failures: Record<number, Failure> = {}): Promise<void> => {
      const body = JSON.stringify({ shards, failures });
      await outbox.fetch("http://localhost/", { method: "POST", body });
    },
    /** What was asked since then, and how many calls were open at once. */
    played: async () =>
      (await (await outbox.fetch("http://localhost/")).json()) as { calls: Call[]; most: number },
    /** Console's log. */
    lines,
    close: () => workerd.dispose(),
  };
}
