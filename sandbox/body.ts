import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "./vendors/vendor.ts";

/** The largest body that is read, in bytes: beyond what any of the vendors takes. */
const LIMIT = 32 * 1024 * 1024;

/** The body as text, and as JSON where it is JSON; undefined where it did not come whole. */
export async function readBody(
  request: IncomingMessage,
): Promise<{ text: string; json: unknown } | undefined> {
  const bytes = await readBytes(request);
  if (!bytes) return undefined;
  const text = bytes.toString("utf8");
  return { text, json: parse(text) };
}

/** By events: iterating over the stream takes longer than the rest of a call. */
function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LIMIT) request.destroy();
      else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** With its length, so that head and body leave in one piece. */
export function writeReply(response: ServerResponse, { status, headers, body }: Reply): void {
  const length = body ? { "content-length": Buffer.byteLength(body) } : {};
  response.writeHead(status, { ...length, ...headers }).end(body);
}
