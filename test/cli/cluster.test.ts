import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RedisClusterNode } from '../../src/testing/redis-cluster.js';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import { useCluster } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';
import { expectFleetShown } from '../support/fleet-page.js';
import { keepable } from '../support/pace.js';

interface Node {
  readonly address: string;
  readonly state: string;
  readonly error: string | null;
  readonly keyspaceEvents: { readonly setting: string; readonly suffices: boolean } | null;
  readonly subscribers: number | null;
}

interface Picture {
  readonly settled: boolean;
  readonly problems: readonly string[];
  readonly masters: readonly (Node & {
    readonly slots: { readonly count: number; readonly ranges: readonly (readonly [number, number])[] };
    readonly replicas: readonly Node[];
  })[];
}

describe('the command line on a cluster', () => {
  const password = 'pass word/1';
  const { cluster } = useCluster({ password });
  const cli = useCli();
  const service = 'orders';
  const typeIs = (type: string) => (line: { type: string }) => line.type === type;
  const onCluster = (...args: string[]) => cli.run(args, { env: { REDIS_URL: cluster().url } });
  const pictureOf = (line: unknown) => line as Picture;
  const addresses = (nodes: readonly { readonly address: string }[]) =>
    nodes.map(({ address }) => address).sort();

  /** Keyspace events as a new cluster has them. */
  async function unconfigure(): Promise<void> {
    for (const node of cluster().nodes) await node.call('CONFIG', 'SET', 'notify-keyspace-events', '');
  }

  describe('topology', () => {
    beforeEach(unconfigure);

    it('shows masters with their replicas and slots, and who listens where', async () => {
      const { code, stdout, stderr } = await onCluster('topology', '--json');
      const { at, type, ...picture } = JSON.parse(stdout);
      expect({ code, stderr, type }).to.deep.equal({ code: 0, stderr: '', type: 'Topology' });
      expect(at).to.be.a('number');
      expect(picture).to.deep.include({
        kind: 'cluster',
        settled: true,
        problems: [],
        others: [],
        sentinels: [],
      });
      const { masters } = pictureOf(picture);
      expect(addresses(masters)).to.deep.equal(addresses(await cluster().masters()));
      expect(masters.reduce((sum, { slots }) => sum + slots.count, 0)).to.equal(16_384);
      expect(masters.flatMap(({ slots }) => slots.ranges).map(([from]) => from)).to.deep.equal([
        0, 5461, 10_923,
      ]);
      for (const { address, replicas } of masters) {
        const master = cluster().nodes.find((node) => node.address === address) as RedisClusterNode;
        expect(addresses(replicas)).to.deep.equal(addresses(await cluster().replicasOf(master)));
      }
      for (const node of masters.flatMap((master) => [master, ...master.replicas])) {
        expect(node).to.deep.include({
          state: 'up',
          error: null,
          keyspaceEvents: { setting: '', suffices: false },
          subscribers: 0,
        });
      }
    });

    it('shows one subscriber for each consumer on each master, and none on replicas', async () => {
      for (const consumerId of ['a', 'b']) {
        await ready(cli.startConsumer({ redis: cluster().url, service, consumerId }));
      }
      const { masters } = pictureOf(JSON.parse((await onCluster('topology', '--json')).stdout));
      expect(masters.map(({ subscribers }) => subscribers)).to.deep.equal([2, 2, 2]);
      expect(masters.every(({ keyspaceEvents }) => keyspaceEvents?.suffices)).to.equal(true);
      const replicas = masters.flatMap((master) => master.replicas);
      expect(replicas.map(({ subscribers }) => subscribers)).to.deep.equal([0, 0, 0]);
    });

    it('is a table for people, and learns all nodes from any one of them', async () => {
      const [replica] = (await cluster().replicasOf(await cluster().masterOf(0))) as [RedisClusterNode];
      const url = replica.url.replace(/^redis:/, 'redis-cluster:');
      const { code, stdout } = await cli.run(['topology'], { env: { REDIS_URL: url } });
      expect(code).to.equal(0);
      expect(stdout).to.match(/^cluster, settled: 3 masters, 3 replicas\n/);
      expect(stdout).to.match(/^NODE +ROLE +SLOTS +RANGES +KEYSPACE EVENTS +SUBSCRIBERS +STATE$/m);
      expect(stdout).to.match(/^127\.0\.0\.1:\d+ +master +5461 +0-5460 +none \(not enough\) +0 +up$/m);
      expect(stdout.match(/^ {2}127\.0\.0\.1:\d+ +replica +none \(not enough\) +0 +up$/gm)).to.have.length(3);
    });

    it('--watch prints each change once, and ends well on SIGINT', async () => {
      const watcher = cli.start(['topology', '--watch', '--interval', '100', '--json'], {
        env: { REDIS_URL: cluster().url },
      });
      await watcher.waitFor(typeIs('Topology'), { name: 'the first picture' });
      const master = await cluster().masterOf(0);
      const successor = await cluster().failOver(master);
      await watcher.waitFor(
        (line) => {
          const [first] = pictureOf(line).masters;
          return (
            pictureOf(line).settled &&
            first?.address === successor.address &&
            first.replicas[0]?.address === master.address
          );
        },
        { name: 'the picture after the failover' },
      );
      watcher.kill('SIGINT');
      expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
      expect(watcher.stderr).to.equal('');
      const told = watcher.lines.map(({ at, type, ...picture }) => JSON.stringify(picture));
      expect(told.filter((picture, index) => picture === told[index - 1])).to.deep.equal([]);
    });

    it('says which node does not answer and why, and is settled without a replica', async () => {
      const master = await cluster().masterOf(0);
      const [replica] = (await cluster().replicasOf(master)) as [RedisClusterNode];
      await cluster().kill(replica);
      const { code, stdout } = await onCluster('topology', '--json');
      const shown = pictureOf(JSON.parse(stdout)).masters[0]?.replicas[0];
      expect(code).to.equal(0);
      expect(shown?.address).to.equal(replica.address);
      expect(shown?.state).to.be.oneOf(['unreachable', 'failed']);
      expect(shown?.error).to.match(/ECONNREFUSED/);
      const { stdout: text } = await onCluster('topology');
      expect(text).to.match(/^cluster, settled: 3 masters, 2 replicas, 1 down\n/);
      expect(text).to.contain(`  ${replica.address}`).and.to.contain('ECONNREFUSED');
    });

    it('says why it is not settled, with exit code 1', async () => {
      const master = await cluster().masterOf(0);
      const [replica] = (await cluster().replicasOf(master)) as [RedisClusterNode];
      // Nobody is left to take the slots over.
      await cluster().kill(replica);
      await cluster().kill(master);
      try {
        const watcher = cli.start(['topology', '--watch', '--interval', '100', '--json'], {
          env: { REDIS_URL: cluster().url },
        });
        await watcher.waitFor((line) => line.settled === false, { name: 'the cluster is down' });
        const { code, stdout } = await onCluster('topology');
        expect(code).to.equal(1);
        expect(stdout).to.match(/^cluster, not settled: .*\n {2}127\.0\.0\.1:\d+ says cluster_state:fail\n/);
      } finally {
        // The master first: nothing is settled without it.
        await cluster().restart(master);
        await cluster().restart(replica);
      }
    });
  });

  it('announces, owns, finishes and hands over as on one server [C-STOP-2]', async () => {
    const worker = cli.startConsumer({ redis: cluster().url, service, hold: 20 });
    const name = await ready(worker);
    const { code, stderr } = await onCluster('produce', '--service', service, '--count', '12', '--json');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    await eventually('all are done', () => worker.lines.filter(typeIs('StreamDone')).length === 12);

    // The dead-letter stream has a slot of its own, on another master.
    const dlq = `${service}-input-dlq`;
    const [home, elsewhere] = [await cluster().masterOf(`${service}-input`), await cluster().masterOf(dlq)];
    expect(home.address).to.not.equal(elsewhere.address);
    await elsewhere.call('XADD', dlq, '*', 'a', 'b');
    const status = JSON.parse((await onCluster('status', '--service', service, '--json')).stdout);
    expect(status.stream).to.deep.equal({ name: `${service}-input`, length: 0 });
    expect(status.dlq).to.deep.equal({ name: dlq, length: 1 });
    expect(status.consumers).to.have.length(1);
    await expectFleetShown(cli, cluster().url, service, name);
    expect(status.consumers[0]).to.deep.include({ name, pending: 0 });
    expect(status.consumers[0].presenceMs).to.be.within(1, heartbeatMs());

    worker.kill('SIGTERM');
    expect(await worker.exit).to.deep.equal({ code: 0, signal: null });
    expect(worker.lines.at(-1)).to.deep.include({ type: 'Stopped', mode: 'handOver', abandoned: [] });
  });

  it('takes the password from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'streamwarden-password-'));
    try {
      const file = join(folder, 'password');
      await writeFile(file, `${password}\n`);
      const redis = cluster().url.replace(/\/\/[^@]*@/, '//');
      const consumer = cli.startConsumer({ redis, service, args: ['--password-file', file] });
      await ready(consumer);
      const given = ['--redis', redis, '--password-file', file];
      expect(await cli.run(['produce', '--service', service, ...given])).to.deep.include({ code: 0 });
      await consumer.waitFor(typeIs('StreamAdded'), { name: 'a stream is owned' });
      for (const command of [['topology'], ['status', '--service', service]]) {
        const { code, stdout } = await cli.run([...command, ...given]);
        expect(code, stdout).to.equal(0);
        expect(stdout).to.not.contain('pass');
      }
      expect(await cli.run(['topology', '--redis', redis])).to.deep.include({ code: 2 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says what is no service, and what is no stream', async () => {
    expect(await onCluster('status', '--service', 'ordres')).to.deep.include({
      code: 2,
      stderr: 'error: no service ordres here: there is no stream ordres-input\n',
    });
    await onCluster('produce', '--service', service);
    const dlq = `${service}-input-dlq`;
    await (await cluster().masterOf(dlq)).call('SET', dlq, 'text');
    const { code, stderr } = await onCluster('status', '--service', service);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: expected orders-input-dlq to be a stream: WRONGTYPE [^\n]*\n$/);
  });

  it('leaves nothing of a demo behind: no key, no setting', async () => {
    await unconfigure();
    const demo = cli.start(['demo', '--json'], { env: { REDIS_URL: cluster().url } });
    await demo.waitFor(typeIs('StreamAdded'), { name: 'the fleet is at work' });
    demo.kill('SIGINT');
    expect(await demo.exit).to.deep.equal({ code: 1, signal: null });
    expect(demo.stderr).to.equal('error: interrupted\n');
    for (const master of await cluster().masters()) {
      await eventually('presence and locks have expired', async () => (await master.call('DBSIZE')) === 0);
      expect(await master.call('CONFIG', 'GET', 'notify-keyspace-events')).to.deep.equal([
        'notify-keyspace-events',
        '',
      ]);
    }
  });

  const commands: readonly string[][] = [
    ['topology'],
    ['status', '--service', service],
    ['produce', '--service', service, '--start-timeout', String(keepable(500))],
    ['consume', '--service', service, '--consumer-id', 'me', '--start-timeout', String(keepable(3_000))],
    ['demo', '--streams', '1'],
  ];

  it('is told to take a cluster URL when it was given that of one node', async () => {
    // Not the one that the keys are on: that one would do.
    const node = await cluster().masterOf(`${service}-input-dlq`);
    for (const args of commands) {
      const { code, stdout, stderr } = await cli.run(args, { env: { REDIS_URL: node.url } });
      expect({ args, code, stdout, stderr }).to.deep.equal({
        args,
        code: 2,
        stdout: '',
        stderr: `error: ${node.address} is a node of a Redis Cluster: use redis-cluster://${node.address}\n`,
      });
    }
  });

  it('is told of a wrong password, which is not shown', async () => {
    const wrong = cluster().url.replace(encodeURIComponent(password), 'hunter2');
    for (const args of commands) {
      const { code, stdout, stderr } = await cli.run(args, { env: { REDIS_URL: wrong } });
      expect({ args, code, stdout }).to.deep.equal({ args, code: 2, stdout: '' });
      expect(stderr).to.match(/^error: [^\n]*(WRONGPASS|NOAUTH)[^\n]*\n$/);
      expect(stderr).to.not.contain('hunter2');
    }
  });
});
