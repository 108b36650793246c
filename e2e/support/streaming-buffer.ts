// BigQuery's streaming buffer, which its emulator has not: rows that were streamed a short while ago cannot be changed
// (https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations).

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

const REFUSAL = {
  error: {
    code: 400,
    message:
      "UPDATE or DELETE statement over table shop-4711.sparrow.raw would affect rows in the streaming buffer, which is not supported",
    errors: [{ message: "see above", domain: "global", reason: "invalidQuery", location: "q" }],
    status: "INVALID_ARGUMENT",
  },
};

export interface StreamingBuffer {
  /** Without a slash at its end. */
  url: string;
  /** Payloads whose rows are in the buffer. */
  payloads: Set<string>;
  /** Statements that fail for another reason. */
  broken: RegExp | undefined;
  close(): Promise<void>;
}

/** Stands before the emulator and refuses statements that would change rows of these payloads. */
export async function streamingBuffer(emulator: string): Promise<StreamingBuffer> {
  const control: Pick<StreamingBuffer, "payloads" | "broken"> = {
    payloads: new Set<string>(),
    broken: undefined,
  };
  const isRefused = (body: string) => {
    if (!/"query":"(UPDATE|DELETE)/.test(body) || body.includes(".erasures")) return false;
    return [...control.payloads].some((id) => new RegExp(`"${id}[". ]`).test(body));
  };
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      response.setHeader("content-type", "application/json");
      if (control.broken?.test(body.toString())) {
        response.writeHead(403).end('{"error":{"code":403,"errors":[{"reason":"blocked"}]}}');
        return;
      }
      if (isRefused(body.toString())) {
        response.writeHead(400).end(JSON.stringify(REFUSAL));
        return;
      }
      const answer = await fetch(emulator + request.url, {
        method: request.method ?? "GET",
        headers: { "content-type": "application/json" },
        ...(body.length > 0 ? { body: Uint8Array.from(body) } : {}),
      });
      response.writeHead(answer.status).end(await answer.text());
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(control, { url: `http://127.0.0.1:${port}`, close });
}
