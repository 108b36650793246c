import { type Behaviour, withDefaults } from "./behaviour.ts";

/** The present behaviour of each vendor. */
export class Controls {
  readonly #behaviours: Map<string, Behaviour>;
  readonly #changed = new EventTarget();

  constructor(vendors: string[]) {
    this.#behaviours = new Map(vendors.map((vendor) => [vendor, { mode: "ok" }]));
  }

  all(): Record<string, Behaviour> {
    return Object.fromEntries(this.#behaviours);
  }

  set(vendor: string, behaviour: Behaviour): void {
    if (!this.#behaviours.has(vendor)) throw new Error(`There is no vendor ${vendor}.`);
    this.#behaviours.set(vendor, withDefaults(behaviour));
    this.#changed.dispatchEvent(new Event("change"));
    this.#changed.dispatchEvent(new Event(vendor));
  }

  /** The behaviour for one more request: uses up one of its `times`. */
  take(vendor: string): Behaviour {
    const behaviour = this.#behaviours.get(vendor) as Behaviour;
    if (behaviour.times !== undefined) {
      const left = behaviour.times - 1;
      this.#behaviours.set(vendor, left > 0 ? { ...behaviour, times: left } : { mode: "ok" });
      this.#changed.dispatchEvent(new Event("change"));
    }
    return behaviour;
  }

  /** Resolves when the vendor's behaviour is set anew, or `signal` is aborted. */
  settingOf(vendor: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#changed.removeEventListener(vendor, done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#changed.addEventListener(vendor, done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  /** Calls `listener` after each change of any behaviour, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#changed.addEventListener("change", listener);
    return () => this.#changed.removeEventListener("change", listener);
  }
}
