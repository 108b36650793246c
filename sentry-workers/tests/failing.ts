// The Worker that fails, in a workerd of its own, and the Sentry that hears of it.

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";
import { modulesOf } from "../../e2e/support/modules.ts";
import { type Sentry, startSentry } from "../../e2e/support/sentry.ts";

// Wrangler tells at each start which file it has secrets from; none of them is used here.
process.env.WRANGLER_LOG = "warn";

export interface Failing extends AsyncDisposable {
  url: URL;
  sentry: Sentry;
  /** Asks the Worker and reads its answer to the end. */
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
}

/** Starts both. `settings` are the Worker's bindings; those that are null are left out. */
export async function failing(settings: Record<string, string | null> = {}): Promise<Failing> {
  const sentry = await startSentry();
  const { compatibility_date } = unstable_readConfig({ config: "wrangler.toml" });
  const bindings = Object.entries({ SENTRY_DSN: sentry.dsn, ...settings });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      // The log holds what `worker` says of panics, which are wanted here.
      handleStructuredLogs: () => {},
      workers: [
        {
          name: "failing",
          compatibilityDate: compatibility_date as string,
          bindings: Object.fromEntries(bindings.filter(([, value]) => value !== null)),
          ...modulesOf("sentry-workers/tests/worker/build/index.js", "build-sentry"),
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  return {
    url,
    sentry,
    get: async (path, headers = {}) => {
      const response = await fetch(new URL(path, url), { headers });
      return { status: response.status, text: await response.text() };
    },
    [Symbol.asyncDispose]: async () => {
      await miniflare.dispose();
      await sentry.close();
    },
  };
}
