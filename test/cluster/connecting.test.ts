import { expect } from 'chai';
import { Cluster } from 'ioredis';
import { createProducer } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { lasting } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { hangingMs, keepable } from '../support/pace.js';
import { rejection } from '../support/rejection.js';

const HEARTBEAT_MS = keepable(1000);

describe('where and how a runtime connects to a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) });

  let home: string;
  beforeEach(async () => {
    home = (await suite.cluster().masterOf(crew.lbs)).address;
  });

  it('takes a cluster client as a template only: it is neither used nor closed', async () => {
    const template = new Cluster([...suite.cluster().startupNodes], { lazyConnect: true });
    const { runtime, awaitNews } = await crew.start({ redis: template, clusterMode: 'oss' });
    expect(runtime.snapshot().deployment).to.equal('cluster');
    await crew.announce('one');
    await awaitNews('StreamAdded');
    expect(template.status).to.equal('wait');
    template.disconnect();
  });

  it('finds the others from one node, whichever it is', async () => {
    for (const { address } of suite.cluster().nodes) {
      const { runtime } = await crew.start({ redis: `redis-cluster://${address}` });
      expect(runtime.snapshot().topology?.nodes).to.have.length(suite.cluster().nodes.length);
      expect(runtime.snapshot().subscriptions).to.have.length(3);
      await runtime.stop();
    }
  });

  it('asks where it is, and with which credentials, at every connection, where that is a function [C-CON-1]', async () => {
    const nodes = suite.cluster().nodes;
    let password = '';
    const rotate = async (next: string) => {
      password = next;
      for (const node of nodes) {
        await node.call('ACL', 'SETUSER', 'rotated', 'reset', 'on', `>${next}`, '~*', '&*', '+@all');
        await node.call('CLIENT', 'KILL', 'USER', 'rotated');
      }
    };
    await rotate('first');
    const redis = async () => suite.cluster().url.replace('://', `://rotated:${password}@`);
    const { runtime, awaitNews, told } = await crew.start({ redis, clusterMode: 'oss' });
    await using producer = createProducer({ redis, clusterMode: 'oss', service: crew.service });
    await producer.add('one');
    await awaitNews('StreamAdded');
    await rotate('second');
    await eventually('it is back', () => runtime.health().ready && runtime.health().reasons.length === 0);
    await eventually('so is the producer', () => producer.add('two').then(Boolean, () => false));
    await awaitNews('StreamAdded', 2);
    expect(told('StreamDisowned')).to.deep.equal([]);
    await runtime.stop();
    for (const node of nodes) await node.call('ACL', 'DELUSER', 'rotated');
  });

  it('puts a dead letter into a stream of another slot [C-CLU-9]', async () => {
    const cluster = suite.cluster();
    expect(cluster.slotOf(crew.dlq)).not.to.equal(cluster.slotOf(crew.lbs));
    await crew.start();
    await suite.redis().xadd(crew.lbs, '*', 'lbs-input', 'no JSON', 'extra', 'kept');
    const [letter] = await eventually('the letter is there', async () => {
      const letters = await suite.redis().xrange(crew.dlq, '-', '+');
      return letters.length > 0 && letters;
    });
    expect(lasting(letter?.[1] ?? [])).to.deep.equal([
      'lbs-input',
      'no JSON',
      'extra',
      'kept',
      '_retry_count',
      '0',
      '_dlq_reason',
      'unparseable',
    ]);
    await eventually('the entry is gone', async () => (await suite.redis().xlen(crew.lbs)) === 0);
  });

  it('refuses a node that is given as a single server, and says what to give instead [C-CLU-1]', async () => {
    const node = await suite.cluster().masterOf(crew.lbs);
    const error = await rejection(crew.make({ redis: node.url }).runtime.start());
    expect(error).to.include({ code: 'ClusterClientRequired' });
    expect((error as Error).message).to.include('redis-cluster://');
  });

  it('refuses such a node to a producer as well, at once', async () => {
    const [node] = (await suite.cluster().masters()).filter(({ address }) => address !== home);
    const producer = createProducer({ redis: node?.url ?? '', service: crew.service });
    expect(await rejection(producer.add('one'))).to.include({ code: 'ClusterClientRequired' });
    await producer.close();
  });

  it('tells a producer why no node can be asked', async () => {
    const producer = createProducer({
      redis: 'redis-cluster://127.0.0.1:1',
      service: crew.service,
      timeoutMs: 300,
    });
    const error = await rejection(producer.add('one'));
    expect(error).to.include({ code: 'RedisUnavailable' });
    expect((error as Error).message).to.include('ECONNREFUSED');
    await producer.close();
  });

  it('says at once that the user may not ask the nodes [C-STA-3]', async () => {
    const nodes = suite.cluster().nodes;
    for (const node of nodes)
      await node.call('ACL', 'SETUSER', 'blind', 'on', '>secret', '~*', '&*', '+@all', '-cluster');
    const url = suite.cluster().url.replace('://', '://blind:secret@');
    const error = await rejection(crew.make({ redis: url }).runtime.start());
    expect(error).to.include({ code: 'PermissionDenied' });
    for (const node of nodes) await node.call('ACL', 'DELUSER', 'blind');
  });

  it('lets a producer follow the stream to another master: what is refused there is sent again, once', async () => {
    // While it steps down, a master lets its clients wait.
    const patient = { timeoutMs: hangingMs() };
    const producer = createProducer({ redis: suite.cluster().url, service: crew.service, ...patient });
    await producer.add('before');
    await suite.cluster().failOver(await suite.cluster().masterOf(crew.lbs));
    const ids = await producer.addMany(
      Array.from({ length: 100 }, (_, index) => ({ name: `after-${index}` })),
    );
    await producer.close();
    const entries = await suite.redis().xrange(crew.lbs, '-', '+');
    expect(entries.map(([id]) => id).slice(1)).to.deep.equal(ids);
  });
});
