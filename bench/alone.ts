// One Worker alone in a workerd of its own, to be measured.

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";
import { modulesOf } from "../e2e/support/modules.ts";
import { workerds } from "./kernel.ts";

export interface Alone {
  pid: number;
  url: URL;
  close(): Promise<void>;
}

// Wrangler tells at each start which file it has secrets from; none of them is used here.
process.env.WRANGLER_LOG = "warn";

/** The Worker whose modules are in `build` beside what `entry` names, in the folder of that. */
export async function startAlone(
  entry: string,
  build: string,
  bindings: Record<string, string>,
): Promise<Alone> {
  const { compatibility_date } = unstable_readConfig({ config: "wrangler.toml" });
  const others = workerds();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      workers: [
        {
          name: "alone",
          compatibilityDate: compatibility_date as string,
          bindings,
          // Past Miniflare's own Worker, which would be measured, too.
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
          ...modulesOf(entry, build),
        },
      ],
    }),
  );
  await miniflare.ready;
  const pid = workerds().find((one) => !others.includes(one));
  if (pid === undefined) throw new Error("no workerd runs although Miniflare is ready");
  return {
    pid,
    url: await miniflare.unsafeGetDirectURL("alone"),
    close: () => miniflare.dispose(),
  };
}
