// build-id.ts MODULE: gives a WASM module a custom section `build_id`, by which Sentry finds its debug file. The id is the
// hash of the module, so that equal modules have equal ids.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const SECTION = "build_id";

/** As many as Sentry's debug ids have. */
const ID_BYTES = 16;

const [file] = process.argv.slice(2);
if (!file) throw new Error("which module? tools/build-id.ts MODULE");
const module = readFileSync(file);
if (WebAssembly.Module.customSections(new WebAssembly.Module(module), SECTION).length > 0) {
  throw new Error(`${file} has a build id already; build it anew`);
}
const id = createHash("sha256").update(module).digest().subarray(0, ID_BYTES);
// https://webassembly.github.io/spec/core/binary/modules.html#custom-section: every length is below 128, one byte.
const content = Buffer.concat([Buffer.from([SECTION.length]), Buffer.from(SECTION), id]);
writeFileSync(file, Buffer.concat([module, Buffer.from([0, content.length]), content]));
