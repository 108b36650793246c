// Which crate may depend on which. The layers are what keeps policy, vendors and SQL testable without a
// runtime; `ARCHITECTURE.md` shows them.
import { execFileSync } from "node:child_process";

const PURE = ["event", "allowlist", "trackers", "warehouse", "outbox"];

// What needs a runtime, which pure crates may not have, not even through another crate.
const RUNTIME = ["worker", "js-sys", "web-sys", "wasm-bindgen", "getrandom"];
// Except here: uuid takes wasm-bindgen on WASM for random ids. Ours (v5) are hashes and never call it.
const isHarmless = (from: string, to: string) => from === "uuid" && to === "wasm-bindgen";

// Workspace crates that each crate may use, not counting what its tests use.
const MAY_USE: Record<string, string[]> = {
  event: [],
  allowlist: ["event"],
  trackers: ["event", "allowlist"],
  warehouse: ["event", "allowlist"],
  outbox: ["event"],
  // For any Worker: it knows nothing of Sparrow.
  "sentry-workers": [],
  edge: ["event", "sentry-workers"],
  dispatcher: ["event", "outbox", "warehouse", "edge"],
  trace: ["event", "allowlist", "trackers", "edge"],
  console: ["event", "outbox", "edge"],
  cli: PURE,
};

interface Metadata {
  workspace_members: string[];
  packages: { id: string; name: string }[];
  resolve: {
    nodes: { id: string; deps: { pkg: string; dep_kinds: { kind: string | null }[] }[] }[];
  };
}

// Where the crates run, tests here and Workers on WASM; other systems' dependencies say nothing.
const host = /^host: (.*)$/m.exec(execFileSync("rustc", ["-vV"], { encoding: "utf8" }))?.[1] ?? "";
const platforms = [host, "wasm32-unknown-unknown"].flatMap((one) => ["--filter-platform", one]);
const output = execFileSync(
  "cargo",
  ["metadata", "--format-version", "1", "--locked", "--all-features", ...platforms],
  {
    maxBuffer: 64 << 20,
    encoding: "utf8",
  },
);
const metadata: Metadata = JSON.parse(output);
const names = new Map(metadata.packages.map((one) => [one.id, one.name]));
const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
const members = new Set(metadata.workspace_members);

function direct(id: string): string[] {
  const deps = nodes.get(id)?.deps ?? [];
  return deps
    .filter((dep) => dep.dep_kinds.some(({ kind }) => kind !== "dev"))
    .map((dep) => dep.pkg);
}

function all(id: string, seen = new Set<string>()): Set<string> {
  for (const dep of direct(id)) {
    if (isHarmless(names.get(id) ?? "", names.get(dep) ?? "")) continue;
    if (!seen.has(dep)) all(dep, seen.add(dep));
  }
  return seen;
}

const short = (id: string) => (names.get(id) ?? id).replace(/^sparrow-/, "");
const faults: string[] = [];
for (const id of members) {
  const crate = short(id);
  const allowed = MAY_USE[crate];
  if (!allowed) {
    faults.push(
      `${crate} is in no layer; give it one in tools/check-layers.ts and ARCHITECTURE.md`,
    );
    continue;
  }
  for (const dep of direct(id).filter((dep) => members.has(dep))) {
    if (!allowed.includes(short(dep))) faults.push(`${crate} may not depend on ${short(dep)}`);
  }
  if (!PURE.includes(crate)) continue;
  const used = new Set([...all(id)].map((dep) => names.get(dep) ?? dep));
  for (const name of RUNTIME.filter((name) => used.has(name))) {
    faults.push(`${crate} is pure and may not depend on ${name}, not even through another crate`);
  }
}
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
