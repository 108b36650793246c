// A stand-in for the part of Cloudflare's API that asks D1, since Cloudflare does not run on this machine: replies have the form that
// Cloudflare documents (https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/raw), and SQL is run by
// Node's SQLite on the file of a local D1, to read and to write. What it does not have: Cloudflare's limits, and D1's own functions.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";

export const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const DATABASE = "01234567-89ab-cdef-0123-456789abcdef";
export const TOKEN = "cloudflare-api-token-of-the-tests";

const PATH = `/client/v4/accounts/${ACCOUNT}/d1/database/${DATABASE}/raw`;

/** How long to wait for a lock that workerd holds, in ms. */
const LOCKED = 10_000;

interface Statement {
  sql: string;
  params: (string | number | null)[];
}

export interface Cloudflare {
  url: string;
  /** The statements that came, whatever became of them. */
  statements: Statement[];
  /** Answers so many of the next requests with this status. */
  fail(status: number, requests: number): void;
  /** The variables under which `sparrow --remote` asks it. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

/** Starts it on the file of a database. */
export async function startCloudflare(file: string): Promise<Cloudflare> {
  const statements: Statement[] = [];
  const failing = { status: 0, requests: 0 };

  function answer(method = "", path = "", authorization = "", body: string): [number, unknown] {
    const refused = (status: number, code: number, message: string): [number, unknown] => [
      status,
      { success: false, errors: [{ code, message }], messages: [], result: null },
    ];
    if (method !== "POST" || path !== PATH) return refused(404, 7404, "no such database");
    if (authorization !== `Bearer ${TOKEN}`) return refused(401, 10000, "Authentication error");
    const statement = JSON.parse(body) as Statement;
    statements.push(statement);
    if (failing.requests > 0) {
      failing.requests -= 1;
      return refused(failing.status, 10013, "an internal error");
    }
    try {
      const result = run(file, statement);
      return [200, { success: true, errors: [], messages: [], result: [result] }];
    } catch (error) {
      return refused(400, 7500, `${(error as Error).message}: SQLITE_ERROR`);
    }
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks).toString();
    const [status, reply] = answer(method, url, headers.authorization, body);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(reply));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    statements,
    fail: (status, requests) => Object.assign(failing, { status, requests }),
    environment: {
      CLOUDFLARE_API_BASE: url,
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
      CLOUDFLARE_API_TOKEN: TOKEN,
      D1_DATABASE_ID: DATABASE,
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Runs one statement; the last one where there are several would be D1's answer, and none of ours has more. */
function run(file: string, { sql, params }: Statement) {
  const db = new DatabaseSync(file, { timeout: LOCKED });
  try {
    const before = db.prepare("SELECT total_changes() AS n").get()?.n as number;
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    const columns = statement.columns().map(({ name }) => name);
    const rows = statement.all(...params) as unknown[];
    const after = db.prepare("SELECT total_changes() AS n").get()?.n as number;
    const changes = after - before;
    const meta = { changes, changed_db: changes > 0, duration: 0, rows_read: rows.length };
    return { success: true, results: { columns, rows }, meta };
  } finally {
    db.close();
  }
}
