/** What lies in Redis, read from a snapshot without asking: for the invariants, for the key of a state, and for looks that change nothing. */
import { parseEntry } from '../../src/redis/entry.js';
import { trialOf } from '../../src/redis/own-fields.js';
import { MAXIMUM_ID, ZERO_ID } from '../../src/simulation/redis/data/stream-id.js';
import type { RedisSnapshot } from '../../src/simulation/redis/index.js';
import { CONSUMERS } from '../consumers.js';
import type { Entry } from '../entry.js';
import { NAMES } from './commands.js';

export interface StoredEntry extends Entry {
  /** Number of the announced entry that it is, or is a copy of. */
  readonly root: number;
  readonly retries: number;
  /** It is a suspect: the next death convicts it, as clients mark nothing here. */
  readonly isSuspect: boolean;
  /** It has been delivered to a consumer of the group. */
  readonly isDelivered: boolean;
}

export interface View {
  /** On the load balancer stream, by id. */
  readonly entries: readonly StoredEntry[];
  /** Entry id → the client for whom it is pending; ascending. */
  readonly pending: ReadonlyMap<string, number>;
  /** Generation that stands, by client, as it is written; undefined: no presence. */
  readonly presence: readonly (string | undefined)[];
  /** Data stream name → id that is recorded as its owner. */
  readonly owners: ReadonlyMap<string, string>;
  readonly endings: ReadonlyMap<string, string>;
  /** What waits aside for its name, in the order in which it was put there, and names with whose turn it is. */
  readonly parked: readonly { readonly name: string; readonly root: number; readonly retries: number }[];
  readonly turns: ReadonlyMap<string, string>;
  /** On the dead-letter stream. */
  readonly letters: readonly { readonly root: number; readonly retries: number; readonly reason: string }[];
  /** Clients with a consumer in the group. */
  readonly members: readonly number[];
}

const views = new WeakMap<RedisSnapshot, View>();

/** Ids whose milliseconds are all the same. */
export function sequenceOf(id: string): number {
  return Number(id.slice(id.indexOf('-') + 1));
}

interface Payload {
  readonly name: string;
  readonly root: number;
  readonly retries: number;
  readonly isSuspect: boolean;
  readonly reason: string;
}

/** By the fields, which snapshots share. */
const payloads = new WeakMap<readonly string[], Payload>();

function payloadOf(id: string, fields: readonly string[]): Payload {
  let payload = payloads.get(fields);
  if (payload === undefined) {
    const parsed = parseEntry({ id, fields });
    if (!parsed.ok) throw new Error(`expected every entry to be one of ours, got: ${fields.join(' ')}`);
    const { name, info } = parsed.announcement;
    const reason = fields[fields.indexOf('_dlq_reason') + 1] ?? '';
    payload = {
      name,
      root: Number(info?.root),
      retries: parsed.retryCount,
      isSuspect: trialOf(fields) > 0,
      reason,
    };
    payloads.set(fields, payload);
  }
  return payload;
}

export function viewOf(redis: RedisSnapshot): View {
  let view = views.get(redis);
  if (view === undefined) {
    view = read(redis);
    views.set(redis, view);
  }
  return view;
}

function read(redis: RedisSnapshot): View {
  const values = redis.databases.get(0)?.values;
  const hash = (key: string): ReadonlyMap<string, string> => {
    const value = values?.get(key);
    return value?.type === 'hash' ? new Map([...value.fields].filter(([field]) => field !== '')) : new Map();
  };
  const pending = new Map<string, number>();
  const entries: StoredEntry[] = [];
  const members: number[] = [];
  const lbs = values?.get(NAMES.lbs);
  if (lbs?.type === 'stream') {
    const group = lbs.groups.get(NAMES.group);
    for (const one of group?.pending ?? []) pending.set(String(one.id), clientOf(one.consumer.name));
    for (const name of group?.consumers.keys() ?? []) members.push(clientOf(name));
    const delivered =
      group === undefined ? -1 : Number(group.lastId.ms) === 0 ? -1 : Number(group.lastId.seq);
    for (const { id: parts, fields } of lbs.range(ZERO_ID, MAXIMUM_ID, 0, false)) {
      const id = String(parts);
      const { name, root, retries, isSuspect } = payloadOf(id, fields);
      entries.push({ id, name, root, retries, isSuspect, isDelivered: sequenceOf(id) <= delivered });
    }
  }
  const [parkedKey, , , turnsKey] = NAMES.parking;
  const aside = values?.get(parkedKey);
  const parked =
    aside?.type === 'stream'
      ? // The field 'name' stands first.
        aside
          .range(ZERO_ID, MAXIMUM_ID, 0, false)
          .map(({ id, fields }) => payloadOf(String(id), fields.slice(2)))
      : [];
  const dlq = values?.get(NAMES.dlq);
  const letters =
    dlq?.type === 'stream'
      ? dlq.range(ZERO_ID, MAXIMUM_ID, 0, false).map(({ id, fields }) => payloadOf(String(id), fields))
      : [];
  const presence = CONSUMERS.map((name) => {
    const value = values?.get(NAMES.presence(name));
    return value?.type === 'string' ? value.text.slice(3) : undefined;
  });
  const [even, odd] = NAMES.endings;
  return {
    entries,
    pending,
    presence,
    owners: hash(NAMES.owners),
    endings: new Map([...hash(even), ...hash(odd)]),
    parked,
    turns: hash(turnsKey),
    letters,
    members: members.sort(),
  };
}

function clientOf(consumer: string): number {
  return CONSUMERS.indexOf(consumer as (typeof CONSUMERS)[number]);
}

/** What is pending for a client, by id. */
export function pendingOf(view: View, client: number): Entry[] {
  return view.entries
    .filter(({ id }) => view.pending.get(id) === client)
    .map(({ id, name }) => ({ id, name }));
}
