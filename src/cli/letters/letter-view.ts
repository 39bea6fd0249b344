/** A dead letter as it is printed: a row of a table, or all of it for a person. */
import { type FieldText, letterLine, pairsOf } from '../../admin/letters/letter-line.js';
import { duration, plural } from '../../core/amounts.js';
import type { DeadLetter } from '../../redis/dead-letter-queue.js';
import { wordsOfLetterError } from '../../redis/letter-error.js';
import { Columns } from '../columns.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';

/** @param now Redis's clock, epoch milliseconds */
export function letterPrinter(output: Output, now: number): (letter: DeadLetter) => void {
  const columns = new Columns(output, [
    { heading: 'ID', width: 18 },
    { heading: 'AGE', width: 8 },
    { heading: 'RETRIES', width: 7 },
    { heading: 'REASON', width: 20 },
    { heading: 'STREAM', width: 0 },
  ]);
  return (letter) => {
    const { at, id, reason, retryCount, name, problem, error } = letter;
    if (output.json) {
      output.line(letterLine(letter), '');
      return;
    }
    const age = duration(Math.max(0, now - at));
    const stream = name === null ? `none: ${printable(problem ?? '')}` : printable(name);
    const thrown = error === null ? '' : `  ${printable(wordsOfLetterError(error))}`;
    columns.row([id, age, retryCount, printable(reason ?? 'none'), `${stream}${thrown}`]);
  };
}

/** Without its first line, which says what `error` says. */
function stackLines(error: DeadLetter['error']): string[] {
  const lines = error?.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return lines.map((line) => `             ${printable(line.trim())}`);
}

/** All of it. */
export function letterForPeople(letter: DeadLetter, now: number): string {
  const { at, id, reason, retryCount, failures, deaths, owner, error, name, problem, info } = letter;
  const lines = [
    `${id}  ${new Date(at).toISOString()}, ${duration(Math.max(0, now - at))} ago`,
    `  stream   ${name === null ? `none: ${printable(problem ?? '')}` : printable(name)}`,
    `  reason   ${printable(reason ?? 'none')}, after ${retryCount === 1 ? '1 retry' : `${retryCount} retries`}`,
    `  counts   ${plural(failures, 'failure')}, ${plural(deaths, 'death')}`,
    `  owner    ${owner === null ? 'none' : printable(owner)}`,
    `  error    ${error === null ? 'none' : printable(wordsOfLetterError(error))}`,
    ...stackLines(error),
    `  info     ${info === null ? 'none' : JSON.stringify(info)}`,
    `  ${plural(letter.raw.length / 2, 'field')}`,
  ];
  const shown = (text: FieldText) => (typeof text === 'string' ? printable(text) : `base64 ${text.base64}`);
  for (const [field, value] of pairsOf(letter)) lines.push(`    ${shown(field)}: ${shown(value)}`);
  return lines.join('\n');
}
