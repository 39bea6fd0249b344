/** Reads what Redis knows of one service. */
import { isStreamwardenError, messageOf, StreamwardenError } from '../../core/errors.js';
import { type Balance, toBalance } from '../../redis/balance.js';
import type { Commands } from '../../redis/commands.js';
import { surveyDelayed } from '../../redis/delaying.js';
import { type Fields, fieldsOf } from '../../redis/flat-reply.js';
import type { GroupStore } from '../../redis/group.js';
import { isIncarnation, type Names } from '../../redis/names.js';
import { replyOf } from '../../redis/reply-errors.js';
import { type FleetFacts, readFleet } from '../../runtime/fleet.js';
import type { ServiceAccess } from '../service-access.js';
import { countOwned } from './owned-count.js';
import type {
  BalanceStatus,
  DelayedStatus,
  ParkedStatus,
  PausedStatus,
  ServiceStatus,
} from './service-status.js';

const NO_FLEET: FleetFacts = { members: [], round: undefined };

type Sources = Pick<ServiceAccess, 'names' | 'home' | 'letters' | 'group' | 'fleet'>;

/**
 * @throws StreamwardenError `ServiceNotFound`, `NotAStream`; `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
 */
export async function readServiceStatus(sources: Sources): Promise<ServiceStatus> {
  const { names, home, letters } = sources;
  const { service } = names;
  const kind = await home.run('TYPE', (client) => client.type(names.lbs));
  const delayed = await permitted(() => delayedOf(home, names));
  if (kind === 'none' && !delayed?.count) {
    throw serviceNotFound(service, `there is no stream ${names.lbs}`);
  }
  if (kind !== 'stream' && kind !== 'none') {
    throw notAStream(names.lbs, `, got: a ${kind}`);
  }
  const stream = await countsOf(home, names.lbs);
  const found = kind === 'none' ? [] : await home.run('XINFO', (client) => client.xinfo('GROUPS', names.lbs));
  const groups = (found as unknown[]).map(fieldsOf);
  const group = groups.find(({ name }) => name === names.group);
  const balance = group && (await balanceOf(sources.group, stream.length, group));
  const length = balance?.length ?? stream.length;
  const pending = balance?.pending ?? 0;
  const dlq = await countsOf(letters, names.dlq);
  const fleet = group === undefined ? NO_FLEET : await fleetOf(sources, pending);
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
    consumers: fleet.members,
    balance: balanceIn(fleet),
    dlq: { name: names.dlq, length: dlq.length },
    delayed,
    parked: await permitted(() => parkedOf(home, names)),
    paused: await permitted(() => pausedOf(home, names)),
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
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    return null;
  }
}

async function parkedOf(home: Commands, { parking }: Names): Promise<ParkedStatus> {
  const [parked, , counts] = parking;
  const count = await home.run('XLEN', (client) => client.xlen(parked));
  if (count === 0) return { count, names: 0, hottest: [] };
  const flat = (
    await home.run('ZRANGE', (client) => client.zrange(counts, '0', '9', 'REV', 'WITHSCORES'))
  ).flat() as string[];
  const hottest = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    hottest.push({ name: String(flat[at]), parked: Number(flat[at + 1]) });
  }
  return { count, names: await home.run('ZCARD', (client) => client.zcard(counts)), hottest };
}

async function pausedOf(home: Commands, { parking }: Names): Promise<PausedStatus> {
  const [, , , , paused] = parking;
  const count = await home.run('HLEN', (client) => client.hlen(paused));
  if (count === 0) return { count, names: [] };
  const [, flat] = await home.run('HSCAN', (client) => client.hscan(paused, '0', 'COUNT', 100));
  const found = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    found.push({ name: String(flat[at]), since: Number(flat[at + 1]) });
  }
  return { count, names: found.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function delayedOf(home: Commands, names: Names): Promise<DelayedStatus> {
  const { count, nextMs } = await surveyDelayed(home, names);
  const leftMs = nextMs ?? 0;
  return { count, nextMs: leftMs > 0 ? leftMs : null, lateMs: Math.max(0, -leftMs) };
}

/** All at one moment; to whoever may run no scripts, as it was told in two steps. */
async function balanceOf(store: GroupStore, length: number, group: Fields): Promise<Balance | undefined> {
  try {
    return await store.balance();
  } catch (error) {
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    // The count of 7.0 and 7.2 may be too high, as the script says.
    return toBalance([length, Number(group.pending), Math.min(numberOrNull(group.lag) ?? -1, length)]);
  }
}

interface Counts {
  readonly length: number;
  readonly added: number | null;
}

/** The dead-letter stream may have another slot than everything else. */
async function countsOf(server: Commands, stream: string): Promise<Counts> {
  try {
    const fields = fieldsOf(await server.run('XINFO', (client) => client.xinfo('STREAM', stream)));
    return { length: Number(fields.length), added: numberOrNull(fields['entries-added']) };
  } catch (error) {
    const words = isStreamwardenError(error) ? messageOf(error.cause) : '';
    if (words.startsWith('ERR no such key')) return { length: 0, added: 0 };
    if (replyOf(error) !== 'WRONGTYPE') throw error;
    throw notAStream(stream, `: ${words}`);
  }
}

function numberOrNull(value: string | number | null | undefined): number | null {
  return value === undefined || value === null ? null : Number(value);
}

/** Counted where that takes no long; else as each says of itself. */
async function fleetOf({ home, names, group, fleet }: Sources, pending: number): Promise<FleetFacts> {
  const { members, round } = await readFleet(group, fleet);
  const owned = await countOwned(home, names, pending);
  if (owned === null) return { members, round };
  const counted = members.map((member) => ({
    ...member,
    owned: isIncarnation(member.name) ? (owned.get(member.name) ?? 0) : null,
  }));
  return { members: counted, round };
}

export function balanceIn({ round }: FleetFacts): BalanceStatus | null {
  if (round === undefined) return null;
  const { number, imbalance, level, ordered, waits } = round;
  return { round: number, imbalance, level, ordered, waits };
}

function serviceNotFound(service: string, why: string): StreamwardenError {
  return new StreamwardenError('ServiceNotFound', `no service ${service} here: ${why}`, {
    details: { service },
  });
}

function notAStream(key: string, why: string): StreamwardenError {
  return new StreamwardenError('NotAStream', `expected ${key} to be a stream${why}`, { details: { key } });
}
