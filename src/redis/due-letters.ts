/**
 * Entries that are due for a dead-letter stream in another slot: decided upon, pending for a consumer that is nobody, and not yet written
 * there. `scripts/lib/due.lua` says why. Primitive, like the lease store.
 */
import { byteScript } from './byte-script.js';
import type { Commands } from './commands.js';
import type { LetterFields } from './dead-letter-store.js';
import type { DeadLetterReason } from './due-consumer.js';
import { HARMLESS_BYTES, parseEntry } from './entry.js';
import type { GivenBack, LeaseSettings } from './lease-store.js';
import type { Names } from './names.js';

/** What is to be written for an entry that is due. */
export interface DueLetter {
  /** The entry's, on the load balancer stream. */
  readonly id: string;
  /** The data stream's name; '' when the entry cannot be parsed. */
  readonly name: string;
  readonly retryCount: number;
  readonly fields: LetterFields;
}

/** A letter that stands on the dead-letter stream, as `copyId`. */
export type WrittenLetter = Omit<DueLetter, 'fields'> & { readonly copyId: string };

export interface ClaimedLetters {
  /** How many of the entries have been looked at, from the first one on. */
  readonly looked: number;
  readonly letters: readonly DueLetter[];
  /** Ids of entries whose payload somebody else had deleted: they are acknowledged, and there is nothing to write. */
  readonly gone: readonly string[];
}

/** What whoever decided knows; a sweep that comes later does not. */
export interface Verdict {
  /** What spent the last retry. */
  readonly cause: 'failed' | 'dead';
  /** Name in the group of who had the entries. */
  readonly owner: string;
}

export interface DueLetterStore {
  /**
   * Of these entries (ascending ids, at most 200) the letters of those that are due and idle for that long, in milliseconds. They count as
   * idle from now on: nobody else who asks for more than 0 is given the same. Of the first entries only where letters have many bytes.
   *
   * @param verdict undefined: nobody knows
   */
  claim(
    reason: DeadLetterReason,
    entries: readonly Pick<GivenBack, 'id' | 'error'>[],
    minIdleMs: number,
    verdict: Verdict | undefined,
  ): Promise<ClaimedLetters>;
  /** Acknowledges and deletes entries (ascending ids) whose letter is written. False: it was not due any more. */
  finish(reason: DeadLetterReason, letters: readonly WrittenLetter[]): Promise<boolean[]>;
}

/** Consumers may have died while they parsed it. */
function isCostly(fields: LetterFields): boolean {
  return fields.reduce((sum, { length }) => sum + length, 0) > HARMLESS_BYTES;
}

function nameOf(id: string, fields: LetterFields, reason: DeadLetterReason): string {
  if (reason === 'tooLarge' || (reason === 'delivery_limit' && isCostly(fields))) return '';
  const parsed = parseEntry({ id, fields: fields.map(String) });
  return parsed.ok ? parsed.announcement.name : '';
}

/** @param bulk commands on the connection for whatever is as large as others choose to make it */
export function createDueLetterStore(
  commands: Commands,
  bulk: Commands,
  names: Names,
  settings: Pick<LeaseSettings, 'consumer' | 'historyKey'>,
): DueLetterStore {
  const { consumer, historyKey } = settings;
  const keys = [names.lbs, ...(historyKey === undefined ? [] : [historyKey])];

  return {
    async claim(reason, entries, minIdleMs, verdict) {
      const ids = entries.map(({ id }) => id);
      const args: (string | number)[] = [names.group, consumer, reason, minIdleMs, ...ids];
      if (verdict !== undefined) {
        args.push('', verdict.cause, verdict.owner, ...entries.map(({ error = '' }) => error));
      }
      const reply = (await byteScript(bulk, 'claim-due-letters', keys, args)) as (
        | [number, Buffer[]]
        | [number]
        | []
      )[];
      const letters: DueLetter[] = [];
      const gone: string[] = [];
      reply.forEach(([retryCount, fields], index) => {
        const { id } = entries[index] as { id: string };
        if (retryCount === undefined) return;
        if (fields === undefined) gone.push(id);
        else letters.push({ id, name: nameOf(id, fields, reason), retryCount, fields });
      });
      return { looked: reply.length, letters, gone };
    },
    async finish(reason, letters) {
      // Names are for the history alone, and as long as producers make them.
      const items = letters.flatMap(({ id, name, copyId, retryCount }) => [
        id,
        historyKey === undefined ? '' : name,
        copyId,
        retryCount,
      ]);
      const args = [names.group, consumer, reason, ...items];
      const reply = (await commands.script('finish-due-letters', keys, args)) as number[];
      return reply.map((item) => item === 1);
    },
  };
}
