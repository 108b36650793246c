import type { IncomingMessage } from "node:http";

/** The largest body that is read, in bytes: beyond what any of the vendors takes. */
const LIMIT = 32 * 1024 * 1024;

/** The body as text, and as JSON where it is JSON; undefined where it did not come whole. */
export async function readBody(
  request: IncomingMessage,
): Promise<{ text: string; json: unknown } | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > LIMIT) {
        request.destroy();
        return undefined;
      }
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return { text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
