import { joinLockKey, LOCK_SEPARATOR, parseLockKey } from './lock-key.js';

/**
 * Names of everything in Redis that the consumers of one service share. They are the wire protocol: a consumer of
 * `redis-stream-client-go` in the same group uses the same load balancer stream, group, lock keys and dead-letter stream.
 */
export interface Names {
  readonly service: string;
  /** Load balancer stream, `<service>-input`. */
  readonly lbs: string;
  /** Consumer group on the load balancer stream, `<service>-group`. */
  readonly group: string;
  /** Dead-letter stream, `<service>-input-dlq` unless named otherwise. */
  readonly dlq: string;
  /** Hash in the load balancer stream's slot: data stream name → id of the entry that owns it. */
  readonly owners: string;
  /** Two hashes in the load balancer stream's slot, for even and odd windows of time: data stream name → id of the entry that owned it last. */
  readonly endings: readonly [string, string];
  /** Hash in the load balancer stream's slot: data stream name → id of an entry that announced it, and may be gone. Only where producers ensure. */
  readonly announced: string;
  /** Hash in the load balancer stream's slot: entry id → how often its stream was ensured while it was owned; name in the group → the same of all of its entries. */
  readonly touches: string;
  /** Hash in the load balancer stream's slot: entry id → 1, of what was cancelled; name in the group → how often it was to hear of one. */
  readonly cancels: string;
  /** Stream in the load balancer stream's slot: what is delayed. */
  readonly delayed: string;
  /** Sorted set in the load balancer stream's slot: id of what is delayed → when it is due. */
  readonly delayedDue: string;
  /** Sorted set in the load balancer stream's slot: names and ids of what is delayed. */
  readonly delayedNames: string;
  /**
   * Keys in the load balancer stream's slot, as the scripts take them: the stream of what is parked; two sorted sets, its names and ids, and data
   * stream name → how many of it are parked; two hashes, data stream name → id of the entry whose turn it is, and paused data stream name → since when.
   */
  readonly parking: ParkingKeys;
  /** Key of the presence of the consumer with this name in the group. In the load balancer stream's slot. */
  presence(consumer: string): string;
  /** Sorted set in the load balancer stream's slot: name in the group of an incarnation → when its presence runs out, by Redis's clock. */
  readonly presences: string;
  /** Hash in the load balancer stream's slot: name in the group of an incarnation → what it says of itself with its heartbeat, as JSON. */
  readonly members: string;
  /** Hash in the load balancer stream's slot: '' → what the last round of balancing found, name in the group → how many streams it has to hand over by it. */
  readonly balance: string;
  /** What every presence key begins with. */
  readonly presencePrefix: string;
  /** Hash in the load balancer stream's slot: data stream name → how far its owner has come (see `checkpoints.ts`). Only where handlers save it. */
  readonly checkpoints: string;
  /** Stream in the load balancer stream's slot: names of data streams of this consumer that have been appended to. Lives for a minute after the last one. */
  wakes(consumer: string): string;
  /** What every key of wakes begins with. */
  readonly wakesPrefix: string;
  /** Whether a key is one of these, so that no data stream's entries can be there. */
  isOwn(key: string): boolean;
  /** Mark that a dead letter with this id was announced anew, where the dead-letter stream lives apart. In the load balancer stream's slot. */
  redriven(letterId: string): string;
  /** Scratch key for the capability probe, in the load balancer stream's slot. */
  scratch(consumer: string): string;
  /** Key of a data stream, unless the application names another one. */
  dataKey(dataStream: string): string;
  /** Stream in the load balancer stream's slot: entries of data streams that no handler could deal with. Only where handlers ask for that. */
  readonly entriesDlq: string;
  /** Key of the lock of one entry: `<data stream name><MUTEX_KEY_SEP><entry id>`. */
  lock(dataStream: string, entryId: string): string;
  /** Data stream name and entry id of a lock key, or undefined when the key is none of ours. */
  parseLock(key: string): { dataStream: string; entryId: string } | undefined;
  /** Patterns of the keyspace events to listen to in a database: expired locks, expired presences. */
  keyspacePatterns(database: number): readonly string[];
}

