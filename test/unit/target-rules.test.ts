/** What does not say where Redis is, is refused; what is accepted leads there and nowhere else. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Cluster, type ClusterNode, Redis } from 'ioredis';
import { createProducer } from '../../src/index.js';
import { formatAddress } from '../../src/redis/address.js';
import { type ClusterDeployment, deploymentOf, type RedisTarget } from '../../src/redis/target.js';
import { problemOfTarget } from '../../src/redis/target-rules.js';
import { hostile } from '../support/hostile-values.js';

function messageFor(redis: unknown): string {
  try {
    createProducer({ redis: redis as RedisTarget, service: 'orders' });
    return 'accepted';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

const nodeRedisClient = {
  options: { url: 'redis://h' },
  duplicate() {},
  connect() {},
  sendCommand() {},
  isOpen: false,
};

const foreign: readonly [what: string, target: unknown, hint: RegExp][] = [
  [
    "node-redis' url",
    { url: 'redis://h:7000' },
    /it has url, which ioredis does not know; give the URL itself/,
  ],
  ["node-redis' socket", { socket: { host: 'h', port: 7000 } }, /it has socket.*give host and port/],
  ["node-redis' cluster", { rootNodes: [{ url: 'redis://h' }] }, /it has rootNodes.*redis-cluster/],
  ['a node-redis client', nodeRedisClient, /a client of another library than ioredis; give its URL/],
  ['a list of nodes', [{ host: 'h', port: 7000 }], /a list; give a cluster as/],
  ['no options at all', {}, /names no host, port, path or sentinels/],
  ['credentials and no place', { username: 'u', password: 'p' }, /names no host/],
  ['a variable that is not set', { host: undefined, port: 7000 }, /its host is undefined/],
  ['an empty host', { host: '' }, /its host is no text/],
  ['a URL as host', { host: 'redis://h:7000' }, /its host is more than a host/],
  ['a port in the host', { host: 'h:7000' }, /its host holds a colon/],
  ['a port that is none', { host: 'h', port: Number.NaN }, /its port is no number/],
  ['a port that is null', { host: 'h', port: null }, /its port is no number/],
  ['a database that is null', { path: '/tmp/redis.sock', db: null }, /its database is no whole number/],
  ['a database that is none', { host: 'h', db: Number.NaN }, /its database is no whole number/],
  ['Sentinels without a name', { sentinels: [{ host: 'h', port: 1 }] }, /does not name the master/],
  [
    'a Sentinel without a host',
    { sentinels: [{}], name: 'main' },
    /of one of its sentinels: it names no host/,
  ],
  ['a number', 6379, /got: 6379$/],
  ['a class', class Place {}, /a class; give an instance/],
  ['a URL without a host', 'redis:///2', /names no host/],
  ['a URL with a path', 'redis://h/name', /its path is no database number/],
  [
    'a URL in capitals, which ioredis would open without TLS',
    'REDISS://h',
    /begins with none of the schemes/,
  ],
  ['an address', 'h:7000', /begins with none of the schemes/],
  ['a socket with a user', 'unix://user:hunter2@/tmp/redis.sock', /a socket has no user/],
  ['a URL without a scheme', '//user:hunter2@h:7000', /a socket has no user and no host/],
  ['a stray percent sign', 'redis://us%er:hunter2@h', /a percent sign in its credentials/],
  ['a URL object of another scheme', new URL('http://user:hunter2@h'), /begins with none of the schemes/],
];

describe('what is no target', () => {
  for (const [what, target, hint] of foreign) {
    it(`is refused, and it is said what to give: ${what} [C-STA-6]`, () => {
      const message = messageFor(target);
      expect(message).to.match(/^InvalidOption: expected redis to be a URL/);
      expect(message).to.match(hint);
      expect(message).not.to.include('hunter2');
    });
  }

  it('is refused among the startup nodes of a cluster as well', () => {
    for (const node of [{}, { url: 'redis://h' }, { host: undefined, port: 7000 }, { host: 'redis://h' }]) {
      const target = new Cluster([node as unknown as ClusterNode], { lazyConnect: true });
      expect(messageFor(target)).to.match(/^InvalidOption: .*a node that leads nowhere/);
    }
  });
});

/** Where a target leads, in one text. */
function placeOf(target: RedisTarget): string {
  const { host, port, path, db } = deploymentOf(target).options;
  return path ? `${path} ${db}` : `${host}:${port} ${db}`;
}

