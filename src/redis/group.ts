/**
 * The consumer group as everyone sees it: who is in it, what is pending for whom, who is present, and taking from the dead.
 * Primitive, like the lease store.
 */
import { type Clock, randomHex } from '../core/clock.js';
import { isEntryId } from '../core/entry-id.js';
import { type Balance, MOST_COUNTED, toBalance } from './balance.js';
import type { Commands } from './commands.js';
import { toEpochMs } from './epoch.js';
import {
  dlqKey,
  type EntryRef,
  flatten,
  type LeaseSettings,
  type MoveResult,
  readMoves,
} from './lease-store.js';
import type { Names } from './names.js';
import { createOwnerRecords } from './owner-records.js';
import { pipelined } from './pipelined.js';
import { replyOf } from './reply-errors.js';
import { textBatches } from './text-batches.js';

export interface GroupConsumer {
  /** Name in the group. */
  readonly name: string;
  readonly pending: number;
  /** Milliseconds since its last command on the group. No sign of life: empty blocking reads do not count on Redis 6.2 and 7.0. */
  readonly idleMs: number;
}

export interface PendingEntry {
  readonly id: string;
  readonly consumer: string;
  /** Milliseconds since it was last delivered. */
  readonly idleMs: number;
  readonly deliveries: number;
}

/** How long a key lives on, in milliseconds; -1 for ever, -2 when it does not exist. */
export type TimeToLive = number;

export type Nameless = 'tooLarge' | 'unread';

export interface RequeueOptions {
  /** Entries idle for less are left alone, in milliseconds. 0: whatever their idle time. */
  readonly minIdleMs: number;
  /** Spend a retry also on entries without an owner record: right for consumers of the Go client, which keep none. */
  readonly spendAlways: boolean;
  /**
   * Why entries without a name have none. `tooLarge`: they are too large to be read. `unread`: nobody owned them, and they are what the dead
   * consumer may have died of. Undefined: they cannot be parsed.
   */
  readonly nameless?: Nameless;
  /** Lock keys to look at in the same atomic step; empty when locks are not kept, or live elsewhere. */
  readonly lockKeys: readonly string[];
}

export interface Pruned {
  /** Owner records that were cleared. */
  readonly cleared: number;
  /** Those of them that were no entry id. */
  readonly garbage: number;
  /** There is something for `pruneAnnounced` to look at. */
  readonly hasAnnounced: boolean;
  /** Something is parked, or was. */
  readonly hasParked: boolean;
  /** There is something for `CheckpointStore.prune` to look at. */
  readonly hasCheckpoints: boolean;
}

interface OwnerPage {
  readonly pairs: [name: string, id: string][];
  /** How many of the keys that were asked for exist, on the first page. */
  readonly existing: number;
}

export interface Payloads {
  /** Undefined: the stream is empty. */
  readonly firstId: string | undefined;
  readonly length: number;
  /** Of the ids that were looked for. */
  readonly gone: readonly string[];
  /** How many of the ids that were asked for have been looked for, from the first on. Fewer than all where they have many bytes. */
  readonly looked: number;
}

export interface IndexedPresences {
  /** Name in the group → epoch milliseconds by Redis's clock. */
  readonly untilMs: ReadonlyMap<string, number>;
  readonly redisMs: number;
}

export interface DeadSearch {
  /** For so long nobody else finds who was found, in milliseconds. 0: only looks. */
  readonly turnMs: number;
  readonly most: number;
  /** One who is to be in the index. */
  readonly watched: string | undefined;
  /** Found dead without the index. */
  readonly suspects: readonly string[];
}

export interface FoundDead {
  /** Redis's clock, epoch milliseconds. */
  readonly redisMs: number;
  /** In how many milliseconds the presence of another one runs out next. Undefined: there is no other in the index. */
  readonly nextMs: number | undefined;
  /** Whether the one who is to be in the index is. */
  readonly isWatchedThere: boolean;
  /** How many consumers of the group are not in the index. Undefined: the user may not run XINFO GROUPS. */
  readonly strangers: number | undefined;
  readonly indexed: number;
  /** Whose presence has run out as far as the index says, and for how many milliseconds it has been. */
  readonly dead: readonly { readonly name: string; readonly overdueMs: number }[];
}

