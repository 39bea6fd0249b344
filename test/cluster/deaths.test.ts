import { expect } from 'chai';
import { useCluster } from '../support/cluster.js';
import { useConsumerProcesses } from '../support/consumer-process.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { awaitCover } from '../support/masters.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);
const STREAMS = 300;

describe('an owner that dies on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, {
    heartbeatMs: HEARTBEAT_MS,
    minIdleMs: keepable(2000),
    notificationBuffer: 2000,
  });
  const spawn = useConsumerProcesses();

  it('has locks that run out on every master: each survivor hears of all, and each stream is owned again once', async () => {
    const cluster = suite.cluster();
    const victim = await spawn(crew.options());
    await victim.start();
    const ids = await crew.announce(...Array.from({ length: STREAMS }, (_, index) => `stream-${index}`));
    await victim.awaitNews('StreamAdded', STREAMS);
    const locks = ids.map((id, index) => `stream-${index}<MUTEX_KEY_SEP>${id}`);
    const owners = new Set<string>();
    // The first few are on all of them.
    for (const lock of locks.slice(0, 30)) owners.add((await cluster.masterOf(lock)).address);
    expect(owners.size).to.equal(3);
    const survivors: Member[] = await Promise.all([crew.start(), crew.start()]);
    for (const survivor of survivors) await awaitCover(cluster, survivor);

    await victim.kill();
    const added = () => survivors.flatMap((survivor) => survivor.told('StreamAdded'));
    await eventually('every stream has another owner', () => added().length >= STREAMS);

    expect(new Set(added().map(({ stream }) => stream)).size).to.equal(STREAMS);
    expect(new Set(added().map(({ retryCount }) => retryCount))).to.deep.equal(new Set([1]));
    for (const { runtime } of survivors) {
      await eventually('expiries on every master are heard', () =>
        runtime.snapshot().subscriptions.every(({ events }) => events > 0),
      );
      await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    }
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.recovered).to.equal(STREAMS);
    expect(report.ends).to.include({ finished: STREAMS });
  });
});