describe('what is a target', () => {
  it('leads where it says, as a text, a URL object, options or a client', () => {
    const url = 'redis://user:secret@10.0.0.1:7000/3';
    const options = { host: '10.0.0.1', port: 7000, db: 3 };
    for (const target of [url, new URL(url), options, new Redis(url, { lazyConnect: true })]) {
      expect(messageFor(target)).to.equal('accepted');
      expect(placeOf(target)).to.equal('10.0.0.1:7000 3');
    }
    expect(deploymentOf(new URL('rediss://h:1')).options.tls).to.be.ok;
    for (const socket of [
      '/tmp/redis.sock?db=2',
      'unix:/tmp/redis.sock?db=2',
      'unix:///tmp/redis.sock?db=2',
    ]) {
      expect(placeOf(socket)).to.equal('/tmp/redis.sock 2');
    }
  });

  it('leads to no other place than it names, whatever options there are', () => {
    const maybe = <T>(value: fc.Arbitrary<T>) =>
      fc.option(fc.oneof(value, fc.anything() as fc.Arbitrary<T>), { nil: undefined, freq: 2 });
    const options = fc.record(
      {
        host: maybe(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constant('localhost'))),
        port: maybe(
          fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }).map(String)),
        ),
        path: maybe(fc.constant('/tmp/redis.sock')),
        db: maybe(fc.nat({ max: 99 })),
        url: maybe(fc.webUrl()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(options, (target) => {
        if (problemOfTarget(target) !== undefined) return;
        expect(target.url ?? null, 'ioredis does not know it').to.equal(null);
        const { host, port, path, db } = target;
        const place = path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
        expect(placeOf(target as RedisTarget).replace('127.0.0.1:', 'localhost:')).to.equal(
          `${place} ${Number(db ?? 0)}`.replace('127.0.0.1:', 'localhost:'),
        );
        expect([host, port, path].some((part) => part !== undefined && part !== null)).to.equal(true);
      }),
    );
  });

  const drawn = <T>(value: fc.Arbitrary<T>) =>
    fc.option(fc.oneof({ weight: 6, arbitrary: value }, fc.anything() as fc.Arbitrary<T>), {
      nil: undefined,
      freq: 8,
    });
  const hosts = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  const ports = fc.integer({ min: 1, max: 65_535 });
  const places = fc.record({ host: drawn(hosts), port: drawn(ports) }, { requiredKeys: [] });

  function expectPlace({ host, port }: { readonly host?: unknown; readonly port?: unknown }): void {
    expect(host === undefined || host === null || (typeof host === 'string' && host !== '')).to.equal(true);
    expect(port === undefined || (Number(port) > 0 && Number(port) < 65_536)).to.equal(true);
    expect(host ?? port, 'it names one of them').not.to.equal(undefined);
  }

  it('leads by its Sentinels to the master that it names, whatever options there are', () => {
    let accepted = 0;
    const options = fc.record(
      {
        sentinels: drawn(fc.array(places, { minLength: 1, maxLength: 3 })),
        name: drawn(fc.string({ minLength: 1 })),
        role: fc.constantFrom('master', 'slave'),
        host: fc.option(hosts, { nil: undefined }),
        db: fc.option(fc.nat({ max: 15 }), { nil: undefined }),
      },
      { requiredKeys: ['sentinels', 'name'] },
    );
    fc.assert(
      fc.property(options, (target) => {
        if (problemOfTarget(target) !== undefined) return;
        if (target.sentinels === undefined || target.sentinels === null) return;
        accepted += 1;
        expect(target.name).to.be.a('string').and.not.equal('');
        const { kind, options: found } = deploymentOf(target as RedisTarget);
        expect(kind).to.equal('sentinel');
        expect(found.name).to.equal(target.name);
        expect(found.sentinels).to.deep.equal(target.sentinels);
        expect(found.sentinels).to.have.length.above(0);
        for (const sentinel of found.sentinels ?? []) expectPlace(sentinel);
      }),
      { numRuns: 300 },
    );
    expect(accepted).to.be.above(10);
  });

  it('begins with the nodes of a cluster that it is given, and with no other', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(places, { minLength: 1, maxLength: 3 }), (nodes) => {
        let target: Cluster;
        try {
          target = new Cluster(nodes as ClusterNode[], { lazyConnect: true });
        } catch {
          return;
        }
        const message = messageFor(target);
        if (message !== 'accepted') {
          expect(message).to.match(/^InvalidOption: /);
          return;
        }
        accepted += 1;
        for (const node of nodes) expectPlace(node);
        const { seeds } = deploymentOf(target) as ClusterDeployment;
        expect(seeds).to.deep.equal(
          nodes.map(({ host, port }) =>
            formatAddress({ host: host ?? '127.0.0.1', port: Number(port ?? 6379) }),
          ),
        );
      }),
      { numRuns: 300 },
    );
    expect(accepted).to.be.above(10);
  });

  it('is told from what is none without throwing, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          fc.string().map((value) => ({ value })),
        ),
        ({ value }) => {
          const problem = problemOfTarget(value);
          if (problem === undefined) expect(() => deploymentOf(value as RedisTarget)).not.to.throw();
          else expect(messageFor(value)).to.match(/^InvalidOption: /);
        },
      ),
    );
  });

  it('is never a text whose URL says another host or database than where it leads', () => {
    const part = fc.oneof(fc.domain(), fc.string(), fc.ipV4());
    const urls = fc
      .tuple(
        fc.constantFrom('redis://', 'rediss://', 'unix://', '//', ''),
        fc.option(fc.string(), { nil: '' }),
        part,
        fc.option(fc.nat({ max: 70_000 }), { nil: 0 }),
        fc.string(),
      )
      .map(
        ([scheme, user, host, port, path]) =>
          `${scheme}${user === '' ? '' : `${user}@`}${host}${port === 0 ? '' : `:${port}`}/${path}`,
      );
    fc.assert(
      fc.property(urls, (url) => {
        if (problemOfTarget(url) !== undefined) return;
        if (!url.startsWith('redis')) return;
        const { hostname, port, pathname } = new URL(url);
        expect(placeOf(url)).to.equal(
          `${hostname.replace(/^\[|\]$/g, '')}:${port || 6379} ${Number(pathname.slice(1) || 0)}`,
        );
      }),
    );
  });
});