export type ParkingKeys = readonly [
  parked: string,
  parkedNames: string,
  parkedCounts: string,
  turns: string,
  paused: string,
];

/**
 * A hash tag that puts a key into the slot of `key`: the key's own tag, else the whole key in braces.
 * A key that has `}` but no usable tag cannot be put in braces; it is refused when options are validated.
 */
export function hashTag(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open, close + 1) : `{${key}}`;
}

/** Streams in the load balancer stream's slot that entries wait in: what is delayed, what is parked. */
export function waitingAside(lbs: string): { readonly delayed: string; readonly parked: string } {
  const tag = hashTag(lbs);
  return { delayed: `${tag}:delayed`, parked: `${tag}:parked` };
}

/** What follows the hash tag in a key of ours. */
const OWN_KEY =
  /^(?:owners|ended:[01]|announced|touches|cancels|delayed(?::(?:due|names))?|parked(?::(?:names|counts|turns))?|paused|presences|members|balance|checkpoints|entries:dlq|(?:presence|wakes|redriven|probe):.*)$/s;

/** In a glob pattern these stand for something else than themselves. */
function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&');
}

export interface NamesInput {
  readonly service: string;
  /** ioredis `keyPrefix`: put before every key that the protocol names. */
  readonly keyPrefix?: string;
  readonly dlqStream?: string;
}

export function createNames(input: NamesInput): Names {
  const prefix = input.keyPrefix ?? '';
  const lbs = `${prefix}${input.service}-input`;
  const tag = hashTag(lbs);
  const presencePrefix = `${tag}:presence:`;
  const wakesPrefix = `${tag}:wakes:`;
  const { delayed, parked } = waitingAside(lbs);
  const dlq = `${prefix}${input.dlqStream ?? `${input.service}-input-dlq`}`;
  return {
    service: input.service,
    lbs,
    group: `${input.service}-group`,
    dlq,
    owners: `${tag}:owners`,
    endings: [`${tag}:ended:0`, `${tag}:ended:1`],
    announced: `${tag}:announced`,
    touches: `${tag}:touches`,
    cancels: `${tag}:cancels`,
    delayed,
    delayedDue: `${tag}:delayed:due`,
    delayedNames: `${tag}:delayed:names`,
    parking: [parked, `${tag}:parked:names`, `${tag}:parked:counts`, `${tag}:parked:turns`, `${tag}:paused`],
    presences: `${tag}:presences`,
    members: `${tag}:members`,
    balance: `${tag}:balance`,
    checkpoints: `${tag}:checkpoints`,
    presence: (consumer) => presencePrefix + consumer,
    presencePrefix,
    wakes: (consumer) => wakesPrefix + consumer,
    wakesPrefix,
    isOwn: (key) =>
      key === lbs || key === dlq || (key.startsWith(`${tag}:`) && OWN_KEY.test(key.slice(tag.length + 1))),
    redriven: (letterId) => `${tag}:redriven:${letterId}`,
    scratch: (consumer) => `${tag}:probe:${consumer}`,
    dataKey: (dataStream) => prefix + dataStream,
    entriesDlq: `${tag}:entries:dlq`,
    lock: (dataStream, entryId) => joinLockKey(prefix, dataStream, entryId),
    parseLock(key) {
      const parts = parseLockKey(key, prefix);
      return parts && { dataStream: parts.stream, entryId: parts.id };
    },
    keyspacePatterns: (database) => [
      `__keyspace@${database}__:${escapeGlob(prefix)}*${LOCK_SEPARATOR}*`,
      `__keyspace@${database}__:${escapeGlob(presencePrefix)}*`,
    ],
  };
}

const INCARNATION = /~[0-9a-f]{8}$/;

/** The name in the group of one incarnation (one `start()` of one runtime) of a consumer. */
export function incarnationName(consumerId: string, hex8: string): string {
  return `${consumerId}~${hex8}`;
}

/**
 * Whether a consumer in the group is an incarnation of ours, which keeps a presence key, rather than a consumer of the Go
 * client, which is known to be alive only by its lock keys.
 */
export function isIncarnation(consumer: string): boolean {
  return INCARNATION.test(consumer);
}
