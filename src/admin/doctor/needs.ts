/** Everything that a consumer asks of Redis, as commands that can be tried. docs/how-to/minimal-acl-user.md lists the same for people. */
import { createNames, type Names } from '../../redis/names.js';
import type { AssumedSettings } from './facts.js';

export interface Need {
  /** With its subcommand, in capitals: `XGROUP CREATE`. */
  readonly command: string;
  readonly args: readonly string[];
  /** Those of the arguments that are keys. */
  readonly keys: readonly string[];
  /** Sent as it stands it changes nothing, so that it can be tried by sending it. */
  readonly isHarmless: boolean;
}

export interface NeedsInput {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly database: number;
  /** Undefined: no service was named, and what is said of keys means nothing. */
  readonly names: Names | undefined;
  readonly assumed: AssumedSettings;
}

const NO_SCRIPT = '0'.repeat(40);
/** The only id that no entry can have. */
const NO_ID = '0-0';

export function needsOf({ kind, database, names: given, assumed }: NeedsInput): Need[] {
  const names = given ?? createNames({ service: 'doctor' });
  return [
    ...plain(),
    ...onStreams(names),
    ...onKeys(names, assumed),
    ...(assumed.keyspaceEvents === 'off' ? [] : forEvents(names, database)),
    ...(kind === 'cluster' ? inCluster(names) : []),
    ...(kind === 'single' ? [] : [asks('ROLE')]),
    ...(database === 0 ? [] : [changes('SELECT', [], String(database))]),
  ];
}

/** What a consumer asks of data streams, where its handlers read their entries; beside the load balancer stream, or where the option `data` says. */
export function entryNeedsOf(given: Names | undefined): Need[] {
  const key = (given ?? createNames({ service: 'doctor' })).dataKey('doctor');
  return [
    reads('XINFO STREAM', key),
    { command: 'XREAD', args: ['COUNT', '1', 'STREAMS', key, NO_ID], keys: [key], isHarmless: true },
    reads('XREVRANGE', key, '+', '-', 'COUNT', '1'),
    changes('XTRIM', [key], key, 'MINID', NO_ID),
  ];
}

function plain(): Need[] {
  return [
    asks('INFO', 'server'),
    asks('TIME'),
    asks('CLIENT ID'),
    // Connections are numbered from 1.
    asks('CLIENT UNBLOCK', '0'),
    asks('EVALSHA', NO_SCRIPT, '0'),
  ];
}

function onStreams({ lbs, dlq, group }: Names): Need[] {
  return [
    reads('XLEN', lbs),
    reads('XLEN', dlq),
    reads('XRANGE', lbs, NO_ID, NO_ID),
    reads('XPENDING', lbs, group, NO_ID, NO_ID, '1'),
    reads('XINFO CONSUMERS', lbs, group),
    reads('XACK', lbs, group, NO_ID),
    reads('XDEL', lbs, NO_ID),
    reads('XDEL', dlq, NO_ID),
    changes('XADD', [lbs], lbs, '*', 'field', 'value'),
    changes('XADD', [dlq], dlq, '*', 'field', 'value'),
    changes('XREADGROUP', [lbs], 'GROUP', group, 'doctor', 'COUNT', '1', 'STREAMS', lbs, '>'),
    changes('XGROUP CREATE', [lbs], lbs, group, '0', 'MKSTREAM'),
    changes('XGROUP DELCONSUMER', [lbs], lbs, group, 'doctor'),
  ];
}

function onKeys(names: Names, { lockKeys }: AssumedSettings): Need[] {
  const {
    owners,
    endings,
    announced,
    touches,
    cancels,
    delayed,
    delayedDue,
    delayedNames,
    parking,
    presences,
    members,
    balance,
    checkpoints,
    lbs,
    dlq,
  } = names;
  const presence = names.presence('doctor');
  const lock = names.lock('doctor', NO_ID);
  const touched = [
    lbs,
    dlq,
    owners,
    ...endings,
    announced,
    touches,
    cancels,
    delayed,
    delayedDue,
    delayedNames,
    ...parking,
    presences,
    members,
    balance,
    checkpoints,
    presence,
    names.scratch('doctor'),
    ...(lockKeys ? [lock] : []),
  ];
  const held = lockKeys ? lock : presence;
  return [
    // A script that is given a key that may not be touched is refused before it begins.
    ...touched.map((key) => ({ ...asks('EVAL', 'return 0', '1', key), keys: [key] })),
    reads('HGET', owners, ''),
    reads('HMGET', owners, ''),
    reads('HSCAN', owners, '0'),
    changes('HSET', [owners], owners, 'field', 'value'),
    changes('HSETNX', [owners], owners, 'field', 'value'),
    changes('HDEL', [owners], owners, 'field'),
    reads('ZSCORE', delayedDue, 'member'),
    reads('ZCARD', presences),
    reads('ZSCAN', delayedDue, '0'),
    reads('ZRANGE', delayedDue, '0', '0'),
    changes('ZADD', [delayedDue], delayedDue, '1', 'member'),
    changes('ZREM', [delayedDue], delayedDue, 'member'),
    reads('GET', presence),
    reads('PTTL', presence),
    reads('EXISTS', presence),
    reads('MGET', held),
    changes('SET', [presence], presence, 'value', 'PX', '1'),
    changes('PEXPIRE', [held], held, '1'),
    changes('DEL', [held], held),
  ];
}

function forEvents(names: Names, database: number): Need[] {
  const setting = 'notify-keyspace-events';
  return [
    asks('CONFIG GET', setting),
    changes('CONFIG SET', [], setting, 'KEx'),
    ...names.keyspacePatterns(database).map((pattern) => changes('PSUBSCRIBE', [], pattern)),
  ];
}

function inCluster({ lbs, group }: Names): Need[] {
  return [
    asks('CLUSTER INFO'),
    asks('CLUSTER NODES'),
    asks('CLUSTER SLOTS'),
    changes('ASKING', []),
    changes('XCLAIM', [lbs], lbs, group, 'doctor', '0', NO_ID, 'JUSTID'),
  ];
}

/** Has nothing to do with keys, and changes nothing. */
function asks(command: string, ...args: readonly string[]): Need {
  return { command, args, keys: [], isHarmless: true };
}

/** On one key, and changes nothing: it only reads, or what it would change cannot be there. */
function reads(command: string, key: string, ...args: readonly string[]): Need {
  return { command, args: [key, ...args], keys: [key], isHarmless: true };
}

function changes(command: string, keys: readonly string[], ...args: readonly string[]): Need {
  return { command, args, keys, isHarmless: false };
}
