/**
 * The dead-letter stream as people use it: looking through it, announcing letters anew, deleting them. No consumer has to run for that. Primitive, like
 * the lease store.
 */

import type { Clock } from '../core/clock.js';
import { isEntryId } from '../core/entry-id.js';
import { StreamwardenError } from '../core/errors.js';
import { HARMLESS_BYTES, type ParsedEntry, parseEntry } from './entry.js';
import { type LetterError, parseLetterError } from './letter-error.js';
import { onItsServer } from './on-its-server.js';
import {
  AT_FIELD,
  deathsOf,
  ERROR_FIELD,
  failuresOf,
  fieldOf,
  OWNER_FIELD,
  REASON_FIELD,
  retryCountOf,
} from './own-fields.js';
import { ParseTurns } from './parse-turns.js';
import { pipelined } from './pipelined.js';
import { type LetterServers, redriveApart, redriveTogether } from './redrive.js';
import { createStreamPages, type PagedEntry } from './stream-page.js';

export interface DeadLetter {
  /** On the dead-letter stream; its first half is when it came there, epoch milliseconds. */
  readonly id: string;
  /** When it was dead-lettered, epoch milliseconds by Redis's clock; of another client's letter when it came there. */
  readonly at: number;
  /** `max_retries_exceeded`, `delivery_limit`, `rejected`, `unparseable`, `tooLarge`, or what another client wrote; null: nothing. */
  readonly reason: string | null;
  /** How often the entry had been retried; of `max_retries_exceeded` the count that was one too many. */
  readonly retryCount: number;
  /** How often a handler of it threw. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
  /** Name in the group of the consumer that had it last; null: the letter does not say. */
  readonly owner: string | null;
  /** What its handler threw at last; null: nothing, or the letter does not say. */
  readonly error: LetterError | null;
  /** The data stream's name; null when the letter cannot be parsed. */
  readonly name: string | null;
  /** Why it cannot be parsed; null when it can. */
  readonly problem: string | null;
  /** What the producer attached; null when nothing, or when the letter cannot be parsed. Integers that no number can hold are texts. */
  readonly info: Readonly<Record<string, unknown>> | null;
  /** Of its fields and values, without those that are ours. */
  readonly bytes: number;
  /** Whether all its fields have been read: a letter that is very large, or does not arrive in time, has its small ones only. */
  readonly isWhole: boolean;
  /** Fields and values in turn, as text: bytes that are no UTF-8 are lost here, and kept in `raw` and when the letter is redriven. */
  readonly fields: readonly string[];
  /** Fields and values in turn, as they stand there. */
  readonly raw: readonly Buffer[];
}

export interface DeadLetterPage {
  /** In the order that was asked for; fewer than asked for where they have many bytes. */
  readonly letters: readonly DeadLetter[];
  /** What to pass as `after` for the next page; null: there is none. */
  readonly after: string | null;
}

export interface DeadLetterRange {
  /** @defaultValue 'newestFirst' */
  readonly order?: 'newestFirst' | 'oldestFirst';
  /** No letter before this one: an id, or the milliseconds of one. */
  readonly from?: string | number;
  /** No letter after this one: an id, or the milliseconds of one. */
  readonly to?: string | number;
  /** Of larger letters only the small fields are read, in bytes. @defaultValue 8388608 */
  readonly mostBytes?: number;
}

export interface DeadLetterQueue {
  /** How many letters there are. */
  length(): Promise<number>;
  /** The clock of the server that the letters are on, epoch milliseconds. */
  now(): Promise<number>;
  /** @param after id of the last letter of the page before. Null: the first page */
  list(count: number, after: string | null, range?: DeadLetterRange): Promise<DeadLetterPage>;
  /**
   * Announces letters anew, byte for byte, with a retry count of 0, and deletes them. Atomic for each letter where both streams share a slot;
   * elsewhere a letter whose redrive was interrupted stands until it is redriven again, which announces it no second time.
   *
   * @returns in their order: the id on the load balancer stream; null: there is no such letter any more
   * @throws StreamwardenError `InvalidOption` for what is no entry id, before anything is done
   */
  redrive(ids: readonly string[]): Promise<(string | null)[]>;
  /**
   * @returns in their order: whether there was such a letter
   * @throws StreamwardenError `InvalidOption` for what is no entry id, before anything is done
   */
  delete(ids: readonly string[]): Promise<boolean[]>;
}

const LARGEST_READ = 8_388_608;

type Parsed = ParsedEntry | { readonly ok: false; readonly problem: string };

type Unparsed = Pick<DeadLetter, 'reason' | 'bytes' | 'isWhole'>;

