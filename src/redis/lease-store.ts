/**
 * What one incarnation does with its own lease, each an atomic script in the load balancer stream's slot. Primitive: no retry,
 * no timer, no policy. Losing a lease is a result; Redis being away, or refusing the caller's generation, is an error.
 */
import type { Commands } from './commands.js';
import type { DeadLetterReason } from './due-consumer.js';
import { NO_ROUND, orderOf, type RoundHeard, roundOf } from './fleet.js';
import type { Names } from './names.js';
import { toCount } from './own-fields.js';

/** An entry of the load balancer stream and the data stream it announces ('' when it cannot be parsed). */
export interface EntryRef {
  readonly id: string;
  readonly name: string;
}

/** What became of one entry that was to be acquired. */
export type Acquired =
  | {
      readonly result: 'owned';
      /** What was recorded as the owner of its name was no entry id, and has been overwritten. */
      readonly overwrote?: true;
      /** What is kept of how far its last owner came; '' where there is something that was too large for this answer. Undefined: nothing. */
      readonly checkpoint?: string;
    }
  /** Not pending for this incarnation: delivered long ago, and taken by others since. */
  | { readonly result: 'notMine' }
  /** Its name is owned by another entry, paused, or another one's turn: it is in nobody's hands, and goes back on the stream when that is over. */
  | { readonly result: 'parked' }
  /** Another entry of its name waits: this one is finished. */
  | { readonly result: 'coalesced' }
  /** Another pending entry owns the data stream's name, or owned it a moment ago with a newer token: to be given back under a new id. */
  | { readonly result: 'contended'; readonly owner: string };

/** An entry that is to be given back. */
export interface GivenBack extends EntryRef {
  /** What its handler threw, as a dead letter is to hold it; undefined: nothing. */
  readonly error?: string | undefined;
}

/** An entry that is to be finished. */
export interface Finish extends EntryRef {
  /** It is not finished where it has been touched more often; undefined: however often. */
  readonly ifTouches?: number | undefined;
  /** It is known to have been touched: that is forgotten with it. */
  readonly isTouched?: boolean;
  /** What is kept of how far its owner came goes with it. */
  readonly isClearing?: boolean;
  /** A `CheckpointContent` that takes its place. */
  readonly leaving?: string | undefined;
}

export type MoveOutcome =
  | 'requeued'
  | 'deadLettered'
  /** To be written to a dead-letter stream in another slot: out of everybody's hands, and not there yet. */
  | 'deadLetterDue'
  | 'gone'
  /** It had been cancelled: it is finished. */
  | 'cancelled'
  /** It will be given to everyone later. */
  | 'delayed'
  | 'notMine'
  | 'waiting'
  | 'notPending'
  | 'locked';

export interface Moved {
  readonly outcome: MoveOutcome;
  /** Id of the copy: on the load balancer stream when requeued, on the dead-letter stream when dead-lettered, of what is delayed; else ''. */
  readonly copyId: string;
  /** Retry count of the copy. */
  readonly retryCount: number;
  /** Remaining time to live of the lock that stands in the way, in milliseconds; -1: for ever. Only with `locked`. */
  readonly lockTtlMs?: number;
  /** Only with `deadLetterDue` and `deadLettered`. */
  readonly reason?: DeadLetterReason;
}

export interface MoveResult {
  /** In the order of the entries. Fewer than those where they had many bytes: the rest have not been looked at. */
  readonly moved: readonly Moved[];
  /** How many dead letters were trimmed away to keep the cap. */
  readonly trimmed: number;
  /** 0 where the dead-letter stream lives in another slot. */
  readonly dlqLength: number;
}

export type GiveBackReason = 'handOver' | 'failed' | 'waiting' | 'rejected' | 'unparseable' | 'tooLarge';

export type Duplicates = 'queue' | 'coalesce';

/** What is parked at the moment. */
export interface ParkedCounts {
  readonly count: number;
  /** The names of which most is parked, three at most, and how much that is. Long names are cut. */
  readonly hottest: readonly HotName[];
}

export interface HotName {
  readonly name: string;
  readonly parked: number;
}

/** What became of entries that nobody had been given yet, and that were to be parked. */
export interface ParkedAhead {
  readonly parked: number;
  /** Finished, as another one of their name waits. */
  readonly coalesced: number;
  /** Could not be parked after all, and are pending for this incarnation. */
  readonly left: number;
  /** The next one may be to be parked as well. */
  readonly isMore: boolean;
  /** The last one's id; undefined: there was none. */
  readonly last: string | undefined;
}

export const NOTHING_PARKED: ParkedCounts = { count: 0, hottest: [] };

