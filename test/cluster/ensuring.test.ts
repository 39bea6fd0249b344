import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);

describe('ensuring streams on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) });

  it('decides in the slot of the load balancer stream, and goes on through a failover [C-ENS-1, C-ENS-2]', async () => {
    const cluster = suite.cluster();
    await using producer = createProducer({
      redis: cluster.url,
      service: crew.service,
      timeoutMs: keepable(20_000),
    });
    const { runtime, awaitNews } = await crew.start();
    const streams = Array.from({ length: 50 }, (_, at) => ({ name: `stream-${at}` }));
    const first = await producer.ensureMany(streams);
    expect(first.every(({ created }) => created)).to.equal(true);
    await awaitNews('StreamAdded', 50);
    expect(await producer.ensureMany(streams)).to.deep.equal(first.map(({ id }) => ({ id, created: false })));
    await eventually('all are touched', () =>
      [...runtime.ownedStreams()].every(({ touched }) => touched === 1),
    );

    const home = await cluster.masterOf(crew.lbs);
    await cluster.kill(home);
    // Repeated until the replica that takes over has answered: what it knows is not announced again.
    const after = await producer.ensureMany([{ name: 'stream-0' }, { name: 'later' }]);
    expect(after[0]).to.have.property('created', false);
    expect(after[1]?.id).to.be.a('string');
    await eventually('it is owned', () => runtime.owned('later') !== undefined);
    await cluster.restart(home);
    await cluster.settled();
  });
});
