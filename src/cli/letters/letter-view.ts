/** A dead letter as it is printed: a JSON line that keeps its bytes, a row of a table, or all of it for a person. */
import { isUtf8 } from 'node:buffer';
import type { DeadLetter } from '../../redis/dead-letter-queue.js';
import { wordsOfLetterError } from '../../redis/letter-error.js';
import { Columns } from '../columns.js';
import { duration, type Output, type OutputLine, plural } from '../output.js';
import { printable } from '../printable.js';

/** Bytes as they are where they are text, else in base64. */
type FieldText = string | { readonly base64: string };

function textOf(bytes: Buffer): FieldText {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') };
}

/** Field and value, in the order in which they stand; a field may stand there twice. */
function pairsOf({ raw }: DeadLetter): [FieldText, FieldText][] {
  const pairs: [FieldText, FieldText][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    pairs.push([textOf(raw[at] as Buffer), textOf(raw[at + 1] as Buffer)]);
  }
  return pairs;
}

export function letterLine(letter: DeadLetter): OutputLine & { readonly at: number } {
  const { at, id, name, reason, retryCount, failures, deaths, owner, error, problem, info, isWhole, bytes } =
    letter;
  return {
    at,
    type: 'DeadLetter',
    id,
    stream: name,
    reason,
    retryCount,
    failures,
    deaths,
    owner,
    error,
    problem,
    info,
    ...(isWhole ? {} : { bytes, isWhole }),
    fields: pairsOf(letter),
  };
}

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