export interface PendingCount {
  readonly own: number;
  readonly others: readonly string[];
}

export interface GroupStore {
  /** Creates stream and group where missing. True when the group was created now. At `0`: nothing added before is missed. */
  create(): Promise<boolean>;
  /** A text that is another one when the group, or all of Redis's data, is not the one it was: whatever was pending then is gone. */
  epoch(): Promise<string>;
  consumers(): Promise<GroupConsumer[]>;
  /** A page of the pending list from `start` on, of everyone or of one consumer, by id. */
  pending(start: string, count: number, consumer?: string): Promise<PendingEntry[]>;
  /** Of these entries the ones that are pending, for whomever. */
  pendingOf(ids: readonly string[]): Promise<PendingEntry[]>;
  /** Where the entries of the stream are. Undefined: there is no group. Needs the right to XINFO GROUPS, which consumers can do without. */
  balance(): Promise<Balance | undefined>;
  /** Which of these entries are no longer on the stream, and what is there at all. At most 100. */
  payloads(ids: readonly string[]): Promise<Payloads>;
  /** The names that these entries are recorded as the owners of: all that is left to tell by when a payload is gone. Walks the hash. */
  namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Which entry is recorded as the owner of each name; null: none. At most 1000. */
  owners(names: readonly string[]): Promise<(string | null)[]>;
  /** Times to live of these consumers' presence. */
  presence(consumers: readonly string[]): Promise<TimeToLive[]>;
  /** The same, and Redis's clock when it was asked, epoch milliseconds. */
  presences(consumers: readonly string[]): Promise<{ readonly ttls: TimeToLive[]; readonly redisMs: number }>;
  /** Which of these consumers are present. One command for 500 of them, so for those whose time to live is no matter. */
  present(consumers: readonly string[]): Promise<boolean[]>;
  /** The index of presences, and Redis's clock when it was read, epoch milliseconds. Grows with the fleet. */
  indexed(): Promise<IndexedPresences>;
  /** Says in the index until when the presence of those that are in it stands, epoch milliseconds by Redis's clock; `onlyEarlier`: where that is earlier than it says. */
  reindex(untilMs: ReadonlyMap<string, number>, onlyEarlier?: boolean): Promise<void>;
  /** Takes them out of the index. */
  unindex(consumers: readonly string[]): Promise<void>;
  /** Finds whose presence has run out, by the index. */
  findDead(search: DeadSearch): Promise<FoundDead>;
  /** How many entries are pending for the caller, and for which of these others something is. */
  countPending(others: readonly string[]): Promise<PendingCount>;
  /** Gives a presence no more time to live than this, in milliseconds: the clock of Redis was set back. */
  shorten(consumer: string, ttlMs: number): Promise<void>;
  /** Times to live of these lock keys, wherever they live; an error for one that could not be asked for. */
  timesToLive(keys: readonly string[]): Promise<(TimeToLive | Error)[]>;
  /** Takes entries (ascending ids, at most 200) from a dead consumer, the first ones only where they have many bytes. `alive` when its presence stands: nothing was done. */
  requeue(from: string, batch: readonly EntryRef[], options: RequeueOptions): Promise<MoveResult | 'alive'>;
  /** Removes a dead consumer that has nothing pending. */
  forget(consumer: string): Promise<boolean>;
  /** Removes those of these consumers (at most 200) that are dead and have nothing pending; resolves with how many. */
  forgetAll(consumers: readonly string[]): Promise<number>;
  /** Clears owner records that point to entries no longer pending, and what is no entry id at all. Walks the hash. */
  pruneOwners(): Promise<Pruned>;
  /** Clears what is remembered of announced streams, touches and cancels, and whose entry is gone; resolves with how many records. Walks the hashes. */
  pruneAnnounced(): Promise<number>;
}

type Row = [id: string, consumer: string, idle: number, deliveries: number];

function toPending([id, consumer, idleMs, deliveries]: Row): PendingEntry {
  return { id, consumer, idleMs, deliveries };
}