export interface LeaseSettings {
  readonly consumer: string;
  readonly heartbeatMs: number;
  readonly maxRetries: number;
  /** Cap of the dead-letter stream, approximate; 0: none. */
  readonly dlqMaxLen: number;
  /** The dead-letter stream shares the load balancer stream's slot, or there is one server. False: what belongs there becomes due only. */
  readonly dlqIsLocal: boolean;
  /** What becomes of an entry while another one of its name waits: it waits too, or is finished. */
  readonly duplicates: Duplicates;
  /** List that the scripts append each change of owner to. Undefined: none is kept. */
  readonly historyKey: string | undefined;
}

export type Raised =
  | { readonly raised: true; readonly wasPresent: boolean }
  /** A generation at least as high stands; raise above it. */
  | { readonly raised: false; readonly standing: number };

/** What became of a page of the own pending list. */
export interface Touched {
  /** Id of the page's last entry; undefined: there are no more. */
  readonly last: string | undefined;
  /** How many look young again. */
  readonly count: number;
  /** Entries whose payload somebody else has deleted, and that Redis has therefore taken off the pending list. */
  readonly gone: readonly string[];
}

export interface LeaseStore {
  /** Under which this incarnation sends its scripts now. */
  generation(): number;
  /** Writes presence under a new, higher generation; from then on every script of this store carries it. */
  raise(generation: number): Promise<Raised>;
  /**
   * The heartbeat. `lapsed`: presence has expired, and nothing was written; raise a new generation.
   *
   * @param record what this incarnation says of itself (see `fleet.ts`)
   * @param givenOut id of an entry up to which everything has been given out; '': it is not known
   */
  refresh(record?: string, givenOut?: string): Promise<'alive' | 'lapsed'>;
  /** How often entries of this incarnation had been touched in all, as of the last heartbeat that was answered. */
  touchesHeard(): number;
  /** In how many milliseconds the presence of another incarnation runs out next, as of the last heartbeat that was answered; below 1: it has. Undefined: there is no other. */
  nextPresenceInMs(): number | undefined;
  /** In how many milliseconds what is delayed is due next, as of the last heartbeat that was answered; below 1: now. Undefined: nothing is delayed. */
  dueInMs(): number | undefined;
  /** What the last round of balancing found, as of the last heartbeat that was answered. */
  roundHeard(): RoundHeard;
  /** How often this incarnation was to hear of a cancel, as of the last heartbeat that was answered. */
  cancelsHeard(): number;
  /** Whether entries may wait to be given out, as of the last heartbeat that was answered: there are some behind what it was told of. */
  newerHeard(): boolean;
  /** What was parked, as of the last heartbeat that was answered. */
  parkedHeard(): ParkedCounts;
  /** Which of these entries have been cancelled. At most 500. */
  cancelled(ids: readonly string[]): Promise<boolean[]>;
  /** How often each of these entries has been touched. At most 500. */
  touches(ids: readonly string[]): Promise<number[]>;
  /**
   * Verifies entries and records them as owned. Ascending ids, at most 128 a call keeps Redis below 5 ms.
   *
   * @param isHeld the application works on them, and their records were lost: neither a pause nor another entry's turn takes them away
   */
  acquire(batch: readonly EntryRef[], isHeld?: boolean): Promise<Acquired[]>;
  /**
   * Parks what is next on the stream, up to the first entry that is to be given to an application. Nothing is parked where the user may not use
   * XINFO GROUPS. At most 128 a call keeps Redis below 5 ms.
   */
  parkAhead(most: number): Promise<ParkedAhead>;
  /**
   * Marks entries of this incarnation: see `marks.ts`. Ascending ids, at most 200. Resolves with those whose payload somebody else has deleted, and
   * that Redis has therefore taken off the pending list.
   */
  mark(ids: readonly string[], mark: number): Promise<readonly string[]>;
  /**
   * Acknowledges and deletes entries that are pending for this incarnation: true where it was. A number: how often it has been touched, which is
   * more often than it may have been; nothing was done. Ascending ids, at most 200.
   */
  done(batch: readonly Finish[]): Promise<(boolean | number)[]>;
  /** The same, but not before so many milliseconds have passed. Ascending ids, at most 200. */
  delay(batch: readonly EntryRef[], afterMs: number): Promise<MoveResult>;
  /** Gives entries of this incarnation back to everyone. Ascending ids, at most 200. */
  giveBack(reason: GiveBackReason, batch: readonly GivenBack[]): Promise<MoveResult>;
  /**
   * Sets the idle time of what is pending for this incarnation back, a page of at most 500 entries.
   *
   * @param start entry id that the page begins at; `-`: the first
   * @param fromMs entries that have been idle for less are left as they are
   */
  touch(start: string, count: number, fromMs: number): Promise<Touched>;
  /** Deletes presence, and this incarnation's consumer if nothing is pending for it. Resolves with how much still is. */
  leave(): Promise<number>;
}

