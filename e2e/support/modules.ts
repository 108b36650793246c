// A Worker's modules as built: wrangler would bundle them, Miniflare is told of each.

import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** The modules of the Worker whose entry is `main`, with what `tools/build-worker` left beside it in the folder `build`. */
export function modulesOf(main: string, build = "build") {
  const isBuilt = main.endsWith("/build/index.js");
  const folder = isBuilt ? dirname(dirname(main)) : dirname(main);
  const module = (type: "ESModule" | "CompiledWasm", path: string, from = path) => ({
    type,
    path: resolve(ROOT, path),
    contents: readFileSync(from),
  });
  // Under the name by which the entry imports it, from whichever folder it is.
  const built = (type: "ESModule" | "CompiledWasm", file: string) =>
    module(type, resolve(folder, "build", file), resolve(folder, build, file));
  const own = isBuilt ? [] : [relative(ROOT, main), "edge/microtask.js"];
  const modules = [
    ...own.map((path) => module("ESModule", path)),
    built("ESModule", "index.js"),
    built("CompiledWasm", "index_bg.wasm"),
  ];
  return { modulesRoot: ROOT, modules };
}
