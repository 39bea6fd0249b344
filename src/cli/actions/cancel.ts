/** Cancels data streams. */
import type { Cancelled } from '../../redis/cancelling.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type NamedStreamsOptions, withNamedStreams } from './named-streams.js';

const WORDS: Readonly<Record<Cancelled['cancelled'], string>> = {
  waiting: 'waited, and is gone',
  delayed: 'was delayed, and is gone',
  owned: 'is owned: its owner is told to stop, and finishes it',
  foreign: 'is held by a consumer of the Go client, which nobody can tell: it was let alone',
  none: 'is not there',
};

export async function cancel(
  names: readonly string[],
  options: NamedStreamsOptions,
  output: Output,
): Promise<number> {
  const results = await withNamedStreams(names, options, output, (admin) => admin.cancelMany(names));
  for (const [index, { cancelled, ids }] of results.entries()) {
    const stream = names[index] as string;
    output.line({ type: 'Cancelled', stream, cancelled, ids }, `${printable(stream)} ${WORDS[cancelled]}`);
  }
  const areAll = results.every(({ cancelled }) => cancelled !== 'none' && cancelled !== 'foreign');
  return areAll ? EXIT.ok : EXIT.failed;
}
