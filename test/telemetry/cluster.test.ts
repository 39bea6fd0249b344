import { SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { awaitCover } from '../support/masters.js';
import { keepable } from '../support/pace.js';
import { rejection } from '../support/rejection.js';
import { useTelemetry } from '../support/telemetry.js';

describe('telemetry on a cluster', () => {
  const suite = useCluster();
  const telemetry = useTelemetry();
  const crew = useCrew(suite, { heartbeatMs: keepable(1000) });
  const { atLeast } = telemetry;

  it('tells of the set-up of each master, of the first cover, and of a reset', async () => {
    const member = await crew.start();
    await awaitCover(suite.cluster(), member);
    const masters = (await suite.cluster().masters()).map(({ address }) => address);
    expect(await atLeast('streamwarden.keyspace.setups', masters.length)).to.equal(masters.length);
    expect(
      telemetry
        .spans('streamwarden.keyspace.setup')
        .map(({ attributes }) => attributes['streamwarden.master']),
    ).to.have.members(masters);
    expect(await atLeast('streamwarden.topology.changes', 1)).to.equal(1);

    await member.runtime.resetTopology();
    await atLeast('streamwarden.topology.resets', 1, { 'streamwarden.outcome': 'ok' });
    expect(await atLeast('streamwarden.keyspace.setups', masters.length)).to.equal(2 * masters.length);
    const reset = await telemetry.span('streamwarden.topology.reset');
    expect(reset.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('tells that a reset was refused, and why', async () => {
    const member = await crew.start();
    await member.runtime.stop();
    expect(await rejection(member.runtime.resetTopology())).to.include({ code: 'RuntimeStopped' });
    // It has ended, and so has what listened.
    expect(telemetry.spans('streamwarden.topology.reset')).to.deep.equal([]);

    const other = await crew.start();
    const cluster = suite.cluster();
    const lost = await cluster.masterOf(crew.lbs);
    const [replica] = await cluster.replicasOf(lost);
    if (replica === undefined) throw new Error('the master has no replica');
    await cluster.kill(replica);
    await cluster.kill(lost);
    await eventually(
      'the nodes have noticed',
      () => other.runtime.snapshot().topology?.state === 'unsettled',
    );
    expect(await rejection(other.runtime.resetTopology())).to.include({ code: 'ClusterNotSettled' });
    await atLeast('streamwarden.topology.resets', 1, {
      'streamwarden.outcome': 'failed',
      'error.type': 'ClusterNotSettled',
    });
    const reset = await telemetry.span('streamwarden.topology.reset');
    expect(reset.status.code).to.equal(SpanStatusCode.ERROR);
  });
});
