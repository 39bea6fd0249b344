/** Parsers of option values. Ranges are the runtime's to check; these only read text. */
import { type Command, InvalidArgumentError } from 'commander';

/** A whole number, perhaps negative. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('Expected a whole number.');
  }
  return value;
}

/** A whole number of 1 or more. */
export function count(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('Expected 1 or more.');
  return value;
}

/** Longest delay of a timer; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Milliseconds, or `forever`. */
export function holdTime(text: string): number | 'forever' {
  if (text === 'forever') return 'forever';
  if (!/^\d+$/.test(text) || Number(text) > LONGEST_TIMER_MS) {
    throw new InvalidArgumentError(`Expected milliseconds up to ${LONGEST_TIMER_MS}, or 'forever'.`);
  }
  return Number(text);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time such as `90s`, `30m`, `1h` or `7d`, in milliseconds. */
export function timeSpan(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined) throw new InvalidArgumentError('Expected a time such as 90s, 30m, 1h or 7d.');
  return Number(amount) * unitMs;
}

/** A JSON object. */
export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected a JSON object: ${(error as Error).message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('Expected a JSON object.');
  }
  return value as Record<string, unknown>;
}

/** Examples below the help of a command. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
