/** Reads what Redis knows of one service. */
import { messageOf } from '../core/errors.js';
import { MOST_COUNTED, toBalance } from '../redis/balance.js';
import { createNames, isIncarnation, type Names } from '../redis/names.js';
import { SCRIPTS } from '../redis/scripts.js';
import { deploymentOf } from '../redis/target.js';
import { serviceNames } from '../runtime/service-names.js';
import { checkService } from '../runtime/service-settings.js';
import { CliError } from './errors.js';
import { type Fields, fieldsOf } from './flat-reply.js';
import { countOwned } from './owned-count.js';
import type { ShortClient } from './redis-client.js';

export interface ConsumerStatus {
  /** Name in the group: the consumer id and, of ours, one incarnation's mark. */
  readonly name: string;
  /** Entries it has been given and has not finished. */
  readonly pending: number;
  /** How long its presence still stands, in milliseconds; null: it has none. Consumers of the Go client never have one. */
  readonly presenceMs: number | null;
  /** Milliseconds since Redis last gave it something or heard from it in the group. Not a sign of life. */
  readonly idleMs: number;
  /** Of what is pending for it, how many entries own their data stream. Null of consumers of the Go client, and of anybody where too many are pending to be counted. */
  readonly owned: number | null;
}

export interface ServiceStatus {
  readonly service: string;
  readonly stream: { readonly name: string; readonly length: number };
  readonly group: {
    readonly name: string;
    readonly created: boolean;
    readonly pending: number;
    /** Entries on the stream that nobody has been given yet. */
    readonly undelivered: number;
    /**
     * Entries that were given out, are still there, and are pending for nobody. Null where Redis does not say how much it has given out, as before
     * Redis 7, and too many entries wait to be given out for that to be counted.
     */
    readonly stranded: number | null;
    /** Pending entries whose payload is no longer there: at least so many. */
    readonly vanished: number;
  };
  readonly consumers: readonly ConsumerStatus[];
  readonly dlq: { readonly name: string; readonly length: number };
  /** What is to be given out only later. Null: the user may not look. */
  readonly delayed: DelayedStatus | null;
  /** What waits aside for its name. Null: the user may not look. */
  readonly parked: ParkedStatus | null;
  /** What is paused. Null: the user may not look. */
  readonly paused: PausedStatus | null;
  readonly totals: Totals;
}

export interface DelayedStatus {
  readonly count: number;
  /** In how many milliseconds the first one is due; null: nothing is delayed, or it is overdue. */
  readonly nextMs: number | null;
  /** For how many milliseconds the first one has been due; 0: it is not. More than a second: no consumer runs that could give it out. */
  readonly lateMs: number;
}

export interface ParkedStatus {
  readonly count: number;
  /** Of how many names. */
  readonly names: number;
  /** Those of which most is parked, ten at most. */
  readonly hottest: readonly { readonly name: string; readonly parked: number }[];
}

export interface PausedStatus {
  readonly count: number;
  /** Some of them, a hundred about, by name. */
  readonly names: readonly { readonly name: string; readonly since: number }[];
}

/** What Redis has counted since a stream, or the group, was made. Null where it does not: before Redis 7, say. */
export interface Totals {
  /** Entries ever added to the load balancer stream. */
  readonly added: number | null;
  /** Entries ever given to a consumer. */
  readonly delivered: number | null;
  /** Dead letters ever added. */
  readonly deadLettered: number | null;
}

/**
 * The names that a service goes by on this server, by the rules of everybody else who uses them.
 *
 * @throws StreamwardenError `InvalidOption`
 */
export function namesOfService(url: string, service: string, dlqStream: string | undefined): Names {
  checkService({ redis: url, service });
  serviceNames(url, service, undefined);
  const { keyPrefix } = deploymentOf(url).options;
  return createNames({
    service,
    ...(keyPrefix ? { keyPrefix } : {}),
    ...(dlqStream === undefined ? {} : { dlqStream }),
  });
}

/**
 * @throws CliError `ServiceNotFound`, `NotAStream`
 */
