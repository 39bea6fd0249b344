import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CHECKS, examine } from '../../../src/admin/doctor/checks.js';
import type { Facts, ServiceFacts } from '../../../src/admin/doctor/facts.js';
import type { Finding, Result } from '../../../src/admin/doctor/finding.js';
import type { ServiceStatus } from '../../../src/admin/status/service-status.js';
import { memberRecord } from '../../support/member-record.js';
import {
  type FactsInput,
  facts,
  master,
  muteServer,
  node,
  ours,
  type ServerInput,
  server,
  service,
} from './doctor-facts.js';

function finding(check: string, all: Facts): Finding {
  const found = examine(all).find((one) => one.check === check);
  if (found === undefined) throw new Error(`expected a finding of ${check}, got: none`);
  return found;
}

type Expected = readonly [result: Result, found: RegExp, remedy?: RegExp];

function expectFinding(check: string, all: Facts, [result, found, remedy]: Expected): void {
  const got = finding(check, all);
  expect(got.found).to.match(found);
  expect(got.result, got.found).to.equal(result);
  if (remedy !== undefined) expect(got.remedy).to.match(remedy);
  // Whatever is not good says what to do, and nothing else does.
  expect(got.remedy === null).to.equal(result === 'good');
}

/** A check of each server: what it says of one. */
function ofServer(
  check: string,
  cases: readonly (readonly [what: string, input: ServerInput, expected: Expected])[],
): void {
  for (const [what, input, expected] of cases) {
    it(`${check}: ${what}`, () => expectFinding(check, facts({ servers: [server(input)] }), expected));
  }
}

function of(
  check: string,
  cases: readonly (readonly [what: string, input: FactsInput, expected: Expected])[],
): void {
  for (const [what, input, expected] of cases) {
    it(`${check}: ${what}`, () => expectFinding(check, facts(input), expected));
  }
}

const letters = (count: number, largestBytes = 100) => ({ count, largestBytes, newestId: '7-0' });
const at = (address: string, input: ServerInput = {}) => server({ address, ...input });
const replica = (address: string, input: ServerInput = {}) => server({ address, role: 'replica', ...input });
const slots = (count: number, moving: readonly string[] = []) => ({ count, ranges: [], moving });

describe('the checks of doctor', () => {
  it('find nothing wrong with a sound server', () => {
    const odd = examine(facts()).filter(({ result }) => result !== 'good');
    expect(odd).to.deep.equal([]);
  });

  it('have names in kebab case, each one once, and are all in the documentation', () => {
    const names = CHECKS.map(({ name }) => name);
    for (const name of names) expect(name).to.match(/^[a-z]+(-[a-z]+)*$/);
    expect(new Set(names).size).to.equal(names.length);
    const text = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
    const section = /^## doctor$([\s\S]*?)^## /m.exec(text)?.[1] ?? '';
    const documented = [...section.matchAll(/^\| `([a-z][a-z-]*)` +\|/gm)].map(([, name]) => name);
    expect(documented).to.deep.equal(names);
  });

  it('say what could not be told of a server that answers no question, and never that it is good', () => {
    const told = examine(facts({ servers: [muteServer()] })).filter(({ found }) =>
      found.startsWith('could not be told'),
    );
    expect(told.map(({ check }) => check)).to.deep.equal([
      'server-version',
      'commands',
      'keyspace-events',
      'eviction',
      'memory',
      'persistence',
      'replication',
      'min-replicas',
      'clock-skew',
      'connections',
      'pubsub-buffer',
      'idle-timeout',
      'tcp-keepalive',
      'script-time-limit',
    ]);
    for (const { result } of told) expect(result).to.not.equal('good');
  });

  it('say of several servers of whom it is true, the worst first', () => {
    const servers = [at('a:1'), at('b:2', { config: { 'maxmemory-policy': 'allkeys-lru' } }), at('c:3')];
    const { found, remedy } = finding('eviction', facts({ servers }));
    expect(found).to.match(/^b:2: allkeys-lru: .*; a:1, c:3: noeviction$/);
    expect(remedy).to.match(/^on b:2: CONFIG SET maxmemory-policy noeviction, /);
  });

  it('give of a figure the highest where all are well', () => {
    const servers = [
      at('a:1', { info: { connected_clients: 5 } }),
      at('b:2', { info: { connected_clients: 70 } }),
    ];
    const { found } = finding('connections', facts({ servers }));
    expect(found).to.equal('70 of 10000 connections in use on b:2; less on the others');
  });
});

