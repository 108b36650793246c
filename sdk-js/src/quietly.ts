/** Runs `work` and hides what it throws: analytics must never break the page that carries it. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
