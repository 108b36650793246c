// Faults that programs under test make in themselves: at a named place they ask which, and the sandbox,
// which a test commands, tells them. What a mode means is up to the place.

import { isObject } from "./vendors/vendor.ts";

export const FAULT_MODES = ["none", "before", "after", "panic", "error"] as const;

export interface Fault {
  mode: (typeof FAULT_MODES)[number];
  /** For this many questions, then `none`; without it for all. */
  times?: number;
}

export class Faults {
  readonly #faults = new Map<string, Fault>();

  set(name: string, fault: Fault): void {
    this.#faults.set(name, fault);
  }

  /** The fault for one more question: uses up one of its `times`. */
  take(name: string): Fault["mode"] {
    const fault = this.#faults.get(name);
    if (fault?.times !== undefined) {
      if (fault.times > 1) this.#faults.set(name, { ...fault, times: fault.times - 1 });
      else this.#faults.delete(name);
    }
    return fault?.mode ?? "none";
  }
}

/** Reads faults by name from JSON, or says everything that is wrong with them. */
export function readFaults(json: unknown): { faults: [string, Fault][] } | { wrong: string[] } {
  if (!isObject(json)) return { wrong: ["The body is not a JSON object."] };
  const entries = Object.entries(json);
  const wrong = entries.flatMap(([name, fault]) => {
    const { mode, times, ...others } = isObject(fault) ? fault : {};
    return [
      ...(/^[\w-]+$/.test(name) ? [] : [`${JSON.stringify(name)} is no name for a path.`]),
      ...(FAULT_MODES.some((one) => one === mode)
        ? []
        : [`${name}.mode is one of ${FAULT_MODES.join(", ")}.`]),
      ...(times === undefined || (Number.isSafeInteger(times) && Number(times) >= 1)
        ? []
        : [`${name}.times is an integer from 1.`]),
      ...Object.keys(others).map((member) => `${name} has no ${member}.`),
    ];
  });
  return wrong.length > 0 ? { wrong } : { faults: entries as [string, Fault][] };
}
