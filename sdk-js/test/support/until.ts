/** How long a test waits for what must happen, in ms; far more than it takes, for busy machines. */
const DEADLINE = 15_000;

/** Wakes those who wait for a condition each time something happened that may have made it true. */
export class Signal {
  #waiting = new Set<() => void>();

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** The first answer of `condition` that is not undefined; throws once the deadline has passed. */
  until<T>(what: string, condition: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        this.#waiting.delete(check);
        clearTimeout(timer);
      };
      const check = () => {
        const value = condition();
        if (value === undefined) return;
        finish();
        resolve(value);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`waited ${DEADLINE} ms in vain for ${what}`));
      }, DEADLINE);
      this.#waiting.add(check);
      check();
    });
  }
}
