/** Entries of data streams that no handler could deal with: copied to a stream of their own, with where they come from and why. */
import type { Commands } from './commands.js';
import type { DataRow } from './data-streams.js';
import type { Names } from './names.js';

export interface EntryLetter {
  /** Name of the data stream. */
  readonly stream: string;
  readonly key: string;
  readonly row: DataRow;
  readonly error: string;
}

export interface EntryLetterStore {
  /** Resolves with its id there. One that gets no answer may be there twice when it is repeated. @throws StreamwardenError: rejects with */
  add(letter: EntryLetter): Promise<string>;
}

/**
 * @param commands on the connection for what is large
 * @param mostLetters about how many are kept; 0: all
 */
export function createEntryLetterStore(
  commands: Commands,
  { entriesDlq }: Names,
  mostLetters: number,
  now: () => number,
): EntryLetterStore {
  return {
    async add({ stream, key, row, error }) {
      const trim = mostLetters > 0 ? ['MAXLEN', '~', mostLetters] : [];
      const own = ['_stream', stream, '_key', key, '_id', row[0], '_error', error, '_at', now()];
      const args = [entriesDlq, ...trim, '*', ...own, ...row[1]];
      return (await commands.run('XADD', (client) => client.call('xadd', args))) as string;
    },
  };
}
