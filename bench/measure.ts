/** Medians and the words around them. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** Milliseconds that the work took, on the monotonic clock. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export interface Row {
  readonly figure: string;
  readonly unit: string;
  /** Median over the rounds. */
  readonly streamwarden: number;
  /** Median of the same rounds, bare ioredis; null when nothing bare compares. */
  readonly baseline: number | null;
  /** baseline / streamwarden: 1 is as fast as bare ioredis, 0.5 half as fast. */
  readonly ratio: number | null;
}

export function row(figure: string, ours: readonly number[], baseline: readonly number[] | null): Row {
  const streamwarden = median(ours);
  const bare = baseline && median(baseline);
  return {
    figure,
    unit: 'ms',
    streamwarden,
    baseline: bare,
    ratio: bare === null ? null : bare / streamwarden,
  };
}

export function table(rows: readonly Row[]): string {
  const cell = (value: number | null, digits: number) => (value === null ? '-' : value.toFixed(digits));
  const lines = rows.map((r) => [
    r.figure,
    `${cell(r.streamwarden, 0)} ${r.unit}`,
    r.baseline === null ? '-' : `${cell(r.baseline, 0)} ${r.unit}`,
    cell(r.ratio, 2),
  ]);
  const all = [['figure', 'streamwarden', 'bare ioredis', 'ratio'], ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  return all
    .map((line) =>
      line
        .map((text, column) =>
          column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