type BeatReply = [
  alive: number,
  nextPresence: string,
  due: string,
  cancels: number,
  roundIn: string,
  round: string,
  order: string,
  newer: string,
  parked?: number,
  ...hottest: (string | number)[],
];

/** Of an entry that is owned and has a checkpoint: with that, where the answer had room for it. */
type AcquireReply = number | string | [owned: number, checkpoint?: string];

function toAcquired(item: AcquireReply): Acquired {
  const [result, checkpoint] = Array.isArray(item) ? [item[0], item[1] ?? ''] : [item];
  switch (result) {
    case 0:
      return { result: 'notMine' };
    case 1:
    case 2:
      return {
        result: 'owned',
        ...(result === 2 && { overwrote: true }),
        ...(checkpoint !== undefined && { checkpoint }),
      };
    case 3:
      return { result: 'parked' };
    case 4:
      return { result: 'coalesced' };
    default:
      return { result: 'contended', owner: String(result) };
  }
}

/** Names and counts in turn. */
function toHotNames(flat: readonly (string | number)[]): HotName[] {
  const names: HotName[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    names.push({ name: String(flat[at]), parked: Number(flat[at + 1]) });
  }
  return names;
}

/** The reply of the scripts that move entries. */
export function readMoves(reply: unknown): MoveResult {
  const [rows, trimmed, dlqLength] = reply as [
    [MoveOutcome, string | number, number, DeadLetterReason?][],
    number,
    number,
  ];
  return {
    moved: rows.map(([outcome, second, retryCount, reason]): Moved => {
      switch (outcome) {
        case 'locked':
          return { outcome, copyId: '', retryCount, lockTtlMs: Number(second) };
        case 'deadLetterDue':
          return { outcome, copyId: '', retryCount, reason: second as DeadLetterReason };
        case 'deadLettered':
          return { outcome, copyId: String(second), retryCount, reason: reason as DeadLetterReason };
        default:
          return { outcome, copyId: String(second), retryCount };
      }
    }),
    trimmed,
    dlqLength,
  };
}

export function flatten(batch: readonly EntryRef[]): string[] {
  const flat: string[] = [];
  for (const { id, name } of batch) flat.push(id, name);
  return flat;
}

/** The dead-letter stream as the scripts that move entries take it: the load balancer stream stands for one in another slot. */
export function dlqKey(names: Names, { dlqIsLocal }: Pick<LeaseSettings, 'dlqIsLocal'>): string {
  return dlqIsLocal ? names.dlq : names.lbs;
}

