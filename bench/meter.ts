// What a load costs: read before and after it.

import { monotonic } from "./clock.ts";
import { cpuMs, machineMs, residentMiB } from "./kernel.ts";

/** Between two looks at the memory, in ms. */
const MEMORY_MS = 1000;

export class Meter {
  readonly #pid: number;
  readonly #memory: number[] = [];
  readonly #looking: NodeJS.Timeout;
  readonly #at = monotonic();
  readonly #cpu: number;
  readonly #machine = machineMs();
  readonly #own = process.cpuUsage();

  constructor(pid: number) {
    this.#pid = pid;
    this.#cpu = cpuMs(pid);
    this.#looking = setInterval(() => this.#memory.push(residentMiB(pid)), MEMORY_MS);
  }

  stop() {
    clearInterval(this.#looking);
    const worked = cpuMs(this.#pid) - this.#cpu;
    const { user, system } = process.cpuUsage(this.#own);
    return {
      /** CPU time of workerd. */
      cpuMs: worked,
      /** CPU time of everything but workerd and this process. */
      othersMs: machineMs() - this.#machine - worked - (user + system) / 1000,
      lastedMs: monotonic() - this.#at,
      /** Of workerd, in MiB, each second. */
      memory: this.#memory,
    };
  }
}
