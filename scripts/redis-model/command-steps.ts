/** Random commands: few keys, groups, consumers and ids, so that they meet all the time. */
import type { Argument, Step } from './comparison.js';
import type { Picker } from './picker.js';

/** What a program has come to know. */
export interface Known {
  /** Ids of entries, as replies showed them. */
  readonly ids: string[];
  /** Entries of the stream `l` and for whom of its group `g` they were pending last. */
  readonly held: Map<string, string>;
  /** Milliseconds of the real server's clock, roughly. */
  now: number;
}

export const STREAMS = ['l', 'l', 'l', 's', 's', 'd'];
export const GROUPS = ['g', 'g', 'g', 'h'];
export const CONSUMERS = [
  'a~00000001',
  'a~00000001',
  'b~00000002',
  'b~00000002',
  'go',
  'dead-letters:unparseable~00000000',
];
const STRINGS = ['k', 'k2', 'k', 'k2', 'k', 'k2', 'p:a~00000001', 'lock1'];
const KEYS = ['l', 's', 'd', 'k', 'k2', 'H', 'o', 'L', 'Z', 'e0', 'nothing'];
const FIELDS = ['', 'f', 'f2', 'x', 'y'];
const VALUES = ['', '1', '-7', 'a', 'v1 5', 'é', '\0\r\n', '007', '12345678901234567890', 'x'.repeat(70)];
const INTEGERS = [
  '0',
  '1',
  '2',
  '3',
  '5',
  '-1',
  '-2',
  '100',
  '10000',
  'x',
  '1.5',
  '',
  '9223372036854775807',
  '9223372036854775808',
];
const SMALL_IDS = ['0-1', '1-1', '1-2', '2-1', '3-5', '0-0', '5', '5-*', '1-*'];

export function anId(pick: Picker, { ids }: Known): string {
  if (ids.length > 0 && pick.chance(0.85)) return pick.of(pick.chance(0.5) ? ids.slice(-6) : ids);
  if (pick.chance(0.05)) {
    return pick.of([
      '-',
      '+',
      'x',
      '1-x',
      '18446744073709551615-18446744073709551615',
      '99999999999999-1',
      '01-1',
    ]);
  }
  return pick.of(SMALL_IDS);
}

function rangeEnd(pick: Picker, known: Known, end: '-' | '+'): string {
  if (pick.chance(0.5)) return end;
  const id = anId(pick, known);
  return pick.chance(0.2) ? `(${id}` : id;
}

function stream(pick: Picker): string {
  return pick.chance(0.03) ? pick.of(KEYS) : pick.of(STREAMS);
}

function integer(pick: Picker, most: number): string {
  return pick.chance(0.04) ? pick.of(INTEGERS) : String(pick.upTo(most));
}

/** Written in different ways. */
function word(pick: Picker, text: string): string {
  return pick.chance(0.1) ? text.toLowerCase() : text;
}

function fields(pick: Picker): string[] {
  const made = pick
    .several(1, 3, () => [pick.of(['lbs-input', 'f', '_retry_count', 'n']), pick.of(VALUES)])
    .flat();
  if (pick.chance(0.03)) made.pop();
  if (pick.chance(0.15)) made.push('big', 'z'.repeat(pick.upTo(1500)));
  return made;
}

function trim(pick: Picker, known: Known): string[] {
  const how = pick.of([[], ['~'], ['~'], ['=']]);
  const limit = pick.chance(0.15) ? ['LIMIT', integer(pick, 10)] : [];
  return pick.chance(0.6)
    ? [word(pick, 'MAXLEN'), ...how, integer(pick, 6), ...limit]
    : ['MINID', ...how, anId(pick, known), ...limit];
}

type Make = (pick: Picker, known: Known) => readonly Argument[];

const xadd: Make = (pick, known) => {
  const argv = [word(pick, 'XADD'), stream(pick)];
  if (pick.chance(0.1)) argv.push('NOMKSTREAM');
  if (pick.chance(0.2)) argv.push(...trim(pick, known));
  argv.push(pick.chance(0.7) ? '*' : pick.chance(0.7) ? pick.of(SMALL_IDS) : anId(pick, known));
  return [...argv, ...fields(pick)];
};