export function createLeaseStore(commands: Commands, names: Names, settings: LeaseSettings): LeaseStore {
  const { consumer, heartbeatMs } = settings;
  const presence = names.presence(consumer);
  const history = settings.historyKey === undefined ? [] : [settings.historyKey];
  const ownKeys = [names.lbs, presence, names.owners, ...names.endings, ...history];
  const aside = [names.cancels, ...names.parking];
  const moveKeys = [
    names.lbs,
    presence,
    names.owners,
    ...names.endings,
    dlqKey(names, settings),
    ...history,
    ...aside,
  ];
  const [parkedKey, , parkedCountsKey] = names.parking;
  const delayedKeys = [names.delayed, names.delayedDue, names.delayedNames];
  let generation = 0;
  let touchesHeard = 0;
  let nextPresenceInMs: number | undefined;
  let dueInMs: number | undefined;
  let cancelsHeard = 0;
  let roundHeard = NO_ROUND;
  let newerHeard = true;
  let parkedHeard = NOTHING_PARKED;

  return {
    generation: () => generation,
    async raise(next) {
      const args = [next, heartbeatMs, consumer, names.presences];
      const [raised, detail] = (await commands.script('raise', [presence], args)) as [number, number];
      if (raised === 0) return { raised: false, standing: detail };
      generation = next;
      return { raised: true, wasPresent: detail === 1 };
    },
    async refresh(record = '', givenOut = '') {
      const args = [generation, heartbeatMs, consumer, names.touches, names.delayedDue, names.cancels];
      args.push(
        parkedKey,
        parkedCountsKey,
        names.presences,
        names.members,
        record,
        names.balance,
        names.lbs,
        givenOut,
      );
      const reply = await commands.script('refresh', [presence], args);
      if (!Array.isArray(reply)) return 'lapsed';
      const [alive, nextPresence, due, cancels, roundIn, last, order, newer, count, ...hottest] =
        reply as BeatReply;
      touchesHeard = alive - 1;
      nextPresenceInMs = nextPresence === '' ? undefined : Number(nextPresence);
      dueInMs = due === '' ? undefined : Number(due);
      cancelsHeard = cancels;
      roundHeard = { dueInMs: Number(roundIn), round: roundOf(last), order: orderOf(order) };
      newerHeard = newer !== '' || givenOut === '';
      parkedHeard = count === undefined ? NOTHING_PARKED : { count, hottest: toHotNames(hottest) };
      return 'alive';
    },
    touchesHeard: () => touchesHeard,
    nextPresenceInMs: () => nextPresenceInMs,
    dueInMs: () => dueInMs,
    roundHeard: () => roundHeard,
    cancelsHeard: () => cancelsHeard,
    newerHeard: () => newerHeard,
    parkedHeard: () => parkedHeard,
    async cancelled(ids) {
      if (ids.length === 0) return [];
      const marks = await commands.run('HMGET', (client) => client.hmget(names.cancels, ...ids));
      return marks.map((mark) => mark !== null);
    },
    async touches(ids) {
      if (ids.length === 0) return [];
      const counts = await commands.run('HMGET', (client) => client.hmget(names.touches, ...ids));
      return counts.map(toCount);
    },
    async acquire(batch, isHeld = false) {
      const keys = [...ownKeys, ...aside, names.checkpoints];
      if (settings.duplicates === 'coalesce') keys.push(names.lbs);
      if (isHeld) keys.push(names.owners);
      const reply: AcquireReply[] = [];
      // Where much has to be parked, a call tells of the first of them.
      while (reply.length < batch.length) {
        const args = [names.group, consumer, generation, ...flatten(batch.slice(reply.length))];
        reply.push(...((await commands.script('acquire', keys, args)) as AcquireReply[]));
      }
      return reply.map(toAcquired);
    },
    async parkAhead(most) {
      const keys = [names.lbs, presence, names.owners, ...aside, ...history];
      const args = [names.group, consumer, generation, most, settings.duplicates];
      const reply = await commands.script('park-ahead', keys, args);
      const [parked, coalesced, left, more, last] = reply as [number, number, number, number, string];
      return { parked, coalesced, left, isMore: more === 1, last: last === '' ? undefined : last };
    },
    async mark(ids, mark) {
      const args = [names.group, consumer, generation, mark, ...ids];
      return (await commands.script('mark', [names.lbs, presence], args)) as string[];
    },
    async done(batch) {
      const args: (string | number)[] = [names.group, consumer, generation, ...flatten(batch)];
      let keys = [...ownKeys, ...names.parking];
      const isClearing = batch.some((finish) => finish.isClearing);
      if (isClearing || batch.some(({ ifTouches, isTouched }) => ifTouches !== undefined || isTouched)) {
        args.push('', ...batch.map(({ ifTouches = '' }) => ifTouches));
        keys = [...keys, names.touches];
      }
      if (isClearing) {
        args.push(...batch.map(({ isClearing, leaving = 1 }) => (isClearing ? leaving : '')));
        keys = [...keys, names.checkpoints];
      }
      const reply = (await commands.script('done', keys, args)) as number[];
      return reply.map((item) => (item < 0 ? -item : item === 1));
    },
    async delay(batch, afterMs) {
      const keys = [
        names.lbs,
        presence,
        names.owners,
        ...names.endings,
        ...delayedKeys,
        ...aside,
        ...history,
      ];
      const args = [names.group, consumer, generation, afterMs, ...flatten(batch)];
      return readMoves(await commands.script('delay', keys, args));
    },
    async giveBack(reason, batch) {
      const { maxRetries, dlqMaxLen } = settings;
      const args = [names.group, consumer, generation, maxRetries, dlqMaxLen, reason];
      args.push(...flatten(batch));
      if (batch.some(({ error }) => error)) args.push('', ...batch.map(({ error = '' }) => error));
      return readMoves(await commands.script('give-back', moveKeys, args));
    },
    async touch(start, count, fromMs) {
      const args = [names.group, consumer, generation, start, count, fromMs];
      const reply = await commands.script('touch', [names.lbs, presence], args);
      const [last, touched, gone] = reply as [string, number, string[]];
      return { last: last === '' ? undefined : last, count: touched, gone };
    },
    async leave() {
      return (await commands.script(
        'leave',
        [names.lbs, presence, names.presences],
        [names.group, consumer, names.wakes(consumer)],
      )) as number;
    },
  };
}
