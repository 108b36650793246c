// The questions in SQL that the README asks, as it asks them.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** A question, which is the same text in both dialects where they allow it. */
export interface Question {
  d1: string;
  bigquery: string;
}

const WAREHOUSES = { d1: ", in D1", bigquery: ", in BigQuery" };

/**
 * Every statement of the README: those of its SQL blocks, and those in quotes of its commands. One whose comment ends with a
 * warehouse's name is for that one, and its other half has the same comment but for the name.
 */
export function questions(): Question[] {
  const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
  const found: Question[] = [];
  const halves = new Map<string, Partial<Question>>();
  for (const [, language, block = ""] of readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    if (language !== "sql") {
      const quoted = [...block.matchAll(/(["'])(SELECT .*?)\1/gs)].map(([, , sql = ""]) => sql);
      found.push(...quoted.map((sql) => ({ d1: sql, bigquery: sql })));
      continue;
    }
    for (const statement of block.split(/;\s*$/m).filter((text) => text.trim())) {
      const [, comment = "", sql = ""] = /^\s*((?:--[^\n]*\n)*)(.*)$/s.exec(statement) ?? [];
      const said = comment.trim();
      const [name] = Object.entries(WAREHOUSES).find(([, end]) => said.endsWith(end)) ?? [];
      if (!name) {
        found.push({ d1: sql, bigquery: sql });
        continue;
      }
      const question = said.slice(0, said.lastIndexOf(","));
      halves.set(question, { ...halves.get(question), [name]: sql });
    }
  }
  for (const [question, { d1, bigquery }] of halves) {
    if (!d1 || !bigquery) throw new Error(`the README has only one half of: ${question}`);
    found.push({ d1, bigquery });
  }
  return found;
}

/** The README's words for a day a week ago: `…` in D1 and `…` in BigQuery. */
export function weekAgo(): Question {
  const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
  const [, d1, bigquery] =
    /A week ago is\s+`([^`]+)` in D1 and `([^`]+)`\s+in BigQuery/.exec(readme) ?? [];
  if (!d1 || !bigquery) throw new Error("the README does not say what a week ago is");
  return { d1, bigquery };
}
