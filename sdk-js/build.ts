// Builds the SDK:  node sdk-js/build.ts
//   dist/sparrow.js    for a script tag
//   dist/sparrow.mjs   for a bundler, with its types in dist/sparrow.d.ts

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as esbuild from "esbuild";

const root = import.meta.dirname;

export type Format = "iife" | "esm";

/** The minified build of one format, as text. */
export async function bundle(format: Format): Promise<string> {
  const result = await esbuild.build({
    entryPoints: [join(root, "src", format === "iife" ? "script.ts" : "sparrow.ts")],
    bundle: true,
    minify: true,
    format,
    target: "es2020", // every browser that has had an update since 2020
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error("esbuild wrote nothing");
  return file.text;
}

/** Writes `sparrow.d.ts` into `folder`: the types of the entry, which names no other file. */
export function emitTypes(folder: string): void {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  const scratch = mkdtempSync(join(tmpdir(), "sparrow-types-"));
  try {
    execFileSync(
      process.execPath,
      [
        join(typescript, "bin", "tsc"),
        ...["--ignoreConfig", "--declaration", "--emitDeclarationOnly", "--strict"],
        ...["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"],
        ...["--allowImportingTsExtensions", "--outDir", scratch],
        join(root, "src", "sparrow.ts"),
      ],
      { stdio: "inherit" },
    );
    copyFileSync(join(scratch, "sparrow.d.ts"), join(folder, "sparrow.d.ts"));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (import.meta.main) {
  const dist = join(root, "dist");
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, "sparrow.js"), await bundle("iife"));
  writeFileSync(join(dist, "sparrow.mjs"), await bundle("esm"));
  emitTypes(dist);
}
