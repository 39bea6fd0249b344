/** Spans of simulated time as people write them. */
import { StreamwardenError } from '../core/errors.js';

/** Milliseconds of each unit. */
const UNITS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 } as const;

/** Units of a {@link Duration}: milliseconds, seconds, minutes, hours. */
export type DurationUnit = keyof typeof UNITS;

/** A span of simulated time: `'10 s'`, `'500 ms'`, `'1.5 min'`, `'2 h'`, or a number of milliseconds. From 0 up, and finite. */
export type Duration = number | `${number} ${DurationUnit}`;

const TEXT = /^(\d+(?:\.\d+)?) (ms|s|min|h)$/;

/**
 * @param name what the error calls it
 * @throws StreamwardenError `InvalidOption`
 */
export function toMs(duration: Duration, name: string): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
  } else {
    const [, amount, unit] = TEXT.exec(String(duration)) ?? [];
    if (unit !== undefined) return Number(amount) * UNITS[unit as DurationUnit];
  }
  const expected = "a number of milliseconds from 0 up, or a text like '10 s', '500 ms', '2 min' or '1 h'";
  const got = typeof duration === 'string' ? JSON.stringify(duration) : String(duration);
  throw new StreamwardenError('InvalidOption', `expected ${name} to be ${expected}, got: ${got}`, {
    details: { option: name, expected },
  });
}
