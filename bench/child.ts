// Processes of the benchmark's own that are asked questions over Node's channel, one at a time.

import { type ChildProcess, fork } from "node:child_process";

export class Child<Question> {
  readonly #process: ChildProcess;

  constructor(file: URL) {
    // "advanced" carries typed arrays as they are.
    this.#process = fork(file, { serialization: "advanced" });
  }

  ask<Answer>(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) =>
        reject(new Error(`${this.#process.spawnfile} ended with ${code}`));
      this.#process.once("exit", ended);
      this.#process.once("message", ({ answer }: { answer: Answer }) => {
        this.#process.off("exit", ended);
        resolve(answer);
      });
      this.#process.send(question as object);
    });
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.disconnect();
    await ended;
  }
}

/** The child's half: answers until the parent is gone. */
export function serve<Question>(answer: (question: Question) => unknown): void {
  process.on("message", async (question) => {
    process.send?.({ answer: await answer(question as Question) });
  });
  process.once("disconnect", () => process.exit());
}
