import { expect } from 'chai';
import { Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { isStreamwardenError } from '../../src/core/errors.js';
import {
  type ClusterDeployment,
  deploymentOf,
  isClient,
  isCluster,
  type RedisTarget,
  type SingleDeployment,
} from '../../src/redis/target.js';

function cluster(target: RedisTarget): ClusterDeployment {
  const deployment = deploymentOf(target);
  if (deployment.kind !== 'cluster') throw new Error(`expected a cluster, got: ${deployment.kind}`);
  return deployment;
}

function single(target: RedisTarget, kind: SingleDeployment['kind'] = 'single'): SingleDeployment {
  const deployment = deploymentOf(target);
  if (deployment.kind !== kind) throw new Error(`expected ${kind}, got: ${deployment.kind}`);
  return deployment;
}

/** Never connects. ioredis takes more of a startup node than its types say. */
function template(nodes: readonly unknown[], options: ClusterOptions = {}): Cluster {
  return new Cluster(nodes as ClusterNode[], { ...(options as object), lazyConnect: true });
}

/** What a connection to a node is made with, as far as it is asked for. */
function settingsOf<Name extends keyof RedisOptions>(target: RedisTarget, ...names: Name[]) {
  const { options, status } = cluster(target).makeClient('10.0.0.9:7009', { lazyConnect: true });
  expect(status, 'not connected').to.equal('wait');
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isStreamwardenError(error, 'InvalidOption')) return error.message;
    throw error;
  }
  throw new Error('expected it to be refused');
}

