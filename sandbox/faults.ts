// Faults that programs under test make in themselves: at a named place they ask which, and the sandbox,
// which a test commands, tells them. What a mode means is up to the place.

import { isObject } from "./vendors/vendor.ts";

export const FAULT_MODES = ["none", "before", "after", "panic", "error"] as const;

export interface Fault {
  mode: (typeof FAULT_MODES)[number];
  /** For this many questions, then `none`; without it for all. */
  times?: number;
  /** What the fault says, where it is to say what somebody else would. */
  message?: string;
}

export class Faults {
  readonly #faults = new Map<string, Fault>();

  set(name: string, fault: Fault): void {
    this.#faults.set(name, fault);
  }

  /** The fault for one more question: uses up one of its `times`. */
  take(name: string): Omit<Fault, "times"> {
    const { times, ...fault } = this.#faults.get(name) ?? { mode: "none" };
    if (times !== undefined) {
      if (times > 1) this.#faults.set(name, { ...fault, times: times - 1 });
      else this.#faults.delete(name);
    }
    return fault;
  }
}

/** Reads faults by name from JSON, or says everything that is wrong with them. */
export function readFaults(json: unknown): { faults: [string, Fault][] } | { wrong: string[] } {
  if (!isObject(json)) return { wrong: ["The body is not a JSON object."] };
  const entries = Object.entries(json);
  const wrong = entries.flatMap(([name, fault]) => {
    const { mode, times, message, ...others } = isObject(fault) ? fault : {};
    return [
      ...(/^[\w-]+$/.test(name) ? [] : [`${JSON.stringify(name)} is no name for a path.`]),
      ...(FAULT_MODES.some((one) => one === mode)
        ? []
        : [`${name}.mode is one of ${FAULT_MODES.join(", ")}.`]),
      ...(times === undefined || (Number.isSafeInteger(times) && Number(times) >= 1)
        ? []
        : [`${name}.times is an integer from 1.`]),
      ...(message === undefined || typeof message === "string"
        ? []
        : [`${name}.message is a text.`]),
      ...Object.keys(others).map((member) => `${name} has no ${member}.`),
    ];
  });
  return wrong.length > 0 ? { wrong } : { faults: entries as [string, Fault][] };
}
