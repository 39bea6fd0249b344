/** Rows of a sequence as they are read out. */
import { duration, plural } from './format.js';
import { fullWordsOfLane } from './lanes.js';
import { isArrow, isQuiet, type Quiet, type Row } from './sequence.js';

export function wordsOfQuiet({ quietMs, hidden }: Quiet): string {
  if (hidden === 0) return `nothing for ${duration(quietMs)}`;
  return `${duration(quietMs)}, ${plural(hidden, 'message')} left out by the filter`;
}

export function wordsOfRow(row: Row): string {
  if (isQuiet(row)) return wordsOfQuiet(row);
  if (!isArrow(row)) return `${plural(row.skipped, 'message')} left out here: more happened than is shown`;
  const { from, to, words, message } = row;
  const { label, before, after, threw } = message;
  const led = after !== null && after !== before ? `, now ${after}` : '';
  return `${fullWordsOfLane(from)} to ${fullWordsOfLane(to)}: ${words} ${label ?? ''}${led}${threw ? ', threw' : ''}`;
}
