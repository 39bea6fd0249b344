/** A part of a recording: `FROM..TO`, of which one may be left out. */
import { InvalidArgumentError } from 'commander';

/** By seq numbers, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export function rangeOf(text: string): Range {
  const [, from = '', to = ''] = /^(\d*)\.\.(\d*)$/.exec(text) ?? [];
  const range = {
    from: from === '' ? 0 : Number(from),
    to: to === '' ? Number.MAX_SAFE_INTEGER : Number(to),
  };
  if (from + to === '' || range.from > range.to) {
    throw new InvalidArgumentError('Expected FROM..TO, two seq numbers of which one may be left out.');
  }
  return range;
}
