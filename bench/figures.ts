// Numbers made of many numbers, and how they are written.

/** The value below which `share` of the sorted values lie; NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export interface Latency {
  p50: number;
  p99: number;
}

export function latency(values: number[]): Latency {
  const sorted = Float64Array.from(values).sort();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** Of the rounds: the median between its quartiles. */
export interface Spread {
  q1: number;
  median: number;
  q3: number;
}

export function spread(values: number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  return { q1, median, q3 } as Spread;
}

/** `123 [119–131]`; of one round, or of rounds that agree, the median alone. */
export function text(values: number[], digits = 0): string {
  const { q1, median, q3 } = spread(values);
  const [low, middle, high] = [q1, median, q3].map((value) => plain(value, digits));
  return low === high ? `${middle}` : `${middle} [${low}–${high}]`;
}

function plain(value: number, digits: number): string {
  return Number.isNaN(value) ? "–" : value.toFixed(digits);
}

/** Rows under a heading, in columns as wide as they need. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ");
  return rows.map(line).join("\n");
}
