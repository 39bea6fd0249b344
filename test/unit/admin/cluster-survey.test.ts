import { expect } from 'chai';
import { ClusterSurvey } from '../../../src/admin/topology/cluster-survey.js';
import { systemClock } from '../../../src/core/clock.js';
import { type ClusterDeployment, deploymentOf } from '../../../src/redis/target.js';
import { type FakeCluster, type FakeNode, startFakeCluster } from '../../support/fake-cluster.js';
import { hangingMs } from '../../support/pace.js';

describe('a look at a cluster', () => {
  let ours: FakeCluster;
  let theirs: FakeCluster | undefined;

  beforeEach(async () => {
    ours = await startFakeCluster(3);
  });
  afterEach(async () => {
    await theirs?.close();
    theirs = undefined;
    await ours.close();
  });

  async function look() {
    using survey = new ClusterSurvey(deploymentOf(ours.url) as ClusterDeployment, hangingMs(), systemClock);
    return await survey.look();
  }

  it('shows a listed node in whose place another cluster answers as foreign, under its own id', async () => {
    const [dead] = ours.nodes as [FakeNode];
    await dead.close();
    theirs = await startFakeCluster(2, { ids: 'xy', port: dead.port, epoch: 99 });
    const { settled, problems, masters, others } = await look();
    expect({ settled, problems, others }).to.deep.equal({
      settled: true,
      problems: [`${dead.address} is a node of another cluster`],
      others: [],
    });
    expect(masters.find(({ address }) => address === dead.address)).to.deep.include({
      id: dead.id,
      state: 'foreign',
      error: 'a node of another cluster answers here',
      keyspaceEvents: null,
      subscribers: null,
    });
    const rest = masters.filter(({ address }) => address !== dead.address);
    expect(rest.map(({ state, error }) => ({ state, error }))).to.deep.equal([
      { state: 'up', error: null },
      { state: 'up', error: null },
    ]);
  });

  it('shows one that does not answer as unreachable', async () => {
    const [dead] = ours.nodes as [FakeNode];
    await dead.close();
    const { masters } = await look();
    expect(masters.find(({ address }) => address === dead.address)).to.deep.include({ state: 'unreachable' });
    await dead.open();
  });
});