const xreadgroup: Make = (pick, known) => {
  const argv = ['XREADGROUP', 'GROUP', pick.of(GROUPS), pick.of(CONSUMERS)];
  if (pick.chance(0.7)) argv.push('COUNT', integer(pick, 4));
  if (pick.chance(0.1)) argv.push('NOACK');
  argv.push('STREAMS');
  const count = pick.chance(0.15) ? 2 : 1;
  const keys = pick.several(count, count, () => stream(pick));
  const from = () =>
    pick.chance(0.7) ? '>' : pick.chance(0.5) ? '0' : pick.chance(0.1) ? '$' : anId(pick, known);
  return [...argv, ...keys, ...keys.map(from)];
};

const xread: Make = (pick, known) => {
  const count = pick.chance(0.5) ? ['COUNT', integer(pick, 4)] : [];
  const keys = pick.several(1, 2, () => stream(pick));
  return [
    'XREAD',
    ...count,
    'STREAMS',
    ...keys,
    ...keys.map(() => (pick.chance(0.2) ? '$' : anId(pick, known))),
  ];
};

const xgroup: Make = (pick, known) => {
  const at = [stream(pick), pick.of(GROUPS)];
  const id = () => (pick.chance(0.3) ? '$' : pick.chance(0.5) ? '0' : anId(pick, known));
  const read = () => (pick.chance(0.2) ? ['ENTRIESREAD', integer(pick, 8)] : []);
  return [
    word(pick, 'XGROUP'),
    ...pick.weighted<readonly string[]>([
      [5, ['CREATE', ...at, id(), ...(pick.chance(0.6) ? ['MKSTREAM'] : []), ...read()]],
      [1, ['SETID', ...at, id(), ...read()]],
      [0.3, ['DESTROY', ...at]],
      [2, ['CREATECONSUMER', ...at, pick.of(CONSUMERS)]],
      [1, ['DELCONSUMER', ...at, pick.of(CONSUMERS)]],
      [0.2, ['NONSENSE', ...at]],
      [0.2, ['CREATE', ...at]],
    ]),
  ];
};

const xclaim: Make = (pick, known) => {
  const argv = ['XCLAIM', stream(pick), pick.of(GROUPS), pick.of(CONSUMERS), integer(pick, 3)];
  argv.push(...pick.several(1, 3, () => anId(pick, known)));
  if (pick.chance(0.3)) argv.push('IDLE', pick.of(['0', '5', '9999', '10000', '20000', '-3', 'x']));
  if (pick.chance(0.2)) argv.push('TIME', String(known.now - pick.of([0, 1, 500, 15000, -1000])));
  if (pick.chance(0.2)) argv.push('RETRYCOUNT', integer(pick, 5));
  if (pick.chance(0.25)) argv.push('FORCE');
  if (pick.chance(0.4)) argv.push('JUSTID');
  if (pick.chance(0.1)) argv.push('LASTID', anId(pick, known));
  return argv;
};

const xautoclaim: Make = (pick, known) => {
  const argv = ['XAUTOCLAIM', stream(pick), pick.of(GROUPS), pick.of(CONSUMERS), integer(pick, 3)];
  argv.push(pick.chance(0.6) ? '0' : rangeEnd(pick, known, '-'));
  if (pick.chance(0.5)) argv.push('COUNT', integer(pick, 3));
  if (pick.chance(0.4)) argv.push('JUSTID');
  return argv;
};

const xpending: Make = (pick, known) => {
  const argv = ['XPENDING', stream(pick), pick.of(GROUPS)];
  if (pick.chance(0.2)) return argv;
  if (pick.chance(0.2)) argv.push('IDLE', integer(pick, 8));
  argv.push(rangeEnd(pick, known, '-'), rangeEnd(pick, known, '+'), integer(pick, 10));
  if (pick.chance(0.4)) argv.push(pick.of(CONSUMERS));
  return argv;
};

const xrange: Make = (pick, known) => {
  const count = pick.chance(0.3) ? ['COUNT', integer(pick, 4)] : [];
  return pick.chance(0.6)
    ? ['XRANGE', stream(pick), rangeEnd(pick, known, '-'), rangeEnd(pick, known, '+'), ...count]
    : ['XREVRANGE', stream(pick), rangeEnd(pick, known, '+'), rangeEnd(pick, known, '-'), ...count];
};

const xinfo: Make = (pick) => {
  const key = stream(pick);
  return pick.weighted<readonly string[]>([
    [3, ['XINFO', 'CONSUMERS', key, pick.of(GROUPS)]],
    [3, ['XINFO', 'GROUPS', key]],
    [2, ['XINFO', 'STREAM', key]],
    [2, ['XINFO', 'STREAM', key, 'FULL', ...(pick.chance(0.3) ? ['COUNT', integer(pick, 4)] : [])]],
  ]);
};

