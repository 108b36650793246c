// `make bench-signing`. See README.md beside this file.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { gzipSync } from "node:zlib";
import { table, text } from "../figures.ts";
import { generate } from "./keys.ts";
import { type Sample, sample } from "./sample.ts";
import { WAYS, type Way } from "./worker.ts";

const BITS = [2048, 4096];

type Round = Record<Way, Sample>;

const rounds = Number(process.argv[2] ?? 10);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error("node bench/signing/main.ts [ROUNDS]");
  process.exit(2);
}
const workerd = execFileSync("workerd", ["--version"], { encoding: "utf8" }).trim();
console.log(`${cpus().length} × ${cpus()[0]?.model} · ${workerd}\n`);
console.log(table([["WASM, bytes", "raw", "gzip", "raw, added", "gzip, added"], ...sizes()]));

const measured = new Map(BITS.map((bits) => [bits, [] as Round[]]));
const keys = new Map(BITS.map((bits) => [bits, generate(bits)]));
for (let round = 0; round < rounds; round++) {
  for (const [bits, key] of keys) {
    // Whatever the machine is doing favours neither way.
    const ways = round % 2 === 0 ? WAYS : WAYS.toReversed();
    const samples: Partial<Round> = {};
    for (const way of ways) samples[way] = await sample(way, key);
    measured.get(bits)?.push(samples as Round);
  }
}
console.log(`\nmedian of ${rounds} rounds [quartiles]\n`);
const heading = ["CPU ms of a signature", ...WAYS, WAYS.toReversed().join(" ÷ ")];
console.log(table([heading, ...[...measured].flatMap(([bits, rounds]) => rows(bits, rounds))]));
const samples = [...measured.values()].flat().flatMap((round) => WAYS.map((way) => round[way]));
const othersBusy = samples.map((sample) => sample.othersBusy);
console.log(`\ncores that other programs took meanwhile: ${text(othersBusy, 2)}`);

function rows(bits: number, rounds: Round[]): string[][] {
  return (["first", "warm"] as const).map((when) => [
    `${bits} bits, ${when}`,
    ...WAYS.map((way) =>
      text(
        rounds.map((round) => round[way][when]),
        2,
      ),
    ),
    text(
      rounds.map(({ jsonwebtoken, subtle }) => jsonwebtoken[when] / subtle[when]),
      1,
    ),
  ]);
}

/** Of each build, and what signing adds to the one that signs nothing. */
function sizes(): string[][] {
  const builds = ["build", ...WAYS.map((way) => `build-${way}`)].map((build) => {
    const wasm = readFileSync(`bench/signing/${build}/index_bg.wasm`);
    return [wasm.length, gzipSync(wasm, { level: 9 }).length];
  });
  const [base = []] = builds;
  return builds.map((sizes, i) => {
    const added = sizes.map((size, column) => size - (base[column] ?? 0));
    return [WAYS[i - 1] ?? "nothing", ...[...sizes, ...added].map(String)];
  });
}
