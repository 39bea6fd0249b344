/**
 * Taking an entry from its holder on the word of an operator, whether or not the holder is alive. No consumer has to run for that. Primitive,
 * like the lease store: `scripts/claim.lua` says what happens.
 */
import type { Commands } from './commands.js';
import { dueReason } from './due-consumer.js';
import { parseEntry } from './entry.js';
import { type EntryReader, readEntries } from './entry-reader.js';
import type { GroupStore } from './group.js';
import type { Layout } from './layout.js';
import { dlqKey } from './lease-store.js';
import { isIncarnation, type Names } from './names.js';
import { Shortfall } from './shortfall.js';
import { createStranded } from './stranded.js';

export type ClaimOutcome =
  /** Everybody may have the copy. */
  | {
      readonly outcome: 'requeued';
      readonly holder: string;
      readonly copyId: string;
      readonly retryCount: number;
    }
  /** Its payload was deleted by someone else; it is off the pending list. */
  | { readonly outcome: 'gone'; readonly holder: string }
  /** It had been cancelled by a producer: it is finished, and given to nobody. */
  | { readonly outcome: 'cancelled'; readonly holder: string }
  /** No name could be read from it. Due: written to a dead-letter stream of another slot by the next sweep of a consumer. */
  | {
      readonly outcome: 'deadLettered' | 'deadLetterDue';
      readonly holder: string;
      readonly reason: NamelessReason;
    }
  /** Nothing was done: the holder shows signs of life. `leaseMs`: how much longer, in milliseconds; null: it was given the entry just now. */
  | { readonly outcome: 'alive'; readonly holder: string; readonly leaseMs: number | null }
  /** Nothing was done: the lock of the entry stands. `lockMs`: how much longer, in milliseconds; null: for ever, or nobody knows. */
  | { readonly outcome: 'locked'; readonly holder: string; readonly lockMs: number | null }
  /** Nothing was done: it is on its way to the dead-letter stream, and in nobody's hands. */
  | { readonly outcome: 'due' }
  /** It was stranded: given out, and pending for nobody. Everybody may have the copy. */
  | { readonly outcome: 'adopted'; readonly copyId: string }
  /** Nothing was done: nobody has it. */
  | { readonly outcome: 'undelivered' | 'notThere' }
  /** Nothing was done: while we looked, it went from this holder's hands. */
  | { readonly outcome: 'moved'; readonly holder: string };

/** Why an entry has no name here; `tooLarge`: it did not arrive in time, even alone. */
type NamelessReason = 'unparseable' | 'tooLarge';

export interface Claims {
  /**
   * @param force whether or not the holder is alive
   * @throws StreamwardenError `PermissionDenied` or `CommandsMissing` naming every command, before anything is done
   */
  claim(id: string, force: boolean): Promise<ClaimOutcome>;
}

export interface ClaimSettings {
  readonly names: Names;
  readonly layout: Layout;
  /** On the server of the load balancer stream. */
  readonly commands: Commands;
  readonly group: Pick<GroupStore, 'pendingOf' | 'presence' | 'timesToLive'>;
  readonly entries: Pick<EntryReader, 'pages'>;
  /** Who takes, for whoever reads MONITOR. */
  readonly caller: string;
}

/** A consumer of the Go client that was given an entry takes its lock within this time, in milliseconds. */
const LOCKING_MS = 2_000;

/** What the script and the look before it use, as the probe names it. Tried first: a script that is refused half way has done half. */
const NEEDED: ReadonlySet<string> = new Set([
  'XLEN', 'XRANGE', 'XPENDING', 'XACK', 'XDEL', 'XADD', 'XCLAIM', 'HGET', 'HSET', 'HDEL', 'DEL', 'PEXPIRE', 'PTTL', 'TIME', 'GET', 'SET',
]); // biome-ignore format: one list

interface Taking {
  readonly id: string;
  readonly holder: string;
  /** '': none could be read from it. */
  readonly name: string;
  readonly reason: NamelessReason;
}

type Reply = [outcome: string, second: string | number, retryCount: number];

export function createClaims({ names, layout, commands, group, entries, caller }: ClaimSettings): Claims {
  const { lbs, owners, endings } = names;
  const dlq = dlqKey(names, layout);
  const stranded = createStranded(commands, names);

  async function checkRights(): Promise<void> {
    const keys = [lbs, dlq, names.scratch(caller)];
    const reply = await commands.script('probe', keys, [names.group, 0, layout.dlqIsLocal ? 0 : 1]);
    const shortfall = new Shortfall();
    shortfall.add(reply as string[], (command) => NEEDED.has(command));
    shortfall.check();
  }

  /** Remaining time to live of a lock in another slot. It is looked at before the script, which cannot; -2: there is none. */
  async function lockElsewhere(lock: string): Promise<number | null> {
    if (layout.locksAreLocal) return -2;
    const [ttl] = await group.timesToLive([lock]);
    return ttl === undefined || ttl instanceof Error ? null : ttl;
  }

  async function take({ id, holder, name, reason }: Taking, force: boolean): Promise<ClaimOutcome> {
    const lock = names.lock(name, id);
    if (!force && name !== '') {
      const ttl = await lockElsewhere(lock);
      if (ttl !== -2) return { outcome: 'locked', holder, lockMs: ttl === -1 ? null : ttl };
    }
    const lockKey = layout.locksAreLocal && name !== '' ? lock : lbs;
    const isOurs = isIncarnation(holder);
    const [outcome, second, retryCount] = (await commands.script(
      'claim',
      [lbs, names.presence(holder), owners, ...endings, dlq, lockKey, names.cancels, ...names.parking],
      [names.group, holder, caller, force ? 1 : 0, isOurs ? 0 : LOCKING_MS, isOurs ? 0 : 1, id, name, reason],
    )) as Reply;
    switch (outcome) {
      case 'requeued':
        return { outcome, holder, copyId: String(second), retryCount };
      case 'alive':
        return { outcome, holder, leaseMs: Number(second) < 0 ? null : Number(second) };
      case 'locked':
        return { outcome, holder, lockMs: Number(second) < 0 ? null : Number(second) };
      case 'notPending':
        return { outcome: 'moved', holder };
      case 'gone':
      case 'cancelled':
        return { outcome, holder };
      default:
        return { outcome: outcome as 'deadLettered' | 'deadLetterDue', holder, reason };
    }
  }

  return {
    async claim(id, force) {
      const [[row], [entry]] = await Promise.all([
        group.pendingOf([id]),
        readEntries(entries, [id], Number.POSITIVE_INFINITY),
      ]);
      if (row === undefined) {
        if (entry?.outcome === 'gone') return { outcome: 'notThere' };
        const [copyId] = await stranded.adopt([id]);
        return copyId ? { outcome: 'adopted', copyId } : { outcome: 'undelivered' };
      }
      if (dueReason(row.consumer) !== undefined) return { outcome: 'due' };
      if (!force) {
        // The script looks again, in the step that takes it; this only says it in better words than those about its lock.
        const [leaseMs = -2] = await group.presence([row.consumer]);
        if (leaseMs !== -2)
          return { outcome: 'alive', holder: row.consumer, leaseMs: leaseMs < 0 ? null : leaseMs };
      }
      await checkRights();
      const parsed = entry?.outcome === 'read' ? parseEntry(entry) : undefined;
      const name = parsed?.ok ? parsed.announcement.name : '';
      const reason = entry?.outcome === 'tooLarge' ? 'tooLarge' : 'unparseable';
      return await take({ id, holder: row.consumer, name, reason }, force);
    },
  };
}
