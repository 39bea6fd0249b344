/** Medians, clocks and CPU meters, and the table they end in. */
import { Redis } from 'ioredis';

export function median(values: readonly number[]): number {
  return percentileOf(values, 0.5);
}

/** The value that this share of the values does not exceed. */
export function percentileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/** Milliseconds that the work took, on the monotonic clock. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** CPU that this process and the server have used, in milliseconds. */
export interface CpuUse {
  readonly client: number;
  readonly redis: number;
}

/** Counts CPU from now on, until the returned function is called. */
export async function cpuMeter(url: string): Promise<() => Promise<CpuUse>> {
  const client = new Redis(url);
  const redisCpu = async () => {
    const info = await client.info('cpu');
    const seconds = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]);
    return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1000;
  };
  const redisBefore = await redisCpu();
  const before = process.cpuUsage();
  return async () => {
    const { user, system } = process.cpuUsage(before);
    const redis = (await redisCpu()) - redisBefore;
    client.disconnect();
    return { client: (user + system) / 1000, redis };
  };
}

export interface Row {
  readonly figure: string;
  readonly unit: string;
  /** Median over the rounds. */
  readonly streamwarden: number;
  /** Median of the same rounds, bare ioredis; null when nothing bare compares. */
  readonly baseline: number | null;
  /** baseline / streamwarden: 1 is as good as bare ioredis, 0.5 costs twice as much. */
  readonly ratio: number | null;
}

export function row(
  figure: string,
  unit: string,
  ours: readonly number[],
  bare: readonly number[] | null,
): Row {
  const streamwarden = median(ours);
  const baseline = bare && median(bare);
  return {
    figure,
    unit,
    streamwarden,
    baseline,
    ratio: baseline === null || baseline <= 0 || streamwarden <= 0 ? null : baseline / streamwarden,
  };
}

function amount(value: number | null, unit: string): string {
  if (value === null) return '-';
  return `${value.toFixed(Math.abs(value) < 10 ? 2 : 0)} ${unit}`;
}

const HEAD = ['figure', 'streamwarden', 'bare ioredis', 'ratio'];

function cellsOf({ figure, unit, streamwarden, baseline, ratio }: Row): string[] {
  return [
    figure,
    amount(streamwarden, unit),
    amount(baseline, unit),
    ratio === null ? '-' : ratio.toFixed(2),
  ];
}

/** Head and rows in columns of equal width: the first to the left, figures to the right. */
function columns(rows: readonly Row[]): { readonly lines: string[][]; readonly widths: number[] } {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return { lines: lines.map((line) => line.map(pad)), widths };
}

/** For a terminal. */
export function table(rows: readonly Row[]): string {
  return columns(rows)
    .lines.map((line) => line.join('  '))
    .join('\n');
}

/** For a document, as the formatter would have it. */
export function markdown(rows: readonly Row[]): string {
  const { lines, widths } = columns(rows);
  const [head = [], ...body] = lines;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
