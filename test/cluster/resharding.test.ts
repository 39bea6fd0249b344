import { expect } from 'chai';
import { useCluster } from '../support/cluster.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { awaitCover } from '../support/masters.js';
import { keepable } from '../support/pace.js';

/** Long: a lease that lapses is not raised again while its slot is half moved, and is then lost by a machine that stood still. */
const HEARTBEAT_MS = keepable(2000);
const names = Array.from({ length: 100 }, (_, index) => `stream-${index}`);

describe('slots that are moved while streams are owned', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(6000) });
  let members: Member[];
  let ids: string[];

  beforeEach(async () => {
    members = await Promise.all([crew.start(), crew.start()]);
    ids = await crew.announce(...names);
    await eventually('all are owned', () => told('StreamAdded').length === names.length);
  });

  const told = (type: 'StreamAdded' | 'StreamDisowned' | 'StreamExpired') =>
    members.flatMap((member) => member.told(type));

  /** What the slots' present master is to give them to. */
  async function anotherMaster(slot: number) {
    const cluster = suite.cluster();
    const from = await cluster.masterOf(slot);
    const to = (await cluster.masters()).find(({ id }) => id !== from.id);
    if (to === undefined) throw new Error('there is but one master');
    return { from, to };
  }

  /** As many beats of every owner as make up two heartbeats. */
  async function twoHeartbeats(): Promise<void> {
    const until = members.map(({ runtime }) => (runtime.snapshot().lease.validUntil ?? 0) + 2 * HEARTBEAT_MS);
    await eventually('every owner has renewed its lease for two heartbeats', () =>
      members.every(
        ({ runtime }, index) => (runtime.snapshot().lease.validUntil ?? 0) >= (until[index] ?? 0),
      ),
    );
  }

  async function expectAllOwnedAndFinish(): Promise<void> {
    expect(told('StreamDisowned')).to.deep.equal([]);
    expect(told('StreamAdded')).to.have.length(names.length);
    for (const member of members) await awaitCover(suite.cluster(), member);
    const [id] = await crew.announce('afterwards');
    await eventually('new work is owned', () =>
      members.some(({ runtime }) => runtime.owned('afterwards')?.id === id),
    );
    for (const { runtime } of members) {
      await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    }
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report).to.include({ recovered: 0, handedOver: 0 });
    expect(report.ends.finished).to.equal(names.length + 1);
  }

  it('hold locks: they are held wherever they are, and nobody is disowned', async () => {
    const cluster = suite.cluster();
    const locks = ids.map((id, index) => `stream-${index}<MUTEX_KEY_SEP>${id}`);
    const lbsSlot = cluster.slotOf(crew.lbs);
    const { from, to } = await anotherMaster(cluster.slotOf(locks[0] as string));
    const slots = [...new Set(locks.map((lock) => cluster.slotOf(lock)))].filter((slot) => slot !== lbsSlot);
    const ofSource = new Set(await cluster.slotsOf(from));
    const moving = slots.filter((slot) => ofSource.has(slot));

    const migration = await cluster.beginSlotMigration(moving, to);
    // Half of the locks are there, half still here: each is asked for where it is.
    await migration.moveKeys(Math.floor(moving.length / 2));
    await twoHeartbeats();
    await migration.finish();
    await twoHeartbeats();

    const moved = new Set(moving);
    for (const lock of locks.filter((key) => moved.has(cluster.slotOf(key)))) {
      expect(await to.call('EXISTS', lock)).to.equal(1);
    }
    await expectAllOwnedAndFinish();
  });

  it('hold the load balancer stream and everything that goes with it: leases are kept while it is on its way', async () => {
    const cluster = suite.cluster();
    const slot = cluster.slotOf(crew.lbs);
    const { to } = await anotherMaster(slot);

    const migration = await cluster.beginSlotMigration([slot], to);
    await twoHeartbeats();
    await migration.moveKeys(2);
    await twoHeartbeats();
    await migration.moveKeys();
    await twoHeartbeats();
    await migration.finish();

    await expectAllOwnedAndFinish();
    expect((await cluster.masterOf(crew.lbs)).id).to.equal(to.id);
  });

  it('hold the load balancer stream, and finishing goes on meanwhile: each is finished once [C-CLU-10]', async () => {
    const cluster = suite.cluster();
    const slot = cluster.slotOf(crew.lbs);
    const { to } = await anotherMaster(slot);
    const migration = await cluster.beginSlotMigration([slot], to);
    await migration.moveKeys(2);
    const finishing = members.flatMap(({ runtime }) =>
      [...runtime.ownedStreams()].map((stream) => stream.done()),
    );
    await migration.finish();
    await Promise.all(finishing);

    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.ends.finished).to.equal(names.length);
    for (const { runtime } of members) expect(runtime.snapshot().counters.unknownOutcomes).to.equal(0);
  });
});