const deliver: Make = (pick) => [
  'XREADGROUP',
  'GROUP',
  'g',
  pick.of(['a~00000001', 'b~00000002', 'go']),
  'COUNT',
  String(1 + pick.upTo(3)),
  'STREAMS',
  'l',
  '>',
];

const announce: Make = (pick) => [
  'XADD',
  'l',
  '*',
  'lbs-input',
  '{}',
  ...(pick.chance(0.3) ? ['_retry_count', '1'] : []),
];

const ofStreams: Make = (pick, known) =>
  pick.weighted<() => readonly Argument[]>([
    [22, () => announce(pick, known)],
    [20, () => deliver(pick, known)],
    [5, () => xadd(pick, known)],
    [5, () => xreadgroup(pick, known)],
    [1, () => xread(pick, known)],
    [2, () => xgroup(pick, known)],
    [5, () => xclaim(pick, known)],
    [3, () => xautoclaim(pick, known)],
    [5, () => xpending(pick, known)],
    [4, () => ['XACK', stream(pick), pick.of(GROUPS), ...pick.several(1, 3, () => anId(pick, known))]],
    [3, () => ['XDEL', stream(pick), ...pick.several(1, 3, () => anId(pick, known))]],
    [3, () => xrange(pick, known)],
    [4, () => xinfo(pick, known)],
    [1, () => ['XLEN', stream(pick)]],
    [1, () => ['XTRIM', stream(pick), ...trim(pick, known)]],
    [
      0.5,
      () => [
        'XSETID',
        stream(pick),
        anId(pick, known),
        ...(pick.chance(0.3) ? ['ENTRIESADDED', integer(pick, 20)] : []),
        ...(pick.chance(0.3) ? ['MAXDELETEDID', anId(pick, known)] : []),
      ],
    ],
  ])();

function expiry(pick: Picker, known: Known): string[] {
  return pick.weighted<string[]>([
    [4, ['PX', pick.of(['1', '3', '10', '100', '60000', '0', '-1'])]],
    [1, ['EX', integer(pick, 2)]],
    [1, ['PXAT', String(known.now + pick.upTo(30) - 5)]],
    [1, ['EXAT', String(Math.floor(known.now / 1000) + pick.upTo(3))]],
    [1, ['KEEPTTL']],
  ]);
}

const ofStrings: Make = (pick, known) => {
  const key = pick.chance(0.1) ? pick.of(KEYS) : pick.of(STRINGS);
  return pick.weighted<() => readonly Argument[]>([
    [
      5,
      () => [
        'SET',
        key,
        pick.of(VALUES),
        ...(pick.chance(0.3) ? [pick.of(['NX', 'XX'])] : []),
        ...(pick.chance(0.5) ? expiry(pick, known) : []),
        ...(pick.chance(0.15) ? ['GET'] : []),
      ],
    ],
    [3, () => ['GET', key]],
    [1, () => ['SETNX', key, pick.of(VALUES)]],
    [1, () => ['SETEX', key, integer(pick, 2), pick.of(VALUES)]],
    [1, () => ['PSETEX', key, integer(pick, 20), pick.of(VALUES)]],
    [1, () => ['GETSET', key, pick.of(VALUES)]],
    [1, () => ['GETDEL', key]],
    [2, () => ['MGET', key, pick.of(KEYS), pick.of(STRINGS)]],
    [1, () => ['MSET', key, pick.of(VALUES), pick.of(STRINGS), pick.of(VALUES)]],
    [1, () => ['APPEND', key, pick.of(VALUES)]],
    [1, () => ['STRLEN', key]],
    [1, () => [pick.of(['INCR', 'DECR']), key]],
    [1, () => [pick.of(['INCRBY', 'DECRBY']), key, pick.of(['1', '7', '-3', 'x'])]],
  ])();
};

