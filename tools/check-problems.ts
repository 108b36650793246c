// Whether docs/problems.md tells of every code that a Worker can log as a problem, and of no other.
import { readdirSync, readFileSync } from "node:fs";

const WORKERS = ["edge", "dispatcher", "trace", "console"];
// What makes a problem of it, and a finding on the way to one.
const CODES = /(?:Problem::(?:new|warning)\(|"?code"?: )"([a-z0-9_]+)"/g;

const source = (crate: string) =>
  readdirSync(`${crate}/src`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".rs"))
    .map((file) =>
      readFileSync(`${crate}/src/${file}`, "utf8").replace(/#\[cfg\(test\)\][\s\S]*/, ""),
    );
const matches = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map(([, code]) => code ?? ""));

const logged = matches(WORKERS.flatMap(source).join("\n"), CODES);
const sections = readFileSync("docs/problems.md", "utf8").split(/^### .*$/m);
const tables = [
  sections[0],
  ...sections.slice(1).map((text) => text.replace(/[\s\S]*?(?=^## )/m, "")),
];
const told = matches(tables.join("\n"), /^\| `([a-z0-9_]+)` \|/gm);

const faults = [
  ...[...logged]
    .filter((code) => !told.has(code))
    .map((code) => `docs/problems.md does not tell of ${code}`),
  ...[...told]
    .filter((code) => !logged.has(code))
    .map((code) => `docs/problems.md tells of ${code}, which nothing logs`),
];
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
