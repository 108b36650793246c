// Chance that can be repeated.

/** Numbers from 0 to 1 that follow from a seed (a SplitMix generator on 32 bits). */
export function numbersOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Whole numbers from 0 to below a limit, which follow from a seed. */
export function below(seed: number): (limit: number) => number {
  const next = numbersOf(seed);
  return (limit) => Math.floor(next() * limit);
}
