/**
 * Who has what, and whether he is still there: the pending list, page by page, with what presence keys, owner records and lock keys say of each
 * entry. A look, not a lock: what is read for one page may change before the next one is read.
 */
import { nextEntryId } from '../core/entry-id.js';
import { type DeadLetterReason, dueReason } from './due-consumer.js';
import { parseEntry } from './entry.js';
import type { EntryReader, ReadEntry } from './entry-reader.js';
import type { GroupStore, PendingEntry } from './group.js';
import { deliveriesOf, isSuspect, PROVEN, UNMARKED } from './marks.js';
import { isIncarnation, type Names } from './names.js';
import type { OwnerRecords } from './owner-records.js';

export type PendingState =
  /** Recorded as the owner of its name; of a consumer of the Go client: its lock stands. */
  | 'owned'
  /** Another pending entry owns the name. */
  | 'waiting'
  /** Given to a consumer, and nothing says that an application has it. */
  | 'delivered'
  /** A suspect: its consumer has it and begins others first. */
  | 'heldBack'
  /** Unknown to its holder: given to a living consumer of ours longer ago than it takes to own it, and not recorded as the owner. */
  | 'unknown'
  /** To be written to the dead-letter stream; in nobody's hands. */
  | 'deadLetterDue'
  /** Its payload was deleted from the stream by someone else. */
  | 'gone';

/** Only of `owned`: what its owner has noted. `proven`: its counts are over. `suspect`: it was begun with few others. Null: nothing. */
export type PendingMark = 'proven' | 'suspect' | null;

export interface PendingRow {
  readonly id: string;
  /** The data stream's name; null when the entry cannot be parsed, is gone, or has more than 8 MiB. */
  readonly name: string | null;
  /** Name in the group of who has it: of ours the incarnation. */
  readonly consumer: string;
  readonly state: PendingState;
  /** Whether its holder lives: of ours by presence, of a consumer of the Go client by the entry's lock. Null: nobody knows, or there is no holder. */
  readonly isAlive: boolean | null;
  /** How long the holder's presence still stands, in milliseconds; null: it has none. */
  readonly presenceMs: number | null;
  /** Whether the lock key of the entry is there. Null: it could not be asked for. */
  readonly isLocked: boolean | null;
  /** How long it still stands, in milliseconds; null: it does not stand, or stands for ever. */
  readonly lockMs: number | null;
  /** Milliseconds since the entry was last delivered. */
  readonly idleMs: number;
  /** How often it was delivered under this id. Of what is held back: 0, since its consumer has not begun with it. */
  readonly deliveries: number;
  readonly mark: PendingMark;
  /** Null when the entry is gone, or has more than 8 MiB. */
  readonly retryCount: number | null;
  /** The entry that owns the name; only of one that waits. */
  readonly waitsFor: string | null;
  /** Only of `deadLetterDue`. */
  readonly reason: DeadLetterReason | null;
}

export interface PendingSurvey {
  /** So many in the order of the ids, from this one on. @param consumer name in the group */
  page(start: string, count: number, consumer: string): Promise<PendingRow[]>;
  /** Pages in the order of the ids. @param consumer name in the group; undefined: everybody's */
  pages(consumer?: string): AsyncGenerator<PendingRow[], void, undefined>;
  /** The rows of these entries (ascending ids), as far as they are pending. */
  rowsOf(ids: readonly string[]): Promise<PendingRow[]>;
}

export interface PendingSurveySettings {
  readonly names: Names;
  readonly group: Pick<GroupStore, 'pending' | 'pendingOf' | 'presence' | 'timesToLive'>;
  readonly entries: Pick<EntryReader, 'pages'>;
  readonly owners: OwnerRecords;
}

const PAGE = 200;
/** Larger entries are not read for their name, in bytes: they have none here. */
const LARGEST_READ = 8_388_608;
/** An entry that was delivered longer ago, in milliseconds, is not owned under its id any more: see `scripts/lib/endings.lua`. */
export const OWNABLE_MS = 10_000;

interface Lock {
  readonly isLocked: boolean | null;
  readonly lockMs: number | null;
}

const NO_LOCK: Lock = { isLocked: false, lockMs: null };

function toLock(answer: number | Error | undefined): Lock {
  if (answer instanceof Error) return { isLocked: null, lockMs: null };
  return answer === undefined || answer === -2
    ? NO_LOCK
    : { isLocked: true, lockMs: answer < 0 ? null : answer };
}

/** Nobody asks twice. */
async function asked<T>(
  keys: readonly string[],
  ask: (keys: string[]) => Promise<readonly T[]>,
): Promise<Map<string, T>> {
  const distinct = [...new Set(keys)];
  const answers = distinct.length === 0 ? [] : await ask(distinct);
  return new Map(distinct.map((key, index) => [key, answers[index] as T]));
}

