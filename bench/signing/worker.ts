// A build of the Worker beside this file, alone in a workerd of its own.

import { startAlone } from "../alone.ts";

/** Features of the crate, one for each way to sign. */
export const WAYS = ["subtle", "jsonwebtoken"] as const;
export type Way = (typeof WAYS)[number];

export interface Worker {
  pid: number;
  /** So many tokens, made for one second after another from now on. */
  tokens(count: number): Promise<string[]>;
  close(): Promise<void>;
}

/** With a service account's key file. */
export async function start(way: Way, keyFile: string): Promise<Worker> {
  const bindings = { SERVICE_ACCOUNT: keyFile };
  const { pid, url, close } = await startAlone(
    "bench/signing/build/index.js",
    `build-${way}`,
    bindings,
  );
  return {
    pid,
    tokens: async (count) => {
      const answer = await fetch(`${url.origin}/${way}/${Date.now()}/${count}`);
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${way}: ${answer.status} ${text}`);
      return text.split("\n").slice(0, -1);
    },
    close,
  };
}