/** Presences that are asked for in one command; keeps Redis below 1 ms. */
const PRESENCE_PAGE = 500;
/** So few own entries are counted one by one. Each costs Redis as much as the counts of two consumers. */
const MOST_READ = 50;

/** Records that are looked at in one call; keeps the script below 5 ms. */
const PRUNED_PAGE = 500;
/** Owner records in one reply: few at first, as nobody knows how long their names are. */
const FIRST_OWNERS = 8;
const MOST_OWNERS = 200;
/** Characters of a reply after which the next one is to be smaller. */
const LONG_REPLY = 65_536;

function nextCount(count: number, reply: readonly string[]): number {
  const length = reply.reduce((sum, text) => sum + text.length, 0);
  if (length <= LONG_REPLY / 2) return Math.min(MOST_OWNERS, count * 2);
  return length <= LONG_REPLY ? count : Math.max(1, Math.floor((count * LONG_REPLY) / length));
}

/** EXISTS counts a key as often as it is named: so one answer tells these from the three others, and those from all of these. */
const PARKED_WEIGHT = 4;
const CHECKPOINTS_WEIGHT = 12;

/** With the format's version in front, as the scripts expect it. */
function newEpoch(clock: Clock): string {
  return `v1 ${randomHex(clock, 8)}`;
}

/** Names and values in turn, as XINFO replies. */
function toRecord(flat: unknown[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) record[String(flat[at])] = flat[at + 1];
  return record;
}

