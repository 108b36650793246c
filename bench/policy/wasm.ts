// The build of the crate beside this file, in this Node's V8. The clock inside workerd stands still while it computes;
// V8 is the same, and so is what `tools/build-worker` made.

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** What the Worker's module exports: a class with the crate's functions. */
interface Worker {
  figures(now: () => number): string;
}

/** Two imports of a Worker are workerd's alone: its own module, and WebAssembly as a module that is compiled only. */
function asInWorkerd(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith("cloudflare:")
        ? { url: specifier, shortCircuit: true }
        : next(specifier, context),
    load(url, context, next) {
      if (url.startsWith("cloudflare:"))
        return module("export class WorkerEntrypoint {}; export class DurableObject {};");
      if (!url.endsWith(".wasm")) return next(url, context);
      const wasm = readFileSync(fileURLToPath(url)).toString("base64");
      return module(
        `export default new WebAssembly.Module(Buffer.from(${JSON.stringify(wasm)}, "base64"));`,
      );
    },
  });
}

const module = (source: string) => ({ format: "module", source, shortCircuit: true });

export async function load(): Promise<Worker> {
  asInWorkerd();
  const { default: Entrypoint } = await import("./build/index.js" as string);
  return new Entrypoint();
}