describe('a check of doctor', () => {
  const down = { state: 'unreachable', error: 'connect ECONNREFUSED' } as const;
  const stranger = { state: 'foreign', error: 'a node of another cluster answers here' } as const;
  of('reachable', [
    [
      'another cluster answers in the place of a master',
      {
        topology: {
          kind: 'cluster',
          masters: [master('a:1', { slots: slots(9) }), master('b:2', { ...stranger, slots: slots(9) })],
        },
        servers: [at('a:1')],
      },
      [
        'bad',
        /^a master does not answer: b:2: a node of another cluster answers here$/,
        /^follow the remedy of topology$/,
      ],
    ],
    ['all answer', { servers: [at('a:1'), at('b:2')] }, ['good', /^2 servers answered$/]],
    [
      'a master is down',
      {
        topology: {
          kind: 'cluster',
          masters: [master('a:1', { slots: slots(9) }), master('b:2', { ...down, slots: slots(9) })],
        },
        servers: [at('a:1')],
      },
      ['bad', /^a master does not answer: b:2: connect ECONNREFUSED$/, /redis-cli/],
    ],
    [
      'a master that was replaced is down',
      {
        topology: {
          kind: 'cluster',
          masters: [master('a:1', { slots: slots(9) }), master('b:2', { state: 'failed', slots: slots(0) })],
        },
        servers: [at('a:1')],
      },
      ['warning', /^b:2: failed$/],
    ],
    [
      'a replica is down',
      { topology: { masters: [master('a:1', { replicas: [node('b:2', down)] })] }, servers: [at('a:1')] },
      ['warning', /^b:2: connect ECONNREFUSED$/],
    ],
    [
      'a Sentinel is down',
      {
        topology: {
          sentinels: [{ address: 's:1', state: 'unreachable', error: 'no connection', master: null }],
        },
      },
      ['warning', /^s:1: no connection$/],
    ],
    ['one is loading', { servers: [server({ info: { loading: 1 } })] }, ['bad', /still loading/]],
  ]);

  of('topology', [
    ['it is settled', { topology: { kind: 'cluster' } }, ['good', /^a cluster, settled$/]],
    [
      'it is not',
      { topology: { kind: 'cluster', settled: false, problems: ['a and b disagree'] } },
      ['bad', /^a and b disagree$/, /cluster check/],
    ],
    [
      'settled, with a node of another cluster at the address of one of ours',
      {
        topology: {
          kind: 'cluster',
          problems: ['a:1 is a node of another cluster'],
          masters: [master('a:1', { ...stranger, slots: slots(9) }), master('b:2', { slots: slots(9) })],
        },
        servers: [at('b:2')],
      },
      [
        'bad',
        /^a:1 is a node of another cluster$/,
        /CLUSTER FAILOVER TAKEOVER .*CLUSTER FORGET .*leave a:1 out of the URL$/,
      ],
    ],
    [
      'settled, with a node of another cluster at an address that the URL names',
      {
        topology: {
          kind: 'cluster',
          problems: ['c:3 is a node of another cluster'],
          others: [node('c:3', stranger)],
        },
      },
      ['bad', /^c:3 is a node of another cluster$/, /leave c:3 out of the URL$/],
    ],
    [
      'not settled either',
      {
        topology: {
          kind: 'cluster',
          settled: false,
          problems: ['a and b disagree', 'c:3 is a node of another cluster'],
          others: [node('c:3', stranger)],
        },
      },
      ['bad', /^a and b disagree; c:3 is/, /leave c:3 out of the URL; .*cluster check/],
    ],
    [
      'it may not be asked',
      {
        topology: {
          settled: false,
          problems: ['no answer'],
          masters: [master('127.0.0.1:7000', { state: 'unreachable', error: 'NOPERM' })],
        },
      },
      ['warning', /^could not be told: 127\.0\.0\.1:7000: NOPERM$/, /\+info/],
    ],
  ]);

  const cluster = (...masters: readonly ReturnType<typeof master>[]) => ({
    topology: { kind: 'cluster' as const, masters },
  });
  of('cluster-slots', [
    [
      'all are served',
      cluster(master('a:1', { slots: slots(16_384) })),
      ['good', /^all 16384 slots are served, by 1 master$/],
    ],
    [
      'some are not',
      cluster(master('a:1', { slots: slots(16_383) })),
      ['bad', /^16383 of 16384 slots are served$/, /cluster fix/],
    ],
    [
      'some are on the way',
      cluster(master('a:1', { slots: slots(16_384, ['[1->-b]']) })),
      ['warning', /^a:1: 1 on the way$/],
    ],
    [
      'those of a master in whose place another cluster answers do not count',
      cluster(master('a:1', { slots: slots(10_000) }), master('b:2', { ...stranger, slots: slots(6_384) })),
      ['bad', /^10000 of 16384/],
    ],
    [
      'those of a master that is down do not count',
      cluster(
        master('a:1', { slots: slots(10_000) }),
        master('b:2', { state: 'failed', slots: slots(6_384) }),
      ),
      ['bad', /^10000 of 16384/],
    ],
  ]);

  const sentinel = (...problems: (string | null)[]) => ({
    topology: { kind: 'sentinel' as const },
    sentinels: problems.map((quorumProblem, index) => ({ address: `s:${index}`, quorumProblem })),
  });
  of('sentinel-quorum', [
    ['three have it', sentinel(null, null, null), ['good', /^3 Sentinels/]],
    ['one alone is too few', sentinel(null), ['warning', /^1 of the Sentinels/]],
    ['it is not reached', sentinel(null, 'NOQUORUM 1 usable Sentinels', null), ['bad', /^s:1: NOQUORUM/]],
  ]);

  ofServer('server-version', [
    ['6.2', { info: { redis_version: '6.2.0' } }, ['good', /^Redis 6\.2\.0$/]],
    ['older', { info: { redis_version: '6.0.16' } }, ['bad', /^Redis 6\.0\.16: too old$/, /6\.2/]],
    ['Valkey', { info: { redis_version: '7.2.4', valkey_version: '8.0.1' } }, ['good', /^Valkey 8\.0\.1$/]],
  ]);
  it('server-version: a mixture is no good for long', () => {
    const servers = [at('a:1'), at('b:2', { info: { redis_version: '7.2.0' } })];
    expectFinding('server-version', facts({ servers }), [
      'warning',
      /a:1: Redis 7\.0\.15; b:2: Redis 7\.2\.0/,
    ]);
  });

  ofServer('commands', [
    ['one is gone', { missingCommands: ['xpending'] }, ['bad', /^missing: XPENDING$/]],
    [
      'CONFIG is gone, as at some providers',
      { missingCommands: ['config'] },
      ['warning', /^missing: CONFIG$/, /'prefer'/],
    ],
  ]);

  ofServer('permissions', [
    [
      'some are refused',
      {
        rights: {
          commands: ['XINFO CONSUMERS'],
          keys: ['{orders-input}:owners', '{orders-input}:presence:doctor', 'doctor<MUTEX_KEY_SEP>0-1'],
          channels: ['__keyspace@0__:*'],
        },
      },
      [
        'bad',
        /^refused: XINFO CONSUMERS, key \{orders-input\}:owners, key .*, channel __keyspace@0__:\*$/,
        /^ACL SETUSER <user> \+xinfo\|consumers ~\{orders-input\}:\* ~\*<MUTEX_KEY_SEP>\* &__keyspace@0__:\*$/,
      ],
    ],
    [
      'not all could be tried',
      { rights: { isComplete: false } },
      ['warning', /could not be told/, /--acl-user/],
    ],
    ['the user is unknown', { rights: { hasUser: false } }, ['bad', /no such user/]],
    [
      'CONFIG is refused, and required',
      { rights: { commands: ['CONFIG SET'] }, config: { 'notify-keyspace-events': '' } },
      ['bad', /^refused: CONFIG SET$/],
    ],
    [
      'CONFIG SET is refused, and an administrator has set what is needed',
      { rights: { commands: ['CONFIG SET'] }, config: { 'notify-keyspace-events': 'KEx' } },
      ['good', /^every command is permitted/],
    ],
  ]);
  it("permissions: CONFIG is refused, and keyspaceEvents is 'prefer'", () => {
    const config = { 'notify-keyspace-events': '' };
    const servers = [server({ config, rights: { commands: ['CONFIG GET', 'CONFIG SET'] } })];
    const all = facts({ servers, assumed: { keyspaceEvents: 'prefer' } });
    expectFinding('permissions', all, ['warning', /^refused: CONFIG GET, CONFIG SET$/]);
  });

  describe('of whoever reads entries [C-LAG-5]', () => {
    const reading = (lag: { entries: number; ms: number; behind: number } | null): Facts => {
      const sound = facts({ service: service({}) });
      const status = sound.service?.status as ServiceStatus;
      const process = memberRecord({ lag });
      const consumer = {
        name: 'a~00000001',
        pending: 0,
        presenceMs: 1,
        idleMs: 0,
        owned: 0,
        handOver: 0,
        process,
      };
      return {
        ...sound,
        service: { ...(sound.service as ServiceFacts), status: { ...status, consumers: [consumer] } },
      };
    };
    const lag = { entries: 0, ms: 0, behind: 0 };
    const refusing = (...refusedForEntries: string[]): Facts => ({
      ...reading(lag),
      servers: [server({ refusedForEntries })],
    });

    it('entries: nobody does', () => {
      expect(examine(reading(null)).map(({ check }) => check)).to.not.include('entries');
    });

    it('entries: all is permitted', () => {
      expectFinding('entries', refusing(), ['good', /permitted/]);
    });

    it('entries: losses go unheard', () => {
      expectFinding('entries', refusing('XINFO STREAM'), [
        'warning',
        /^XINFO STREAM is refused: entries that are removed before they are read go unheard of, lag is unknown/,
        /^ACL SETUSER <user> \+xinfo\|stream;/,
      ]);
    });

    it('entries: none can be read', () => {
      expectFinding('entries', refusing('XREAD', 'XTRIM'), [
        'bad',
        /XREAD is refused.*XTRIM is refused/,
        /\+xread \+xtrim/,
      ]);
    });
  });

  const events = (value: string, rest: ServerInput = {}) => ({
    config: { 'notify-keyspace-events': value },
    ...rest,
  });
  ofServer('keyspace-events', [
    ['more than is needed', events('AKE'), ['good', /^AKE$/]],
    ['not set yet', events(''), ['warning', /^not set yet/, /CONFIG SET notify-keyspace-events KEx/]],
    [
      'not set, and consumers may not',
      events('', { rights: { commands: ['CONFIG SET'] } }),
      ['bad', /may not set it/],
    ],
    [
      'not set, and consumers listen',
      events('', { subscribers: ['streamwarden:a~00000001:subscriber'] }),
      ['bad', /^not set, although/],
    ],
    ['a setting of others', events('lE'), ['bad', /^lE: others/, /keyspaceOverride.*lEKx/]],
  ]);
  it('keyspace-events: one master of several has lost it', () => {
    const servers = [at('a:1'), at('b:2', events('')), replica('c:3', events(''))];
    expectFinding('keyspace-events', facts({ servers }), [
      'bad',
      /^b:2: not set, .*; a:1: KEx$/,
      /^on b:2: /,
    ]);
  });
  it("keyspace-events: not set, and consumers may not: no more than a warning with keyspaceEvents 'prefer'", () => {
    const servers = [server(events('', { rights: { commands: ['CONFIG SET'] } }))];
    const all = facts({ servers, assumed: { keyspaceEvents: 'prefer' } });
    expectFinding('keyspace-events', all, ['warning', /may not set it/]);
  });
  it("keyspace-events: keyspaceEvents 'off' needs none", () => {
    const all = facts({ servers: [server(events(''))], assumed: { keyspaceEvents: 'off' } });
    expectFinding('keyspace-events', all, ['good', /^not needed/]);
  });

  const policy = (value: string, evicted = 0) => ({
    config: { 'maxmemory-policy': value },
    info: { evicted_keys: evicted },
  });
  ofServer('eviction', [
    [
      'of all keys',
      policy('allkeys-lru', 7),
      ['bad', /work is lost.*7 keys have been evicted/, /noeviction/],
    ],
    [
      'of those with a time to live',
      policy('volatile-ttl'),
      ['bad', /presence and locks, and living owners/],
    ],
  ]);
  it('eviction: INFO says it as well where CONFIG is forbidden', () => {
    const servers = [{ ...server({ info: { maxmemory_policy: 'volatile-lru' } }), config: new Map() }];
    expectFinding('eviction', facts({ servers }), ['bad', /^volatile-lru/]);
  });

  ofServer('memory', [
    ['nearly full', { info: { used_memory: 85, maxmemory: 100 } }, ['warning', /^85 %/]],
    ['full', { info: { used_memory: 96, maxmemory: 100 } }, ['bad', /^96 %/]],
    [
      'without a limit',
      { info: { maxmemory: 0, used_memory: 10, total_system_memory: 1_000_000 } },
      ['good', /^under 1 % .*maxmemory is not set/],
    ],
  ]);

  const rdb = { aof_enabled: 0, rdb_changes_since_last_save: 12 };
  ofServer('persistence', [
    ['flushed every second', {}, ['good', /last second/]],
    ['flushed at every write', { config: { appendfsync: 'always' } }, ['good', /loses nothing/]],
    ['flushed at leisure', { config: { appendfsync: 'no' } }, ['warning', /half a minute/, /everysec/]],
    ['cannot be written', { info: { aof_last_write_status: 'err' } }, ['bad', /MISCONF/]],
    [
      'snapshots',
      {
        info: { ...rdb, rdb_last_save_time: 1_000, server_time_usec: 1_060_000_000 },
        config: { save: '3600 1' },
      },
      ['warning', /save 3600 1.*60\.0 s ago; 12 changes/, /appendonly yes/],
    ],
    [
      'snapshots that fail',
      { info: { ...rdb, rdb_last_bgsave_status: 'err' }, config: { save: '3600 1' } },
      ['bad', /MISCONF/],
    ],
    [
      'snapshots that fail, beside an append-only file',
      { info: { rdb_last_bgsave_status: 'err' }, config: { save: '3600 1' } },
      ['bad', /MISCONF/, /then BGSAVE$/],
    ],
    [
      'a snapshot by hand that failed: no schedule, nothing is refused',
      { info: { rdb_last_bgsave_status: 'err' } },
      ['good', /^append-only file/],
    ],
    ['none', { info: { aof_enabled: 0 } }, ['bad', /loses every announcement/, /appendonly yes/]],
    [
      'none, but a replica',
      { info: { aof_enabled: 0, connected_slaves: 1 } },
      ['warning', /only what a replica has/],
    ],
  ]);

  const follower = (lag: number) => `ip=127.0.0.1,port=7001,state=online,offset=5,lag=${lag}`;
  ofServer('replication', [
    ['none, of a single server', {}, ['good', /^no replicas/]],
    [
      'one that is near',
      { info: { connected_slaves: 1, slave0: follower(1) } },
      ['good', /^1 replica, asynchronous/],
    ],
    [
      'one that is silent',
      { info: { connected_slaves: 1, slave0: follower(40) } },
      ['bad', /1 replica of 1 not heard of for 40 s/],
    ],
    [
      'one of two is silent',
      { info: { connected_slaves: 2, slave0: follower(40), slave1: follower(0) } },
      ['warning', /1 replica of 2/],
    ],
  ]);
  of('replication', [
    [
      'none in a cluster',
      { topology: { kind: 'cluster' } },
      ['warning', /nobody takes its place/, /add-node/],
    ],
    [
      'one that is cut off',
      {
        servers: [
          at('a:1', { info: { connected_slaves: 1 } }),
          replica('b:2', { info: { master_link_status: 'down' } }),
        ],
      },
      ['warning', /^b:2: cut off/],
    ],
  ]);

  const least = (wanted: string, info: Readonly<Record<string, string | number>>) => ({
    config: { 'min-replicas-to-write': wanted },
    info,
  });
  ofServer('min-replicas', [
    ['no replicas', {}, ['good', /^no replicas$/]],
    ['0 with one replica', least('0', { connected_slaves: 1 }), ['good', /with 1 replica/]],
    [
      '0 with two',
      least('0', { connected_slaves: 2 }),
      ['warning', /the failover undoes that/, /min-replicas-to-write 1.*WAIT 1/],
    ],
    [
      '1 of 2',
      least('1', { connected_slaves: 2, min_slaves_good_slaves: 2 }),
      ['good', /^min-replicas-to-write 1, within 10 s; 2 replicas fit$/],
    ],
    [
      'more than there are',
      least('2', { connected_slaves: 1, min_slaves_good_slaves: 1 }),
      ['bad', /NOREPLICAS/],
    ],
  ]);

  const clock = (aheadMs: number, errorMs = 1) => ({ clock: { aheadMs, errorMs } });
  ofServer('clock-skew', [
    ['near', clock(-999), ['good', /^999 ms behind this machine, ± 1 ms$/]],
    ['far', clock(1_500), ['warning', /^1500 ms ahead of this machine/, /NTP/]],
    ['within what a slow answer can hide', clock(1_500, 600), ['good', /± 600 ms/]],
  ]);

  const clocks = (...readings: readonly (readonly [ahead: number, error: number])[]) => ({
    servers: readings.map(([ahead, error], index) => at(`a:${index}`, clock(ahead, error))),
  });
  of('node-clock-skew', [
    [
      'together, however far from here',
      clocks([5_000, 1], [5_100, 1]),
      ['good', /^100 ms apart at most, ± 2 ms$/],
    ],
    ['a quarter of a heartbeat apart', clocks([0, 1], [-600, 1]), ['warning', /\(a:1, a:0\)$/, /NTP/]],
    ['half a heartbeat apart', clocks([0, 1], [1_100, 1], [20, 1]), ['bad', /^1100 ms/]],
    ['within what slow answers can hide', clocks([0, 400], [1_100, 400]), ['good', /± 800 ms/]],
  ]);

  ofServer('latency', [
    [
      'quick, but for once',
      { roundTripsMs: [1, 1, 300] },
      ['warning', /^a round trip takes 1\.0 ms, 300\.0 ms at most; .* 571 ms$/],
    ],
    ['slow', { roundTripsMs: [60, 70, 80] }, ['warning', /70\.0 ms/]],
    ['too slow', { roundTripsMs: [300, 300, 300] }, ['bad', /300\.0 ms/, /SLOWLOG/]],
  ]);
  it('latency: a longer heartbeat bears more', () => {
    const all = facts({ servers: [server({ roundTripsMs: [300] })], assumed: { heartbeatMs: 60_000 } });
    expectFinding('latency', all, ['good', /17142 ms$/]);
  });

  ofServer('connections', [
    ['many', { info: { connected_clients: 85 }, config: { maxclients: '100' } }, ['warning', /^85 of 100/]],
    [
      'nearly all',
      { info: { connected_clients: 95 }, config: { maxclients: '100' } },
      ['bad', /^95 of 100/, /maxclients/],
    ],
    ['some were refused', { info: { rejected_connections: 3 } }, ['warning', /3 were refused/]],
  ]);

  const buffer = (limits: string) => ({ config: { 'client-output-buffer-limit': `normal 0 0 0 ${limits}` } });
  ofServer('pubsub-buffer', [
    ['small', buffer('pubsub 65536 0 0'), ['warning', /cuts subscribers off/, /pubsub 32mb/]],
    ['none', buffer('pubsub 0 0 0'), ['warning', /no limit/]],
  ]);

  ofServer('idle-timeout', [
    ['long', { config: { timeout: '300' } }, ['good', /^timeout 300/]],
    ['short', { config: { timeout: '10' } }, ['warning', /10 s without a command/, /timeout 0/]],
    ['shorter than a heartbeat', { config: { timeout: '1' } }, ['bad', /1 s without/]],
  ]);

  ofServer('tcp-keepalive', [
    ['off', { config: { 'tcp-keepalive': '0' } }, ['warning', /^off/, /300/]],
    ['rare', { config: { 'tcp-keepalive': '7200' } }, ['warning', /firewalls/]],
  ]);

  ofServer('script-time-limit', [
    ['none', { config: { 'busy-reply-threshold': '0' } }, ['warning', /hangs/, /busy-reply-threshold 5000/]],
    ['short', { config: { 'busy-reply-threshold': '10' } }, ['warning', /BUSY/]],
  ]);

  of('service', [
    [
      'there',
      { service: service({ length: 3 }) },
      ['good', /^orders-input: 3 entries, 0 pending, 3 not given/],
    ],
    ['without a group', { service: service({ hasGroup: false }) }, ['warning', /no group orders-group/]],
    [
      'unknown',
      { service: { ...service(), status: null, problem: { kind: 'missing', text: 'no service' } } },
      ['warning', /^no service$/, /misspelt/],
    ],
    [
      'no stream',
      { service: { ...service(), status: null, problem: { kind: 'wrongType', text: 'a string' } } },
      ['bad', /^a string$/],
    ],
    [
      'unreadable',
      { service: { ...service(), status: null, problem: { kind: 'unreadable', text: 'NOPERM' } } },
      ['warning', /^could not be told: NOPERM$/],
    ],
  ]);

  const a = ours('a~00000001');
  const b = ours('b~00000002');
  const go = ours('go-1', { kind: 'go', presenceMs: null });
  of('consumers', [
    ['one lives', { service: service({ consumers: [a] }) }, ['good', /^1 consumer$/]],
    ['none, and nothing to do', { service: service() }, ['warning', /^none alive$/]],
    ['none, and entries wait', { service: service({ length: 2 }) }, ['bad', /2 entries wait/]],
    [
      'those of the Go client alone',
      { service: service({ length: 2, consumers: [go] }) },
      ['warning', /Go client/],
    ],
  ]);

  const dead = ours('c~00000003', { presenceMs: null, pending: 4 });
  of('dead-owners', [
    [
      'of whom nothing is pending',
      { service: service({ consumers: [a, ours('d~4', { presenceMs: null })] }) },
      ['good', /^nothing/],
    ],
    [
      'beside one who lives',
      { service: service({ consumers: [a, dead] }) },
      ['warning', /^c~00000003: 4 pending$/],
    ],
    ['and nobody else', { service: service({ consumers: [dead] }) }, ['bad', /nobody lives/]],
  ]);

  const late = (lateMs: number, consumers = [a]) => ({
    service: service({ consumers, delayed: { count: 3, nextMs: null, lateMs } }),
  });
  of('delays', [
    ['none', { service: service({ consumers: [a] }) }, ['good', /^nothing is delayed$/]],
    [
      'which are not due',
      { service: service({ delayed: { count: 2, nextMs: 90_000, lateMs: 0 } }) },
      ['good', /^2 delayed, the next one for 90\.0 s more$/],
    ],
    ['which are just due', late(4_999), ['good', /^3 delayed, due now$/]],
    ['which are late', late(5_000), ['warning', /due for 5\.0 s$/, /0\.1\.0 give nothing out/]],
    ['which nobody ends', late(60_000), ['bad', /due for 60\.0 s$/, /0\.1\.0 give nothing out/]],
    [
      'and nobody lives',
      late(5_000, [dead, go]),
      ['bad', /nobody lives/, /^start a consumer of this version$/],
    ],
    [
      'of which nothing may be read',
      { service: service({ delayed: null }) },
      ['warning', /could not be told/, /\+xlen \+zrange \+time$/],
    ],
  ]);

  of('go-consumers', [
    ['none', { service: service({ consumers: [a] }) }, ['good', /^none$/]],
    [
      'one',
      { service: service({ consumers: [a, go] }) },
      ['warning', /^1 consumer of the Go client: go-1/, /XGROUP DELCONSUMER orders-input orders-group go-1/],
    ],
    [
      'beside ours without locks',
      { service: service({ consumers: [ours('a~1', { keepsLocks: false }), go] }) },
      ['bad', /a~1 keep no lock keys/, /lockKeys: true/],
    ],
    [
      'where ours are said to keep none',
      { service: service({ consumers: [a, go] }), assumed: { lockKeys: false } },
      ['bad', /ours keep no lock keys/],
    ],
  ]);

  of('dead-letters', [
    ['none', { service: service() }, ['good', /^none$/]],
    [
      'some',
      { service: service({ dlq: 1, dueLetters: 2 }) },
      ['warning', /1 dead letter; 2 more wait/, /dlq list --service orders/],
    ],
    ['so many that they are thrown away', { service: service({ dlq: 8_000 }) }, ['bad', /thrown away/]],
  ]);

  of('too-large', [
    ['none', { service: service({ letters: { rejected: letters(1) } }) }, ['good', /too large/]],
    [
      'some',
      { service: service({ letters: { tooLarge: letters(2, 3_145_728) } }) },
      [
        'warning',
        /^2 dead letters of more than maxEntryBytes.* 3\.0 MiB$/,
        /maxEntryBytes of 3145728 or more .* dlq redrive --service orders --all --reason tooLarge/,
      ],
    ],
  ]);

  of('delivery-limit', [
    ['none', { service: service() }, ['good', /no entry was given up/]],
    [
      'some',
      { service: service({ letters: { delivery_limit: letters(1) } }) },
      [
        'warning',
        /^1 dead letter that one consumer after the other died with/,
        /dlq show --service orders 7-0 /,
      ],
    ],
  ]);

  of('unparseable', [
    ['none', { service: service() }, ['good', /no entry was given up/]],
    [
      'some',
      { service: service({ letters: { unparseable: letters(3) } }) },
      [
        'warning',
        /^3 dead letters that no data stream can be read from/,
        /dlq show --service orders 7-0 .* dlq delete --service orders --all --reason unparseable/,
      ],
    ],
  ]);

  const listens = (...consumers: string[]) => [
    server({ subscribers: consumers.map((name) => `streamwarden:${name}:subscriber`) }),
  ];
  const both = (left: object, right: object) =>
    service({
      consumers: [
        { ...a, ...left },
        { ...b, ...right },
      ],
    });
  of('consumer-settings', [
    ['alike', { service: both({ presenceMs: 2_000 }, { presenceMs: 1_010 }) }, ['good', /no difference/]],
    [
      'heartbeats',
      { service: both({ presenceMs: 5_000 }, { presenceMs: 900 }) },
      ['warning', /of a~00000001 at least 5\.0 s, of b~00000002 at most 1\.8 s/],
    ],
    [
      'locks',
      { service: both({ keepsLocks: true }, { keepsLocks: false }) },
      ['warning', /b~00000002 keep none, a~00000001 do/],
    ],
    [
      'subscriptions',
      { service: both({}, {}), servers: listens(b.name) },
      ['warning', /^a~00000001 listen to no expiries/],
    ],
    [
      'subscriptions of nobody: a choice',
      { service: both({}, {}), servers: listens() },
      ['good', /no difference/],
    ],
  ]);

  it('is left out where it makes no sense', () => {
    const names = examine(facts()).map(({ check }) => check);
    expect(names).to.not.include.members(['cluster-slots']);
    for (const name of ['cluster-slots', 'sentinel-quorum', 'node-clock-skew', 'service', 'consumers']) {
      expect(names).to.not.include(name);
    }
    expect(
      examine(facts({ service: service({ hasGroup: false }) })).map(({ check }) => check),
    ).to.not.include('consumers');
  });
});
