import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);

describe('delays and cancels on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) });

  it('are decided in the slot of the load balancer stream, and outlive its master [C-DLY-2, C-CAN-2]', async () => {
    const cluster = suite.cluster();
    await using producer = createProducer({
      redis: cluster.url,
      service: crew.service,
      timeoutMs: keepable(20_000),
    });
    const { runtime } = await crew.start();
    await producer.add('one', null, { delayMs: 10 });
    await eventually('what was added so is owned', () => runtime.owned('one') !== undefined);
    const later = 2 * HEARTBEAT_MS;
    await runtime.owned('one')?.release({ afterMs: later });
    await producer.add('two', null, { delayMs: 3_600_000 });
    await producer.add('three');
    await eventually('three is owned', () => runtime.owned('three') !== undefined);

    const home = await cluster.masterOf(crew.lbs);
    await cluster.kill(home);
    expect(await producer.cancel('two')).to.have.property('cancelled', 'delayed');
    await producer.cancel('three');
    await eventually('three is finished', () => runtime.owned('three') === undefined);
    await eventually('one has come back', () => runtime.owned('one') !== undefined);
    await cluster.restart(home);
    await cluster.settled();
  });
});
