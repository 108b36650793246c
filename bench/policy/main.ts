// `make bench-policy`. See README.md beside this file.

import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { table, text } from "../figures.ts";
import { load } from "./wasm.ts";

const STAGES = ["parse", "parse, check", "scrub", "all"] as const;
type Stage = (typeof STAGES)[number];

/** The least that an event took, in nanoseconds. */
interface Figures {
  event: string;
  bytes: number;
  least: Record<Stage, number>;
}

interface Round {
  native: Figures[];
  wasm: Figures[];
}

const rounds = Number(process.argv[2] ?? 5);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error("node bench/policy/main.ts [ROUNDS]");
  process.exit(2);
}
const worker = await load();
const nanoseconds = () => performance.now() * 1e6;
// Until V8 has compiled WebAssembly for speed, it costs up to twice as much.
worker.figures(nanoseconds);

const measured: Round[] = [];
for (let round = 0; round < rounds; round++)
  measured.push({ native: native(), wasm: JSON.parse(worker.figures(nanoseconds)) });

console.log(`${cpus().length} × ${cpus()[0]?.model} · V8 ${process.versions.v8}\n`);
console.log(`ns per event, the least of a round's turns: median of ${rounds} rounds [quartiles]\n`);
for (const side of ["native", "wasm"] as const)
  console.log(`${table([[side, ...STAGES, "all, per byte"], ...of(side)])}\n`);
console.log(table([["wasm ÷ native", ...STAGES], ...ratios()]));

function native(): Figures[] {
  const bench = ["-p", "sparrow-allowlist", "--features", "toml", "--bench", "event"];
  const json = execFileSync("cargo", ["bench", "--quiet", ...bench, "--", "--json"], {
    encoding: "utf8",
  });
  return JSON.parse(json);
}

/** A row for each event: `cells` of its figures, one for each round. */
function rows(cells: (event: number) => string[]): string[][] {
  const [first] = measured;
  return (first?.native ?? []).map(({ event, bytes }, i) => [
    `${event}, ${bytes} bytes`,
    ...cells(i),
  ]);
}

function of(side: keyof Round): string[][] {
  return rows((event) => {
    const took = (stage: Stage) => measured.map((round) => round[side][event]?.least[stage] ?? 0);
    const perByte = measured.map((round) => {
      const { least, bytes } = round[side][event] as Figures;
      return least.all / bytes;
    });
    return [...STAGES.map((stage) => text(took(stage))), text(perByte, 1)];
  });
}

function ratios(): string[][] {
  return rows((event) =>
    STAGES.map((stage) => {
      const took = (figures: Figures[]) => figures[event]?.least[stage] ?? Number.NaN;
      return text(
        measured.map(({ native, wasm }) => took(wasm) / took(native)),
        2,
      );
    }),
  );
}
