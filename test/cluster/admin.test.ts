import { expect } from 'chai';
import { createAdmin } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);

describe('an admin of a service on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) });

  it('looks wherever the streams are, and follows them to another master [C-ADM-1, C-ADM-3, C-ADM-11]', async () => {
    const cluster = suite.cluster();
    await using admin = createAdmin({
      redis: cluster.url,
      service: crew.service,
      timeoutMs: keepable(20_000),
    });
    const { runtime } = await crew.start();
    await crew.announce('order-1');
    await eventually('it is owned', () => runtime.owned('order-1') !== undefined);
    await suite.redis().xadd(crew.dlq, '*', 'a', 'b');
    const look = async () => {
      const { stream, dlq, group } = await admin.status();
      expect(stream.length).to.equal(1);
      expect(dlq.length).to.equal(1);
      expect(group.pending).to.equal(1);
      expect(await admin.owner('order-1')).to.include({ state: 'owned', owner: runtime.consumer });
      for await (const { name } of admin.pending()) expect(name).to.equal('order-1');
    };
    await look();
    const { kind, settled, masters } = await admin.topology();
    expect({ kind, settled }).to.deep.equal({ kind: 'cluster', settled: true });
    expect(masters.map(({ slots }) => slots?.count).reduce((sum = 0, count = 0) => sum + count, 0)).to.equal(
      16_384,
    );
    const findings = await admin.doctor({ heartbeatMs: HEARTBEAT_MS });
    expect(findings.find(({ check }) => check === 'cluster-slots')).to.have.property('result', 'good');

    const home = await cluster.masterOf(crew.lbs);
    await cluster.kill(home);
    await eventually('it is seen again', () =>
      admin.status().then(
        () => true,
        () => false,
      ),
    );
    await eventually(
      'its owner keeps it there',
      async () => (await admin.owner('order-1')).state === 'owned',
    );
    await look();
    await cluster.restart(home);
    await cluster.settled();
  });
});
