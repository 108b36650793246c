// A Worker's modules as built: wrangler would bundle them, Miniflare is told of each.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The modules of the Worker whose entry is `main`, with what `tools/build-worker` left in its folder `build`. */
export function modulesOf(main: string, build = "build") {
  const isBuilt = main.endsWith("/build/index.js");
  const modulesRoot = isBuilt ? dirname(dirname(main)) : dirname(main);
  // Under the name by which the entry imports it, from whichever folder it is.
  const built = (file: string) => ({
    path: resolve(modulesRoot, "build", file),
    contents: readFileSync(resolve(modulesRoot, build, file)),
  });
  const own = isBuilt ? [] : [{ type: "ESModule" as const, path: resolve(main) }];
  const index = { type: "ESModule" as const, ...built("index.js") };
  const wasm = { type: "CompiledWasm" as const, ...built("index_bg.wasm") };
  return { modulesRoot, modules: [...own, index, wasm] };
}
