import { expect } from 'chai';
import type { DeadLettersOutcome, DeadLettersReply, GroupReply } from '../../src/inspector/protocol.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { keepable } from '../support/pace.js';

describe('the inspector of a runtime on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: keepable(1000), minIdleMs: keepable(3000) });
  const inspectors = useInspectors();

  it('shows the cluster, and redrives letters that live on another node', async () => {
    const cluster = suite.cluster();
    expect(cluster.slotOf(crew.dlq)).not.to.equal(cluster.slotOf(crew.lbs));
    const payload = JSON.stringify({ DataStreamName: 'one', Info: { a: 1 } });
    for (const fields of [
      ['lbs-input', payload, '_retry_count', '4'],
      ['lbs-input', 'junk'],
    ]) {
      await suite.redis().xadd(crew.dlq, '*', ...fields);
    }
    const { runtime, awaitNews } = await crew.start();
    const inspector = await inspectors.open({ actions: true });
    inspector.attach(runtime);
    const view = await inspectors.view(inspector);
    const known = await view.ready(runtime);
    expect(known.overview.topology?.nodes).to.have.length(cluster.nodes.length);
    expect(known.actors.get('topologyWatcher')).to.include({ parent: 'supervisor', restarts: 0 });
    const subscriptions = [...known.actors.values()].filter(
      ({ machine }) => machine === 'masterSubscription',
    );
    const masters = (await cluster.masters()).map(({ address }) => address);
    expect(subscriptions.map(({ label }) => label)).to.have.members(masters);

    const path = `api/runtimes/${encodeURIComponent(runtime.consumer)}`;
    const group = (await ask(inspector.url, `${path}/group`)).json<GroupReply>();
    expect(group.consumers.filter(({ self }) => self)).to.have.length(1);
    const { letters } = (await ask(inspector.url, `${path}/dead-letters`)).json<DeadLettersReply>();
    expect(letters.map(({ stream }) => stream)).to.deep.equal([null, 'one']);
    const [junk, one] = letters.map(({ id }) => id);
    const redriven = await ask(inspector.url, `${path}/dead-letters/redrive`, {
      method: 'POST',
      body: { ids: [one] },
    });
    expect(redriven.json<DeadLettersOutcome>().outcomes).to.deep.equal({ [String(one)]: 'redriven' });
    await awaitNews('StreamAdded');
    expect(runtime.owned('one')).to.include({ retryCount: 0 });
    const deleted = await ask(inspector.url, `${path}/dead-letters/delete`, {
      method: 'POST',
      body: { ids: [junk] },
    });
    expect(deleted.json<DeadLettersOutcome>().outcomes).to.deep.equal({ [String(junk)]: 'deleted' });
    await eventually('no letter is left', async () => (await suite.redis().xlen(crew.dlq)) === 0);
  });
});
