// A build of the Worker beside this file, alone in a workerd of its own.

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";
import { modulesOf } from "../../e2e/support/modules.ts";
import { workerds } from "../kernel.ts";

/** Features of the crate, one for each way to sign. */
export const WAYS = ["subtle", "jsonwebtoken"] as const;
export type Way = (typeof WAYS)[number];

export interface Worker {
  pid: number;
  /** So many tokens, made for one second after another from now on. */
  tokens(count: number): Promise<string[]>;
  close(): Promise<void>;
}

// Wrangler tells at each start which file it has secrets from; none of them is used here.
process.env.WRANGLER_LOG = "warn";

/** With a service account's key file. */
export async function start(way: Way, keyFile: string): Promise<Worker> {
  const { compatibility_date } = unstable_readConfig({ config: "wrangler.toml" });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      workers: [
        {
          name: way,
          compatibilityDate: compatibility_date as string,
          bindings: { SERVICE_ACCOUNT: keyFile },
          // Past Miniflare's own Worker, which would be measured, too.
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
          ...modulesOf("bench/signing/build/index.js", `build-${way}`),
        },
      ],
    }),
  );
  await miniflare.ready;
  const [pid] = workerds();
  if (pid === undefined) throw new Error("no workerd runs although Miniflare is ready");
  const { origin } = await miniflare.unsafeGetDirectURL(way);
  return {
    pid,
    tokens: async (count) => {
      const answer = await fetch(`${origin}/${way}/${Date.now()}/${count}`);
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${way}: ${answer.status} ${text}`);
      return text.split("\n").slice(0, -1);
    },
    close: () => miniflare.dispose(),
  };
}