const ofKeys: Make = (pick, known) => {
  // What all programs are about is seldom destroyed.
  const key = pick.chance(0.9) ? pick.of(KEYS.slice(1)) : 'l';
  return pick.weighted<() => readonly Argument[]>([
    [3, () => ['EXISTS', key, pick.of(KEYS)]],
    [1, () => [pick.of(['DEL', 'UNLINK']), key, ...pick.several(0, 1, () => pick.of(KEYS.slice(1)))]],
    [2, () => ['TYPE', key]],
    [
      3,
      () => [
        pick.of(['PEXPIRE', 'PEXPIRE', 'EXPIRE']),
        key,
        integer(pick, 12),
        ...(pick.chance(0.2) ? [pick.of(['NX', 'XX', 'GT', 'LT', 'QQ'])] : []),
      ],
    ],
    [1, () => ['PEXPIREAT', key, String(known.now + pick.upTo(20) - 5)]],
    [3, () => [pick.of(['PTTL', 'TTL', 'PEXPIRETIME', 'EXPIRETIME']), key]],
    [1, () => ['PERSIST', key]],
    [0.05, () => [pick.of(['FLUSHALL', 'FLUSHDB'])]],
    [0.5, () => ['KEYS', pick.of(['*', '?', 'k*', '[a-l]', '[^k]*', 'e\\0'])]],
    [0.3, () => ['SCAN', '0', 'COUNT', '1000', 'MATCH', pick.of(['k', 'l', 'no'])]],
  ])();
};

const ofHashes: Make = (pick) => {
  const key = pick.chance(0.1) ? pick.of(KEYS) : pick.of(['H', 'H', 'H', 'H', 'H', 'o']);
  const field = () => pick.of(FIELDS);
  return pick.weighted<() => readonly Argument[]>([
    [
      4,
      () => ['HSET', key, field(), pick.of(VALUES), ...(pick.chance(0.3) ? [field(), pick.of(VALUES)] : [])],
    ],
    [1, () => ['HSET', key, field(), '1', field()]],
    [1, () => ['HSETNX', key, field(), pick.of(VALUES)]],
    [2, () => ['HGET', key, field()]],
    [2, () => ['HMGET', key, field(), field()]],
    [2, () => ['HDEL', key, field(), field()]],
    [1, () => [pick.of(['HGETALL', 'HKEYS', 'HVALS', 'HLEN']), key]],
    [1, () => ['HEXISTS', key, field()]],
    [1, () => ['HSCAN', key, '0', ...(pick.chance(0.3) ? ['MATCH', 'f*'] : [])]],
    [1, () => ['HINCRBY', key, field(), pick.of(['1', '-3', 'x'])]],
  ])();
};

const ofLists: Make = (pick) => {
  const key = pick.chance(0.1) ? pick.of(KEYS) : 'L';
  const at = () => pick.of(['0', '1', '2', '-1', '-2', '-9', '9', 'x']);
  return pick.weighted<() => readonly Argument[]>([
    [
      4,
      () => [
        pick.of(['RPUSH', 'LPUSH', 'RPUSHX', 'LPUSHX']),
        key,
        ...pick.several(1, 3, () => pick.of(VALUES)),
      ],
    ],
    [2, () => [pick.of(['LPOP', 'RPOP']), key, ...(pick.chance(0.4) ? [at()] : [])]],
    [3, () => ['LRANGE', key, at(), at()]],
    [1, () => ['LTRIM', key, at(), at()]],
    [1, () => ['LINDEX', key, at()]],
    [1, () => ['LSET', key, at(), pick.of(VALUES)]],
    [1, () => ['LREM', key, at(), pick.of(VALUES)]],
    [1, () => ['LLEN', key]],
  ])();
};

