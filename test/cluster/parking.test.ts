import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);

describe('names that are hot or paused on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) });

  it('wait in the slot of the load balancer stream, and outlive its master [C-NAME-6, C-NAME-8, C-PAUSE-1]', async () => {
    const cluster = suite.cluster();
    await using producer = createProducer({
      redis: cluster.url,
      service: crew.service,
      timeoutMs: keepable(20_000),
    });
    const { runtime } = await crew.start();
    await producer.pause('paused');
    await producer.addMany(['hot', 'hot', 'hot', 'paused', 'other'].map((name) => ({ name })));
    await eventually('the other one is owned', () => runtime.owned('other') !== undefined);
    await eventually('three wait', () => runtime.snapshot().counters.parked === 3);

    const home = await cluster.masterOf(crew.lbs);
    await cluster.kill(home);
    await producer.resume('paused');
    await eventually('what was paused is owned', () => runtime.owned('paused') !== undefined);
    for (let round = 1; round <= 3; round += 1) {
      const owned = await eventually(`hot is owned, ${round}`, () => runtime.owned('hot') ?? null);
      await owned.done();
    }
    await eventually('nothing waits', () => runtime.snapshot().parked.count === 0);
    expect(runtime.owned('hot')).to.equal(undefined);
    await cluster.restart(home);
    await cluster.settled();
  });
});