export function createGroupStore(
  commands: Commands,
  names: Names,
  settings: LeaseSettings,
  clock: Clock,
): GroupStore {
  const { lbs, group, owners, endings } = names;
  const dlq = dlqKey(names, settings);
  const history = settings.historyKey === undefined ? [] : [settings.historyKey];
  const records = createOwnerRecords(commands, names);
  /** Whether the user may run XINFO GROUPS, as far as is known. */
  let mayCount = true;
  /** How many entries were pending for the caller when it was last asked. */
  let ownPending = 0;
  const aside = [names.cancels, ...names.parking];
  const [, , parkedCounts, turns] = names.parking;
  const beside = [names.announced, names.touches, names.cancels];
  for (let at = 0; at < PARKED_WEIGHT; at += 1) beside.push(parkedCounts, turns);
  for (let at = 0; at < CHECKPOINTS_WEIGHT; at += 1) beside.push(names.checkpoints);

  async function timesToLive(keys: readonly string[]): Promise<TimeToLive[]> {
    if (keys.length === 0) return [];
    return await commands.run('PTTL', (client) =>
      pipelined<number>(client, (pipeline) => {
        for (const key of keys) pipeline.pttl(key);
      }),
    );
  }

  /**
   * Names and ids as they are recorded; the field '' holds the format's version.
   *
   * @param beside keys: with the first page it is asked, in the same message, how many of them there are
   */
  async function* ownerPages(beside: readonly string[] = []): AsyncGenerator<OwnerPage> {
    let cursor = '0';
    let count = FIRST_OWNERS;
    do {
      const isAsked = cursor === '0' && beside.length > 0;
      const [page, existing = 0] = (await commands.run('HSCAN', (client) =>
        pipelined<unknown>(client, (pipeline) => {
          pipeline.hscan(owners, cursor, 'COUNT', count);
          if (isAsked) pipeline.exists(...beside);
        }),
      )) as [[string, string[]], number?];
      const [next, flat] = page;
      cursor = next;
      count = nextCount(count, flat);
      const pairs: [string, string][] = [];
      for (let at = 0; at + 1 < flat.length; at += 2) {
        if (flat[at] !== '') pairs.push([flat[at] as string, flat[at + 1] as string]);
      }
      yield { pairs, existing };
    } while (cursor !== '0');
  }

  return {
    async create() {
      try {
        await commands.run('XGROUP CREATE', async (client) => {
          await client.xgroup('CREATE', lbs, group, '0', 'MKSTREAM');
          await client.hset(owners, '', newEpoch(clock));
        });
        return true;
      } catch (error) {
        if (replyOf(error) === 'BUSYGROUP') return false;
        throw error;
      }
    },
    async epoch() {
      const [, epoch] = await commands.run('HGET', (client) =>
        pipelined<string>(client, (pipeline) =>
          pipeline.hsetnx(owners, '', newEpoch(clock)).hget(owners, ''),
        ),
      );
      return epoch ?? '';
    },
    async consumers() {
      const rows = await commands.run('XINFO CONSUMERS', (client) => client.xinfo('CONSUMERS', lbs, group));
      return (rows as unknown[][]).map(toRecord).map((row) => ({
        name: String(row.name),
        pending: Number(row.pending),
        idleMs: Number(row.idle),
      }));
    },
    async pending(start, count, consumer) {
      const rows = (await commands.run('XPENDING', (client) =>
        consumer === undefined
          ? client.xpending(lbs, group, start, '+', count)
          : client.xpending(lbs, group, start, '+', count, consumer),
      )) as Row[];
      return rows.map(toPending);
    },
    async pendingOf(ids) {
      if (ids.length === 0) return [];
      const replies = await commands.run('XPENDING', (client) =>
        pipelined<Row[]>(client, (pipeline) => {
          for (const id of ids) pipeline.xpending(lbs, group, id, id, 1);
        }),
      );
      return replies.flat().map(toPending);
    },
    async balance() {
      return toBalance(await commands.script('balance', [lbs], [group, MOST_COUNTED]));
    },
    async payloads(ids) {
      const [first, length, gone, looked] = (await commands.script('payloads', [lbs], ids)) as [
        string,
        number,
        string[],
        number,
      ];
      return { firstId: first === '' ? undefined : first, length, gone, looked };
    },
    async namesOf(ids) {
      const wanted = new Set(ids);
      const found = new Map<string, string>();
      for await (const { pairs } of ownerPages()) {
        for (const [name, id] of pairs) if (wanted.has(id)) found.set(id, name);
      }
      return found;
    },
    owners: (dataStreams) => records.of(dataStreams),
    presence: (consumers) => timesToLive(consumers.map(names.presence)),
    async presences(consumers) {
      const replies = await commands.run('PTTL', (client) =>
        pipelined<number | [string, string]>(client, (pipeline) => {
          for (const consumer of consumers) pipeline.pttl(names.presence(consumer));
          pipeline.time();
        }),
      );
      const redisMs = toEpochMs(replies.pop() as [string, string]);
      return { ttls: replies as number[], redisMs };
    },
    async present(consumers) {
      const found: boolean[] = [];
      for (let at = 0; at < consumers.length; at += PRESENCE_PAGE) {
        const keys = consumers.slice(at, at + PRESENCE_PAGE).map(names.presence);
        const values = await commands.run('MGET', (client) => client.mget(...keys));
        found.push(...values.map((value) => value !== null));
      }
      return found;
    },
    async indexed() {
      const [scores, time] = (await commands.run('ZRANGE', (client) =>
        pipelined<unknown>(client, (pipeline) =>
          pipeline.zrange(names.presences, '0', '-1', 'WITHSCORES').time(),
        ),
      )) as [unknown[], [string, string]];
      // In turn, or in pairs: the version of the protocol decides.
      const flat = scores.flat();
      const untilMs = new Map<string, number>();
      for (let at = 0; at + 1 < flat.length; at += 2) untilMs.set(String(flat[at]), Number(flat[at + 1]));
      return { untilMs, redisMs: toEpochMs(time) };
    },
    async reindex(untilMs, onlyEarlier = false) {
      if (untilMs.size === 0) return;
      const pairs = [...untilMs].flatMap(([name, at]) => [Math.floor(at), name]);
      await commands.run('ZADD', (client) =>
        onlyEarlier
          ? client.zadd(names.presences, 'XX', 'LT', ...pairs)
          : client.zadd(names.presences, 'XX', ...pairs),
      );
    },
    async unindex(consumers) {
      if (consumers.length === 0) return;
      await commands.run('ZREM', (client) => client.zrem(names.presences, ...consumers));
    },
    async findDead({ turnMs, most, watched, suspects }) {
      const { consumer, heartbeatMs } = settings;
      const asks = mayCount ? 1 : 0;
      const args = [group, consumer, heartbeatMs, Math.ceil(turnMs), most, watched ?? '', asks, ...suspects];
      const reply = await commands.script('find-dead', [lbs, names.presences], args);
      const [redisMs, nextMs, watchedThere, strangers, indexed, ...found] = reply as [
        number,
        string,
        number,
        number,
        number,
        ...(string | number)[],
      ];
      // Refused: not asked again, as each time would stand in the log of the server.
      mayCount &&= strangers >= 0;
      const dead: { name: string; overdueMs: number }[] = [];
      for (let at = 0; at + 1 < found.length; at += 2) {
        dead.push({ name: String(found[at]), overdueMs: Number(found[at + 1]) });
      }
      return {
        redisMs,
        nextMs: nextMs === '' ? undefined : Number(nextMs),
        isWatchedThere: watchedThere === 1,
        strangers: strangers < 0 ? undefined : strangers,
        indexed,
        dead,
      };
    },
    async countPending(others) {
      const args = [group, settings.consumer, ownPending < MOST_READ ? MOST_READ : 0, ...others];
      const reply = await commands.script('count-pending', [lbs], args);
      const [own, pendingFor] = reply as [number, string[]];
      ownPending = own;
      return { own, others: pendingFor };
    },
    async shorten(consumer, ttlMs) {
      await commands.run('PEXPIRE', (client) => client.pexpire(names.presence(consumer), Math.ceil(ttlMs)));
    },
    timesToLive,
    async requeue(from, batch, { minIdleMs, spendAlways, nameless, lockKeys }) {
      const keys = [lbs, names.presence(from), owners, ...endings, dlq, ...history, ...aside, ...lockKeys];
      const { consumer, maxRetries, dlqMaxLen } = settings;
      const flag = nameless ?? (spendAlways ? 1 : 0);
      const flags = [maxRetries, dlqMaxLen, minIdleMs, flag, lockKeys.length];
      const reply = await commands.script('requeue', keys, [
        group,
        from,
        consumer,
        ...flags,
        ...flatten(batch),
      ]);
      return reply === 0 ? 'alive' : readMoves(reply);
    },
    async forget(consumer) {
      return (
        (await commands.script(
          'forget-consumer',
          [lbs, names.presence(consumer), names.presences],
          [group, consumer],
        )) === 1
      );
    },
    async forgetAll(consumers) {
      if (consumers.length === 0) return 0;
      const keys = [lbs, names.presences, ...consumers.map(names.presence)];
      return (await commands.script('forget-consumers', keys, [group, ...consumers])) as number;
    },
    async pruneOwners() {
      let cleared = 0;
      let garbage = 0;
      let hasAnnounced = false;
      let hasParked = false;
      let hasCheckpoints = false;
      for await (const { pairs, existing } of ownerPages(beside)) {
        hasAnnounced ||= existing % PARKED_WEIGHT > 0;
        hasParked ||= existing % CHECKPOINTS_WEIGHT >= PARKED_WEIGHT;
        hasCheckpoints ||= existing >= CHECKPOINTS_WEIGHT;
        if (pairs.length === 0) continue;
        const keys = [lbs, owners, ...endings];
        for (const some of textBatches(pairs, MOST_OWNERS, ([name, id]) => name.length + id.length)) {
          cleared += (await commands.script('prune-owners', keys, [group, ...some.flat()])) as number;
        }
        garbage += pairs.filter(([, id]) => !isEntryId(id)).length;
      }
      return { cleared, garbage, hasAnnounced, hasParked, hasCheckpoints };
    },
    async pruneAnnounced() {
      const keys = [lbs, names.announced, names.touches, names.cancels];
      let cleared = 0;
      for (const which of ['announced', 'touches', 'cancels']) {
        let cursor = '0';
        do {
          const args = [group, which, cursor, PRUNED_PAGE];
          const [next, count] = (await commands.script('prune-announced', keys, args)) as [string, number];
          cursor = next;
          cleared += count;
        } while (cursor !== '0');
      }
      return cleared;
    },
  };
}
