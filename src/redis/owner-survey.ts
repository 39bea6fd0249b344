/**
 * Who owns a data stream now, as far as Redis can tell. Two things it cannot: what an owner thinks of itself, and when exactly it was given the
 * stream; it knows when the entry was delivered to it, which is a moment before.
 */
import type { Clock } from '../core/clock.js';
import { nextEntryId } from '../core/entry-id.js';
import type { Commands } from './commands.js';
import { type DelayedStream, delayedUnder } from './delaying.js';
import { parseEntry } from './entry.js';
import { isIncarnation, type Names } from './names.js';
import { trialOf } from './own-fields.js';
import type { OwnerRecords } from './owner-records.js';
import type { PendingMark, PendingRow, PendingSurvey } from './pending-survey.js';
import { replyOf } from './reply-errors.js';
import { createStreamPages } from './stream-page.js';

/** An entry of the name that no application has. */
export interface UnownedEntry {
  readonly id: string;
  readonly retryCount: number;
  /** Its last owners died, and it is begun with few others. */
  readonly isSuspect: boolean;
  /** Who it is pending for; null: it has not been delivered to anybody. */
  readonly pending: PendingRow | null;
}

export type Ownership =
  | {
      readonly state: 'owned';
      /** Name in the group. */
      readonly owner: string;
      /** The entry's id, which is the fencing token. */
      readonly id: string;
      readonly retryCount: number | null;
      /** What its owner has noted of it. */
      readonly mark: PendingMark;
      /** Epoch milliseconds by Redis's clock: when the entry was delivered to this owner. It became the owner no earlier, and at most 10 s later. */
      readonly sinceMs: number;
      /** How long the lease still holds unless it is renewed, in milliseconds: presence, of a consumer of the Go client the lock. Null: for ever. */
      readonly leaseMs: number | null;
      /** False: the lease has run out, and whoever looks first requeues the stream. */
      readonly isAlive: boolean;
    }
  /** Announced, and nobody is known to own it: not delivered yet, or delivered to somebody of whom nothing more is known. */
  | { readonly state: 'unowned'; readonly entries: readonly UnownedEntry[] }
  /** Nothing on the load balancer stream announces it yet: it is given to everyone when its time has come. The first that is due first. */
  | { readonly state: 'delayed'; readonly delayed: readonly DelayedStream[]; readonly nowMs: number }
  /** Nothing announces it: finished, dead-lettered, or never announced. */
  | { readonly state: 'unknown' };

export interface OwnerSurvey {
  /** Whoever is recorded as the owner; undefined: nobody is, but a consumer of the Go client, which keeps no records, may be it. Costs the same whatever there is. */
  recorded(name: string): Promise<Ownership | undefined>;
  of(name: string): Promise<Ownership>;
}

export interface OwnerSurveySettings {
  readonly names: Names;
  readonly commands: Commands;
  readonly clock: Clock;
  /** How long one answer is waited for, in milliseconds. */
  readonly timeoutMs: number;
  readonly owners: OwnerRecords;
  readonly pending: PendingSurvey;
}

const PAGE = 500;
/** What a larger entry announces is not looked at, in bytes. */
const LARGEST_READ = 8_388_608;

type Announced = Omit<UnownedEntry, 'pending'>;

export function createOwnerSurvey({
  names,
  commands,
  clock,
  timeoutMs,
  owners,
  pending,
}: OwnerSurveySettings): OwnerSurvey {
  const readPage = createStreamPages(commands, clock, timeoutMs);

  async function now(): Promise<number> {
    const [seconds, microseconds] = await commands.run('TIME', (client) => client.time());
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  }

  async function owned(row: PendingRow): Promise<Ownership> {
    return {
      state: 'owned',
      owner: row.consumer,
      id: row.id,
      retryCount: row.retryCount,
      mark: row.mark,
      sinceMs: Math.round((await now()) - row.idleMs),
      leaseMs: isIncarnation(row.consumer) ? row.presenceMs : row.lockMs,
      isAlive: row.isAlive === true,
    };
  }

  /** Every entry of this name on the stream: those that nobody has been given as well. */
  async function announcedAs(name: string): Promise<Announced[]> {
    const found: Announced[] = [];
    let start = '-';
    for (;;) {
      const range = {
        order: 'oldestFirst',
        from: start,
        to: '+',
        count: PAGE,
        mostBytes: LARGEST_READ,
      } as const;
      const page = await readPage(names.lbs, range);
      for (const { id, fields: raw } of page.entries) {
        const fields = raw.map(String);
        const parsed = parseEntry({ id, fields });
        if (parsed.ok && parsed.announcement.name === name) {
          found.push({ id, retryCount: parsed.retryCount, isSuspect: trialOf(fields) > 0 });
        }
      }
      const last = page.entries.at(-1);
      if (last === undefined || !page.hasMore) return found;
      start = nextEntryId(last.id);
    }
  }

  async function delayedOrUnknown(name: string): Promise<Ownership> {
    const delayed = await delayedUnder(commands, names, name);
    return delayed.length === 0 ? { state: 'unknown' } : { state: 'delayed', delayed, nowMs: await now() };
  }

  /** Before the first consumer starts there is no group, and so nothing is pending. */
  async function rowsOf(ids: readonly string[]): Promise<PendingRow[]> {
    try {
      return await pending.rowsOf(ids);
    } catch (error) {
      if (replyOf(error) !== 'NOGROUP') throw error;
      return [];
    }
  }

  async function recordedOwner(name: string): Promise<Ownership | undefined> {
    const [recorded] = await owners.of([name]);
    const [row] = recorded ? await rowsOf([recorded]) : [];
    return row?.state === 'owned' ? await owned(row) : undefined;
  }

  return {
    recorded: recordedOwner,
    async of(name) {
      const recorded = await recordedOwner(name);
      if (recorded !== undefined) return recorded;

      // A consumer of the Go client keeps no records, and an entry that waits has none.
      const entries = await announcedAs(name);
      if (entries.length === 0) return await delayedOrUnknown(name);
      const rows = await rowsOf(entries.map(({ id }) => id));
      const holder = rows.find(({ state }) => state === 'owned');
      if (holder !== undefined) return await owned(holder);
      return {
        state: 'unowned',
        entries: entries.map((entry) => ({
          ...entry,
          pending: rows.find(({ id }) => id === entry.id) ?? null,
        })),
      };
    },
  };
}