/** Why it is not parsed here; null: it may be. */
function whyUnparsed({ reason, bytes, isWhole }: Unparsed, mostParsedBytes: number): string | null {
  if (!isWhole) return `it has ${bytes} bytes: too many to be read here`;
  if (reason === 'delivery_limit' && bytes > HARMLESS_BYTES)
    return `consumers died with it, and it has ${bytes} bytes: it is not parsed here`;
  if (bytes > mostParsedBytes)
    return `it has ${bytes} bytes, more than this consumer parses: it is not parsed here`;
  return null;
}

/** Its id says when it came there, unless somebody has chosen it. */
function atOf(id: string, fields: readonly string[]): number {
  const text = fieldOf(fields, AT_FIELD);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number(id.split('-', 1)[0]);
}

async function toLetter(
  { id, fields: raw, bytes, isWhole }: PagedEntry,
  mostParsedBytes: number,
  turns: ParseTurns,
): Promise<DeadLetter> {
  const fields = raw.map(String);
  const reason = fieldOf(fields, REASON_FIELD) ?? null;
  const problem = whyUnparsed({ reason, bytes, isWhole }, mostParsedBytes);
  if (problem === null) await turns.before(bytes);
  const parsed: Parsed = problem === null ? parseEntry({ id, fields }, 'text') : { ok: false, problem };
  const thrown = fieldOf(fields, ERROR_FIELD);
  return {
    id,
    at: atOf(id, fields),
    reason,
    retryCount: retryCountOf(fields),
    failures: failuresOf(fields),
    deaths: deathsOf(fields),
    owner: fieldOf(fields, OWNER_FIELD) ?? null,
    error: thrown === undefined ? null : parseLetterError(thrown),
    name: parsed.ok ? parsed.announcement.name : null,
    problem: parsed.ok ? null : parsed.problem,
    info: parsed.ok ? parsed.announcement.info : null,
    bytes,
    isWhole,
    fields,
    raw,
  };
}

/** Redis reads `-`, `$` and half an id as other letters than the one that is meant. */
function checkIds(ids: readonly string[]): void {
  const wrong = ids.find((id) => !isEntryId(id));
  if (wrong === undefined) return;
  throw new StreamwardenError(
    'InvalidOption',
    `expected ids of dead letters, <ms>-<sequence>, got: ${wrong}`,
    {
      details: { id: wrong },
    },
  );
}

export interface DeadLetterQueueSettings extends LetterServers {
  readonly clock: Clock;
  /** How long one answer is waited for, in milliseconds. */
  readonly timeoutMs: number;
  /** Larger letters are not parsed, in bytes: the inspector reads letters in the very process of a consumer. @defaultValue all are */
  readonly mostParsedBytes?: number;
}

export function createDeadLetterQueue(settings: DeadLetterQueueSettings): DeadLetterQueue {
  const { names, letters, layout, clock, timeoutMs, mostParsedBytes = Number.POSITIVE_INFINITY } = settings;
  const readPage = createStreamPages(letters, clock, timeoutMs);

  async function remove(ids: readonly string[]): Promise<boolean[]> {
    if (ids.length === 0) return [];
    const replies = await onItsServer(() =>
      letters.run('XDEL', (client) =>
        pipelined<number>(client, (pipeline) => {
          for (const id of ids) pipeline.xdel(names.dlq, id);
        }),
      ),
    );
    return replies.map((removed) => removed === 1);
  }

  return {
    length: () => onItsServer(() => letters.run('XLEN', (client) => client.xlen(names.dlq))),
    async now() {
      const [seconds] = await letters.run('TIME', (client) => client.time());
      return Number(seconds) * 1_000;
    },
    async list(count, after, range = {}) {
      const { order = 'newestFirst', from = '-', to = '+', mostBytes = LARGEST_READ } = range;
      const [first, last] = order === 'newestFirst' ? [to, from] : [from, to];
      const begin = after === null ? String(first) : `(${after}`;
      const page = await onItsServer(() =>
        readPage(names.dlq, { order, from: begin, to: String(last), count, mostBytes }),
      );
      const turns = new ParseTurns(clock);
      const listed: DeadLetter[] = [];
      for (const entry of page.entries) listed.push(await toLetter(entry, mostParsedBytes, turns));
      return {
        letters: listed,
        after: page.hasMore ? (page.entries.at(-1)?.id ?? null) : null,
      };
    },
    async redrive(ids) {
      checkIds(ids);
      return layout.dlqIsLocal ? await redriveTogether(settings, ids) : await redriveApart(settings, ids);
    },
    async delete(ids) {
      checkIds(ids);
      return await remove(ids);
    },
  };
}