/** Of a page's payloads no more is kept: all of them together may be more than a process has room for. */
interface Looked {
  readonly isGone: boolean;
  readonly name: string | null;
  readonly retryCount: number | null;
}

function lookAt(entry: ReadEntry): Looked {
  const isGone = entry.outcome === 'gone';
  if (entry.outcome !== 'read') return { isGone, name: null, retryCount: null };
  const parsed = parseEntry(entry);
  return { isGone, name: parsed.ok ? parsed.announcement.name : null, retryCount: parsed.retryCount };
}

export function createPendingSurvey({ names, group, entries, owners }: PendingSurveySettings): PendingSurvey {
  async function look(ids: readonly string[]): Promise<Looked[]> {
    const looked: Looked[] = [];
    for await (const page of entries.pages(ids, LARGEST_READ)) looked.push(...page.map(lookAt));
    return looked;
  }

  async function toRows(pending: readonly PendingEntry[]): Promise<PendingRow[]> {
    const looked = await look(pending.map(({ id }) => id));
    const known = pending.map((one, index) => ({ ...one, ...(looked[index] as Looked) }));
    const named = known.flatMap(({ id, name }) => (name === null ? [] : [{ id, name }]));
    const [presences, records, locks] = await Promise.all([
      asked(pending.map(({ consumer }) => consumer).filter(isIncarnation), (consumers) =>
        group.presence(consumers),
      ),
      asked(
        named.map(({ name }) => name),
        (all) => owners.of(all),
      ),
      asked(
        named.map(({ id, name }) => names.lock(name, id)),
        (keys) => group.timesToLive(keys),
      ),
    ]);
    const others = new Set(
      named.flatMap(({ id, name }) => {
        const owner = records.get(name);
        return owner && owner !== id ? [owner] : [];
      }),
    );
    // A record whose entry is no longer pending counts for nothing.
    const standing = new Set((await group.pendingOf([...others])).map(({ id }) => id));

    return known.map(({ id, consumer, idleMs, deliveries, isGone, name, retryCount }): PendingRow => {
      const lock = name === null ? NO_LOCK : toLock(locks.get(names.lock(name, id)));
      const presence = presences.get(consumer) ?? -2;
      const owner = name === null ? undefined : records.get(name);
      const waitsFor = owner && owner !== id && standing.has(owner) ? owner : null;
      const reason = dueReason(consumer) ?? null;
      const isOurs = isIncarnation(consumer);
      const isOwned = isOurs ? owner === id : lock.isLocked === true;
      return {
        id,
        name,
        consumer,
        state: stateOf({
          isDue: reason !== null,
          isGone,
          isOwned,
          isWaiting: waitsFor !== null,
          isHeldBack: isOurs && deliveriesOf(deliveries) === 0,
          isUnknown: isOurs && presence !== -2 && idleMs >= OWNABLE_MS,
        }),
        isAlive: reason !== null ? null : isOurs ? presence !== -2 : lock.isLocked,
        presenceMs: presence < 0 ? null : presence,
        ...lock,
        idleMs,
        deliveries: isOwned ? Math.max(UNMARKED, deliveriesOf(deliveries)) : deliveriesOf(deliveries),
        mark: isOurs && isOwned ? markOf(deliveries) : null,
        retryCount,
        waitsFor,
        reason,
      };
    });
  }

  return {
    page: async (start, count, consumer) => toRows(await group.pending(start, count, consumer)),
    async *pages(consumer) {
      let start = '-';
      for (;;) {
        const page = await group.pending(start, PAGE, consumer);
        if (page.length > 0) yield await toRows(page);
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE) return;
        start = nextEntryId(last.id);
      }
    },
    async rowsOf(ids) {
      return await toRows(await group.pendingOf(ids));
    },
  };
}

interface Signs {
  readonly isDue: boolean;
  readonly isGone: boolean;
  readonly isOwned: boolean;
  readonly isWaiting: boolean;
  readonly isUnknown: boolean;
  readonly isHeldBack: boolean;
}

function markOf(deliveries: number): PendingMark {
  if (deliveries === PROVEN) return 'proven';
  return isSuspect(deliveries) ? 'suspect' : null;
}

function stateOf({ isDue, isGone, isOwned, isWaiting, isUnknown, isHeldBack }: Signs): PendingState {
  if (isDue) return 'deadLetterDue';
  if (isGone) return 'gone';
  if (isOwned) return 'owned';
  if (isWaiting) return 'waiting';
  if (isUnknown) return 'unknown';
  return isHeldBack ? 'heldBack' : 'delivered';
}
