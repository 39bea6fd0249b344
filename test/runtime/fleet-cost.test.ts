/** What a fleet asks of Redis to find its dead, and what becomes of the index that it goes by. */
import { expect } from 'chai';
import { createNames } from '../../src/redis/names.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const FLEET = 8;

describe('a fleet and its dead', () => {
  const suite = useRedis();
  // One scan, at the start.
  const crew = useCrew(suite, { reconcileEveryMs: 3_600_000, lockKeys: false, keyspaceEvents: 'off' });
  const index = () => createNames({ service: crew.service }).presences;

  async function calls(): Promise<ReadonlyMap<string, number>> {
    const stats = await suite.redis().info('commandstats');
    return new Map(
      [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', count]) => [
        name,
        Number(count),
      ]),
    );
  }

  it('costs each process the same, however many there are: nobody asks for everyone [C-EXP-9]', async () => {
    const members = await Promise.all(Array.from({ length: FLEET }, () => crew.start()));
    const sweeps = () => members.map(({ runtime }) => runtime.snapshot().reconciler.sweeps);
    const haveSwept = async (count: number) => {
      const from = sweeps();
      await eventually('all have swept', () =>
        sweeps().every((now, at) => now >= (from[at] as number) + count),
      );
    };
    await eventually('all have scanned', () =>
      members.every(({ runtime }) => runtime.snapshot().reconciler.lastScan !== null),
    );
    // What the first scans and the first sweeps ask for is over.
    await haveSwept(3);
    const rounds = () => members.reduce((sum, { runtime }) => sum + runtime.snapshot().balancer.rounds, 0);
    const before = sweeps();
    const roundsBefore = rounds();
    await suite.redis().config('RESETSTAT');
    await haveSwept(4);
    const found = await calls();
    const swept = sweeps().reduce((sum, now, at) => sum + now - (before[at] as number), 0);
    for (const command of ['xinfo|consumers', 'pttl', 'mget']) {
      expect(found.get(command), command).to.equal(undefined);
    }
    // One process at a time asks what all say of themselves, a round for the whole fleet.
    const made = rounds() - roundsBefore + 1;
    expect(found.get('hscan') ?? 0).to.be.at.most(made);
    // Two heartbeats and the scripts of a sweep; some of each may be on their way.
    expect(found.get('evalsha') as number).to.be.at.most(5 * (swept + FLEET) + 2 * made);
  });

  it('finds a dead one whose presence the index never knew, or that was lost with it [C-EXP-9, C-EXP-2]', async () => {
    const owner = await crew.start({ capacity: 1 });
    await crew.announce('held');
    await owner.awaitNews('StreamAdded');
    const other = await crew.start();
    await eventually('both are in the index', async () => (await suite.redis().zcard(index())) === 2);
    // Dead and unknown, with an entry that it was given.
    const dead = 'gone~0000000d';
    await owner.runtime.pause();
    await other.runtime.pause();
    await crew.announce('left');
    await suite.redis().xreadgroup('GROUP', crew.group, dead, 'COUNT', 1, 'STREAMS', crew.lbs, '>');
    await suite.redis().del(index());
    other.runtime.resume();
    const [added] = await other.awaitNews('StreamAdded');
    expect(added?.stream).to.equal('left');
    await eventually(
      'both are in the index again, and the dead one is gone',
      async () => (await suite.redis().zcard(index())) === 2,
    );
    const left = (await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group)) as unknown[][];
    expect(left.map(([, name]) => name)).to.have.members([owner.name, other.name]);
    expect(owner.told('StreamDisowned')).to.deep.equal([]);
  });

  it('loses nothing to an index that says of the living that they are dead [C-EXP-1]', async () => {
    const owner = await crew.start();
    await crew.announce('held');
    await owner.awaitNews('StreamAdded');
    const other = await crew.start();
    await eventually('both are in the index', async () => (await suite.redis().zcard(index())) === 2);
    const { sweeps } = other.runtime.snapshot().reconciler;
    await suite.redis().zadd(index(), 'XX', 1, owner.name, 1, other.name);
    await eventually('it has looked', () => other.runtime.snapshot().reconciler.sweeps > sweeps + 1);
    expect(other.runtime.snapshot().counters.requeued).to.equal(0);
    expect(owner.told('StreamDisowned')).to.deep.equal([]);
    expect(owner.runtime.owned('held')).not.to.equal(undefined);
  });
});