const ofSortedSets: Make = (pick) => {
  const key = pick.chance(0.1) ? pick.of(KEYS) : 'Z';
  const member = () => pick.of(['a', 'b', 'c', 'é', '']);
  const score = () =>
    pick.of([
      '0',
      '1',
      '1.5',
      '-2',
      '1e3',
      '0.1',
      '123456789012345678',
      'inf',
      '-inf',
      '3',
      'x',
      '1700000000000',
    ]);
  const bound = () =>
    pick.chance(0.2) ? `(${score()}` : pick.chance(0.3) ? pick.of(['-inf', '+inf']) : score();
  const limit = () =>
    pick.chance(0.3) ? ['LIMIT', pick.of(['0', '1', '-1']), pick.of(['1', '2', '-1'])] : [];
  const scores = () => (pick.chance(0.5) ? ['WITHSCORES'] : []);
  const rank = () => pick.of(['0', '1', '-1', '-2', '5']);
  return pick.weighted<() => readonly Argument[]>([
    [
      6,
      () => [
        'ZADD',
        key,
        ...(pick.chance(0.4)
          ? pick.several(1, 2, () => pick.of(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']))
          : []),
        ...pick.several(1, 2, () => [score(), member()]).flat(),
      ],
    ],
    [1, () => ['ZINCRBY', key, score(), member()]],
    [2, () => ['ZREM', key, member(), member()]],
    [1, () => ['ZREMRANGEBYSCORE', key, bound(), bound()]],
    [
      3,
      () => [pick.of(['ZRANGEBYSCORE', 'ZREVRANGEBYSCORE']), key, bound(), bound(), ...scores(), ...limit()],
    ],
    [2, () => [pick.of(['ZRANGE', 'ZREVRANGE']), key, rank(), rank(), ...scores()]],
    [1, () => ['ZRANGE', key, bound(), bound(), 'BYSCORE', ...(pick.chance(0.3) ? ['REV'] : []), ...limit()]],
    [1, () => ['ZCOUNT', key, bound(), bound()]],
    [1, () => [pick.of(['ZSCORE', 'ZRANK', 'ZREVRANK']), key, member()]],
    [1, () => ['ZMSCORE', key, member(), member()]],
    [1, () => ['ZCARD', key]],
    [1, () => [pick.of(['ZPOPMIN', 'ZPOPMAX']), key, ...(pick.chance(0.4) ? ['2'] : [])]],
  ])();
};

const ofTheServer: Make = (pick) =>
  pick.weighted<readonly Argument[]>([
    [2, ['CONFIG', 'SET', 'notify-keyspace-events', pick.of(['KEA', 'KEx', 'Ex', '', 'Kgx$t', 'KEAn', 'q'])]],
    [1, ['CONFIG', 'GET', 'notify-keyspace-events']],
    [1, ['CONFIG', 'GET', 'maxmemory-policy']],
    [1, ['PING', ...(pick.chance(0.3) ? ['é'] : [])]],
    [1, ['ECHO', pick.of(VALUES)]],
    [1, ['PUBLISH', pick.of(['c', 'd']), pick.of(VALUES)]],
    [1, ['ROLE']],
    [1, ['CLIENT', 'GETNAME']],
    [1, ['CLIENT', 'SETNAME', pick.of(['me', 'a b', 'x:y'])]],
    [1, ['SCRIPT', 'EXISTS', 'a'.repeat(40)]],
    [1, ['EVALSHA', pick.of(['a'.repeat(40), 'b']), pick.of(['0', '5', '-1', 'x'])]],
    [1, ['NONSENSE', 'a', 'b']],
    [1, ['CLUSTER', 'INFO']],
    [1, ['ACL', 'WHOAMI']],
    [1, ['SELECT', pick.of(['0', '99', 'x'])]],
    [1, ['GET']],
    [1, ['CLIENT', 'UNBLOCK', '0']],
  ]);

/** A read that may be parked, and what ends one. */
export function parking(pick: Picker, known: Known, isParked: (on: number) => boolean): Step {
  const on = 1 + pick.upTo(2);
  if (isParked(on)) {
    return { on: 0, argv: ['CLIENT', 'UNBLOCK', { client: on }, ...(pick.chance(0.3) ? ['ERROR'] : [])] };
  }
  const keys = pick.several(1, 2, () => pick.of(['l', 'l', 's']));
  if (pick.chance(0.2)) {
    const from = keys.map(() => (pick.chance(0.6) ? '$' : anId(pick, known)));
    return { on, argv: ['XREAD', 'BLOCK', '0', 'STREAMS', ...keys, ...from] };
  }
  const argv = ['XREADGROUP', 'GROUP', pick.of(GROUPS), pick.of(CONSUMERS), 'BLOCK', pick.of(['0', '60000'])];
  if (pick.chance(0.7)) argv.push('COUNT', String(1 + pick.upTo(2)));
  if (pick.chance(0.1)) argv.push('NOACK');
  return { on, argv: [...argv, 'STREAMS', ...keys, ...keys.map(() => '>')] };
}

const KINDS: readonly (readonly [weight: number, make: Make])[] = [
  [12, ofStreams],
  [1.5, ofStrings],
  [1.5, ofKeys],
  [1, ofHashes],
  [0.6, ofLists],
  [1, ofSortedSets],
  [0.4, ofTheServer],
];

const UNORDERED = new Set(['KEYS', 'SCAN', 'HKEYS', 'HVALS', 'HGETALL', 'HSCAN']);

export function commandStep(pick: Picker, known: Known): Step {
  const argv = pick.weighted(KINDS)(pick, known);
  return { on: 0, argv, isUnordered: UNORDERED.has(String(argv[0])) };
}
