/** Random commands, on streams most of the time. */
import type { Argument, Step } from './comparison.js';
import type { Picker } from './picker.js';
import { ofStreams } from './stream-steps.js';
import { FIELDS, integer, KEYS, type Known, type Make, STRINGS, VALUES } from './vocabulary.js';

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