export async function readServiceStatus(client: ShortClient, names: Names): Promise<ServiceStatus> {
  const { service } = names;
  const kind = await client.type(names.lbs);
  const delayed = await delayedOf(client, names);
  if (kind === 'none' && !delayed?.count) {
    throw new CliError('ServiceNotFound', `no service ${service} here: there is no stream ${names.lbs}`);
  }
  if (kind !== 'stream' && kind !== 'none') {
    throw new CliError('NotAStream', `expected ${names.lbs} to be a stream, got: a ${kind}`);
  }
  const stream = await countsOf(client, names.lbs);
  const found = kind === 'none' ? [] : await client.xinfo('GROUPS', names.lbs);
  const groups = (found as unknown[]).map(fieldsOf);
  const group = groups.find(({ name }) => name === names.group);
  const balance = group && toBalance(await balanceReply(client, names, [stream.length, group]));
  const length = balance?.length ?? stream.length;
  const pending = balance?.pending ?? 0;
  const dlq = await countsOf(client, names.dlq);
  return {
    service,
    stream: { name: names.lbs, length },
    group: {
      name: names.group,
      created: group !== undefined,
      pending,
      undelivered: balance?.undelivered ?? length,
      stranded: balance === undefined ? 0 : balance.stranded,
      vanished: balance?.vanished ?? 0,
    },
    consumers: group === undefined ? [] : await consumersOf(client, names, pending),
    dlq: { name: names.dlq, length: dlq.length },
    delayed,
    parked: await permitted(() => parkedOf(client, names)),
    paused: await permitted(() => pausedOf(client, names)),
    totals: {
      added: stream.added,
      delivered: numberOrNull(group?.['entries-read']),
      deadLettered: dlq.added,
    },
  };
}

/** Null: the user may not look. */
async function permitted<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (!messageOf(error).startsWith('NOPERM')) throw error;
    return null;
  }
}

async function parkedOf(client: ShortClient, { parking }: Names): Promise<ParkedStatus> {
  const [parked, , counts] = parking;
  const count = await client.xlen(parked);
  if (count === 0) return { count, names: 0, hottest: [] };
  const flat = (await client.zrange(counts, '0', '9', 'REV', 'WITHSCORES')).flat() as string[];
  const hottest = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    hottest.push({ name: String(flat[at]), parked: Number(flat[at + 1]) });
  }
  return { count, names: await client.zcard(counts), hottest };
}

async function pausedOf(client: ShortClient, { parking }: Names): Promise<PausedStatus> {
  const [, , , , paused] = parking;
  const count = await client.hlen(paused);
  if (count === 0) return { count, names: [] };
  const [, flat] = await client.hscan(paused, '0', 'COUNT', 100);
  const found = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    found.push({ name: String(flat[at]), since: Number(flat[at + 1]) });
  }
  return { count, names: found.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function delayedOf(client: ShortClient, { delayed, delayedDue }: Names): Promise<DelayedStatus | null> {
  try {
    const count = await client.xlen(delayed);
    if (count === 0) return { count, nextMs: null, lateMs: 0 };
    const [, due] = (await client.zrange(delayedDue, '0', '0', 'WITHSCORES')).flat() as string[];
    if (due === undefined) return { count, nextMs: null, lateMs: 0 };
    const [seconds, microseconds] = await client.time();
    const leftMs = Number(due) - (Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000));
    return { count, nextMs: leftMs > 0 ? leftMs : null, lateMs: Math.max(0, -leftMs) };
  } catch (error) {
    if (!messageOf(error).startsWith('NOPERM')) throw error;
    return null;
  }
}

/** All at one moment; to whoever may run no scripts, as it was told in two steps. */
async function balanceReply(
  client: ShortClient,
  { lbs, group: name }: Names,
  [length, group]: readonly [length: number, group: Fields],
): Promise<unknown> {
  try {
    return await client.eval(SCRIPTS.balance.source, 1, lbs, name, MOST_COUNTED);
  } catch (error) {
    if (!messageOf(error).startsWith('NOPERM')) throw error;
    return [length, Number(group.pending), numberOrNull(group.lag) ?? -1];
  }
}

interface Counts {
  readonly length: number;
  readonly added: number | null;
}

/** The dead-letter stream may have another slot than everything else. */
async function countsOf(client: ShortClient, stream: string): Promise<Counts> {
  try {
    const fields = fieldsOf(await client.xinfo('STREAM', stream));
    return { length: Number(fields.length), added: numberOrNull(fields['entries-added']) };
  } catch (error) {
    const words = messageOf(error);
    if (words.startsWith('ERR no such key')) return { length: 0, added: 0 };
    if (!words.startsWith('WRONGTYPE')) throw error;
    throw new CliError('NotAStream', `expected ${stream} to be a stream: ${words}`);
  }
}

function numberOrNull(value: string | number | null | undefined): number | null {
  return value === undefined || value === null ? null : Number(value);
}

async function consumersOf(client: ShortClient, names: Names, pending: number): Promise<ConsumerStatus[]> {
  const rows = ((await client.xinfo('CONSUMERS', names.lbs, names.group)) as unknown[]).map(fieldsOf);
  const presences = await Promise.all(rows.map(({ name }) => client.pttl(names.presence(String(name)))));
  const owned = await countOwned(client, names, pending);
  return rows
    .map((row, index) => {
      const name = String(row.name);
      return {
        name,
        pending: Number(row.pending),
        presenceMs: (presences[index] ?? -2) < 0 ? null : (presences[index] ?? null),
        idleMs: Number(row.idle),
        owned: owned === null || !isIncarnation(name) ? null : (owned.get(name) ?? 0),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