describe('where Redis is', () => {
  describe('on one server', () => {
    it('is said by a URL, by options, or by a client to copy', () => {
      for (const target of [
        'rediss://me:secret@h:7000/2',
        { host: 'h', port: 7000, db: 2, username: 'me', password: 'secret', tls: {} },
        new Redis('rediss://me:secret@h:7000/2', { lazyConnect: true }),
      ]) {
        const { options, makeClient } = single(target);
        const made = makeClient({ lazyConnect: true, connectionName: 'mine' });
        for (const each of [options, made.options]) {
          expect(each).to.deep.include({ host: 'h', port: 7000, db: 2, username: 'me', password: 'secret' });
          expect(each.tls, 'TLS').to.be.ok;
        }
        expect(made.options.connectionName).to.equal('mine');
        expect(made.status, 'not connected').to.equal('wait');
      }
    });

    it("is not changed by a template's own settings that we decide on", () => {
      const target = new Redis({ lazyConnect: true, commandTimeout: 5, autoResendUnfulfilledCommands: true });
      const made = single(target).makeClient({ lazyConnect: true, autoResendUnfulfilledCommands: false });
      expect(made.options.autoResendUnfulfilledCommands).to.equal(false);
    });
  });

  describe('behind Sentinels', () => {
    const url = 'rediss-sentinel://me:p%40ss@s1:1,s2:2,s3/main/4';

    it('is said by a URL', () => {
      expect(single(url, 'sentinel').options).to.deep.include({
        sentinels: [
          { host: 's1', port: 1 },
          { host: 's2', port: 2 },
          { host: 's3', port: 26_379 },
        ],
        name: 'main',
        db: 4,
        username: 'me',
        password: 'p@ss',
        enableTLSForSentinelMode: true,
      });
    });

    it('is asked of another Sentinel first by each client, and of all by every one', () => {
      const { makeClient } = single(url, 'sentinel');
      const orders = [1, 2, 3, 4].map(() => {
        const { options } = makeClient({ lazyConnect: true });
        return options.sentinels?.map(({ host }) => host).join(' ');
      });
      expect(orders).to.deep.equal(['s1 s2 s3', 's2 s3 s1', 's3 s1 s2', 's1 s2 s3']);
    });

    it('is asked for once: who tries again, and when, is not for ioredis to say', () => {
      const { options } = single(url, 'sentinel').makeClient({ lazyConnect: true });
      expect(options.sentinelRetryStrategy?.(1)).to.equal(null);
      expect(options.sentinelReconnectStrategy?.(1)).to.equal(null);
      expect(options.failoverDetector).to.equal(false);
    });

    it('is said by options and by a client as well, with what they say of the Sentinels', () => {
      const options = { sentinels: [{ host: 's1', port: 1 }], name: 'main', sentinelPassword: 'sesame' };
      for (const target of [options, new Redis({ ...options, lazyConnect: true })]) {
        expect(single(target, 'sentinel').makeClient({ lazyConnect: true }).options).to.deep.include(options);
      }
    });
  });

  describe('in a cluster', () => {
    it('is said by a URL', () => {
      const target = 'rediss-cluster://me:p%40ss@h1:7000,[::1]:7001,h3';
      const { seeds, options, translate } = cluster(target);
      expect(seeds).to.deep.equal(['h1:7000', '::1:7001', 'h3:6379']);
      expect(options).to.deep.include({ username: 'me', password: 'p@ss', tls: {}, db: 0 });
      expect(translate('10.0.0.1:6379')).to.equal('10.0.0.1:6379');
      expect(settingsOf(target, 'host', 'port', 'username', 'password', 'tls')).to.deep.equal({
        host: '10.0.0.9',
        port: 7009,
        username: 'me',
        password: 'p@ss',
        tls: {},
      });
    });

    it('is said by the startup nodes of a client, in each form that ioredis takes', () => {
      const nodes = [
        'redis://h1:7000',
        'h2:7001',
        7002,
        { host: 'h4', port: 7003 },
        { host: 'h5' },
        { port: '7005' },
        'redis://[::1]:7007',
      ];
      expect(cluster(template(nodes)).seeds).to.deep.equal([
        'h1:7000',
        'h2:7001',
        '127.0.0.1:7002',
        'h4:7003',
        'h5:6379',
        '127.0.0.1:7005',
        '::1:7007',
      ]);
    });

    it('is reached at any address, IPv6 too', () => {
      const { options } = cluster(template([7000])).makeClient('2001:db8::1:7009', { lazyConnect: true });
      expect(options).to.deep.include({ host: '2001:db8::1', port: 7009 });
    });

    it('is reached with what the client says of its connections', () => {
      const redisOptions = { username: 'me', password: 'secret', tls: { servername: 'x' }, family: 6 };
      const target = template([{ host: 'h', port: 1 }], { redisOptions });
      expect(settingsOf(target, 'username', 'password', 'tls', 'family')).to.deep.equal(redisOptions);
    });

    for (const [form, node] of [
      ['a URL', 'rediss://me:p%40ss@h:7000'],
      ['options', { host: 'h', port: 7000, username: 'me', password: 'p@ss', tls: {} }],
    ] as const) {
      it(`is reached with the credentials that its first startup node gives by ${form}`, () => {
        const seen = settingsOf(template([node]), 'host', 'port', 'username', 'password');
        expect(seen).to.deep.equal({ host: '10.0.0.9', port: 7009, username: 'me', password: 'p@ss' });
        expect(settingsOf(template([node]), 'tls').tls, 'TLS').to.be.ok;
      });
    }

    it('is reached with what goes for all nodes, where a startup node says something else', () => {
      const target = template([{ host: 'h', password: 'of this node' }], {
        redisOptions: { password: 'of all' },
      });
      expect(settingsOf(target, 'password')).to.deep.equal({ password: 'of all' });
    });

    it('has but one database, whatever is said', () => {
      const target = template(['redis://h:7000/5'], { redisOptions: { db: 3 } as RedisOptions });
      expect(cluster(target).options.db).to.equal(0);
      expect(settingsOf(target, 'db')).to.deep.equal({ db: 0 });
    });

    it('has the prefix of the client, wherever it is said', () => {
      expect(cluster(template([1], { keyPrefix: 'app:' })).options.keyPrefix).to.equal('app:');
      expect(cluster(template([1], { redisOptions: { keyPrefix: 'app:' } })).options.keyPrefix).to.equal(
        'app:',
      );
      expect(cluster(template([1])).options.keyPrefix).to.equal('');
    });

    it('is reached through natMap, a table or a function', () => {
      const table = { '10.0.0.1:6379': { host: 'edge', port: 7001 } };
      for (const natMap of [table, (key: string) => table[key as keyof typeof table] ?? null]) {
        const { translate } = cluster(template([1], { natMap }));
        expect(translate('10.0.0.1:6379')).to.equal('edge:7001');
        expect(translate('10.0.0.2:6379')).to.equal('10.0.0.2:6379');
      }
    });

    it('is not changed by settings that we decide on', () => {
      const target = template([1], { redisOptions: { commandTimeout: 5, connectionName: 'theirs' } });
      const { options } = cluster(target).makeClient('h:1', { lazyConnect: true, connectionName: 'ours' });
      expect(options.connectionName).to.equal('ours');
    });

    it('cannot be found by SRV records', () => {
      const target = template([{ host: 'srv.example.com' }], { useSRVRecords: true });
      expect(refusal(() => deploymentOf(target))).to.match(
        /startup nodes, got: one that finds its nodes by SRV/,
      );
    });

    it('cannot be found without a node to begin with', () => {
      expect(refusal(() => deploymentOf(template([])))).to.match(/startup nodes, got: one without any/);
    });
  });

  describe('as a client', () => {
    it('is known by what it can do: another copy of ioredis has other classes', () => {
      const foreign = { duplicate: () => {}, pipeline: () => {}, options: {} };
      expect(isClient(foreign)).to.equal(true);
      expect(isCluster(foreign)).to.equal(false);
      expect(isCluster({ ...foreign, isCluster: true })).to.equal(true);
      for (const none of [undefined, null, 'redis://h', {}, { host: 'h' }])
        expect(isClient(none)).to.equal(false);
    });

    it('is neither used nor closed', () => {
      const client = new Redis({ host: 'h', lazyConnect: true });
      const nodes = template([{ host: 'h' }]);
      single(client);
      cluster(nodes).makeClient('h:1', { lazyConnect: true });
      expect([client.status, nodes.status]).to.deep.equal(['wait', 'wait']);
    });
  });
});
