// Console with an address, for programs that ask it as operators' tools do.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Sparrow } from "./sparrow.ts";

/** Passes requests on to Console, which runs in workerd without an address. */
export async function consoleHttp(
  sparrow: Sparrow,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const { authorization = "" } = request.headers;
      const body = await buffer(request);
      const answer = await sparrow.console(request.url ?? "/", {
        method: request.method ?? "GET",
        headers: { authorization },
        ...(body.length > 0 ? { body: Uint8Array.from(body) } : {}),
      });
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(await answer.text());
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
