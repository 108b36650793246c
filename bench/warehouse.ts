// What D1 holds, read from its file: a query through workerd would be counted as work of the Worker.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export class Warehouse {
  readonly #database: DatabaseSync;

  /** `state`: where workerd keeps what is durable. */
  constructor(state: string) {
    const folder = join(state, "d1/miniflare-D1DatabaseObject");
    const [file] = readdirSync(folder).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
    this.#database = new DatabaseSync(join(folder, file as string), { readOnly: true });
  }

  /** Rows of a table. */
  rows(table: "raw" | "deliveries"): number {
    return this.#number(`SELECT count(*) AS number FROM ${table}`);
  }

  /** The payloads in `raw`, by the number of their first event. */
  stored(): Set<number> {
    const statement = this.#database.prepare("SELECT substr(eventId, -12) AS hex FROM raw");
    const numbers = new Set<number>();
    for (const { hex } of statement.iterate()) numbers.add(Number.parseInt(String(hex), 16));
    return numbers;
  }

  /** Events without a final outcome, as the account of the shards says. */
  pending(): number {
    return this.#number("SELECT coalesce(sum(pending), 0) AS number FROM accounts");
  }

  close(): void {
    this.#database.close();
  }

  #number(sql: string): number {
    return Number(this.#database.prepare(sql).get()?.number);
  }
}
