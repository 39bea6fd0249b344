import { expect } from 'chai';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(2000);

describe('checkpoints on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(6000) });
  const names = Array.from({ length: 20 }, (_, index) => `stream-${index}`);

  async function owning() {
    const { runtime } = await crew.start();
    await crew.announce(...names);
    await eventually('all are owned', () => [...runtime.ownedStreams()].length === names.length);
    return { runtime, streams: [...runtime.ownedStreams()] };
  }

  it('are saved while their slot is on its way to another server, and are there for the next owner [C-CHK-4, C-CLU-10]', async () => {
    const cluster = suite.cluster();
    const { runtime, streams } = await owning();
    await Promise.all(streams.map((stream) => stream.save('before')));
    const slot = cluster.slotOf(crew.lbs);
    const from = await cluster.masterOf(slot);
    const to = (await cluster.masters()).find(({ id }) => id !== from.id);
    if (to === undefined) throw new Error('there is but one master');
    const migration = await cluster.beginSlotMigration([slot], to);
    await migration.moveKeys(2);
    const saving = Promise.all(streams.map((stream) => stream.save(`${stream.name} after`)));
    await migration.finish();
    await saving;
    const heir = await crew.start();
    await runtime.stop();
    await eventually(
      'all are owned by the heir',
      () => [...heir.runtime.ownedStreams()].length === names.length,
    );
    for (const { name, checkpoint } of heir.runtime.ownedStreams())
      expect(checkpoint).to.equal(`${name} after`);
  });

  it('outlive the master of their slot, as far as its replica had heard of them [C-CHK-1]', async () => {
    const cluster = suite.cluster();
    const { runtime, streams } = await owning();
    await Promise.all(streams.map((stream) => stream.save('replicated')));
    const home = await cluster.masterOf(crew.lbs);
    expect(await home.call('WAIT', 1, 30_000)).to.equal(1);
    await cluster.kill(home);
    await Promise.all(streams.map((stream) => stream.save('after')));
    const heir = await crew.start();
    await runtime.stop();
    await eventually(
      'all are owned by the heir',
      () => [...heir.runtime.ownedStreams()].length === names.length,
    );
    for (const { checkpoint } of heir.runtime.ownedStreams()) expect(checkpoint).to.equal('after');
    await cluster.restart(home);
    await cluster.settled();
  });
});
