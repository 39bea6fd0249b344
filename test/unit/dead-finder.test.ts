/** Who is looked at, and whose turn it is: of a group without a server. */
import { expect } from 'chai';
import type { Kernel } from '../../src/actors/kernel.js';
import { DeadFinder } from '../../src/actors/recovery/dead-finder.js';
import { systemClock } from '../../src/core/clock.js';
import { dueConsumer } from '../../src/redis/due-consumer.js';
import type { DeadSearch, FoundDead, GroupConsumer } from '../../src/redis/group.js';

const H = 2_000;
const ME = 'm~00000001';
const A = 'a~00000002';
const Z = 'z~00000003';
const OLD = 'old~00000004';

/** What Redis says; and what was asked of it. */
class Group {
  everyone: GroupConsumer[] = [ME, A, Z].map((name) => consumer(name));
  index = new Map([ME, A, Z].map((name) => [name, H]));
  ttls = new Map<string, number>();
  answer: Partial<FoundDead> = {};
  readonly asked: string[] = [];
  readonly searches: DeadSearch[] = [];
  readonly reindexed: [string, number][] = [];
  readonly unindexed: string[] = [];
  readonly foreign: boolean[] = [];

  finder(settings: Partial<Kernel['settings']> = {}): DeadFinder {
    const clock = systemClock;
    const group = {
      consumers: async () => {
        this.asked.push('everyone');
        return this.everyone;
      },
      indexed: async () => ({ untilMs: this.index, redisMs: 0 }),
      presences: async (names: readonly string[]) => {
        this.asked.push(...names);
        return { ttls: names.map((name) => this.ttls.get(name) ?? -2), redisMs: 100 };
      },
      present: async (names: readonly string[]) => names.map((name) => this.ttls.has(name)),
      pending: async (_start: string, _count: number, name: string) =>
        this.everyone.filter((one) => one.name === name && one.pending > 0),
      findDead: async (search: DeadSearch): Promise<FoundDead> => {
        this.searches.push(search);
        return {
          redisMs: 100,
          nextMs: undefined,
          isWatchedThere: true,
          strangers: undefined,
          indexed: this.index.size,
          dead: search.suspects.map((name) => ({ name, overdueMs: 0 })),
          ...this.answer,
        };
      },
      reindex: async (untilMs: ReadonlyMap<string, number>) => {
        this.reindexed.push(...untilMs);
      },
      unindex: async (names: readonly string[]) => {
        this.unindexed.push(...names);
      },
      shorten: async () => {},
      forgetAll: async () => 0,
    };
    const kernel = { clock, group, consumer: ME, settings: { heartbeatMs: H, autoClaim: true, ...settings } };
    return new DeadFinder(kernel as never, { foreignConsumers: (present) => this.foreign.push(present) });
  }
}

function consumer(name: string, pending = 0): GroupConsumer {
  return { name, pending, idleMs: 0 };
}

const unset = () => false;

describe('who is dead', () => {
  it('is asked of the index; everyone is asked for once, and not again', async () => {
    const group = new Group();
    const finder = group.finder();
    for (let sweep = 0; sweep < 3; sweep += 1) await finder.find([], false, unset);
    expect(group.asked).to.deep.equal(['everyone']);
    expect(group.searches).to.have.length(3);
    expect(group.searches[0]).to.include({ turnMs: H / 2 });
  });

  it('is said by presence: of those that are past their time the index is told better', async () => {
    const group = new Group();
    const finder = group.finder();
    await finder.find([], false, unset);
    group.answer = { dead: [A, Z].map((name) => ({ name, overdueMs: 5 })) };
    group.ttls.set(Z, 700);
    const found = await finder.find([], false, unset);
    expect(found).to.include({ deadCount: 1 });
    expect(found?.dead).to.deep.equal([A]);
    expect(group.reindexed).to.deep.equal([[Z, 800]]);
  });

  it('stays the business of whoever found it, until it is settled, or nothing may be taken', async () => {
    const group = new Group();
    const finder = group.finder();
    await finder.find([], false, unset);
    group.answer = { dead: [{ name: A, overdueMs: 5 }] };
    await finder.find([], false, unset);
    group.answer = { dead: [] };
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([A]);
    finder.settled(A);
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([]);
    group.answer = { dead: [{ name: A, overdueMs: 5 }] };
    await finder.find([], false, unset);
    finder.forget();
    group.answer = { dead: [] };
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([]);
  });

  it('is nobody when the clock was set, and everyone is asked for anew', async () => {
    const group = new Group();
    const finder = group.finder();
    await finder.find([], false, unset);
    group.answer = { dead: [{ name: A, overdueMs: 5 }] };
    expect(await finder.find([], false, () => true)).to.equal(undefined);
    group.answer = { dead: [] };
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([]);
    expect(group.asked).to.deep.equal(['everyone', 'everyone']);
  });

  it('takes no turn where streams are only told of, and forgets who was claimed from', async () => {
    const group = new Group();
    const finder = group.finder({ autoClaim: false });
    group.answer = { dead: [{ name: A, overdueMs: 5 }] };
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([A]);
    expect(group.searches[0]).to.include({ turnMs: 0 });
    group.answer = { dead: [] };
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([]);
  });

  it('is asked with every sweep while somebody lives who is not in the index: one of version 0.1.0, or of the Go client', async () => {
    for (const name of [OLD, 'redis-consumer-go']) {
      const group = new Group();
      group.everyone.push(consumer(name, 1));
      group.ttls.set(OLD, 300);
      const finder = group.finder();
      await finder.find([], false, unset);
      const found = await finder.find([], false, unset);
      expect(group.asked.filter((one) => one === 'everyone')).to.have.length(2);
      expect(group.foreign.at(-1)).to.equal(name !== OLD);
      // As soon as the presence of one of 0.1.0 may have run out.
      if (name === OLD) expect(found?.nextMs).to.be.within(300, 310);
      if (name === OLD) {
        group.ttls.delete(OLD);
        expect((await finder.find([], false, unset))?.dead).to.deep.equal([OLD]);
        expect(group.searches.at(-1)?.suspects).to.deep.equal([OLD]);
      }
    }
  });

  it('is asked of everyone again when more are in the group beside the index than there were', async () => {
    const group = new Group();
    group.everyone.push(consumer('gone~00000005'));
    const finder = group.finder();
    group.answer = { strangers: 1 };
    await finder.find([], false, unset);
    await finder.find([], false, unset);
    expect(group.asked.filter((one) => one === 'everyone')).to.have.length(1);
    group.answer = { strangers: 2 };
    expect((await finder.find([], false, unset))?.nextMs).to.be.below(10);
    await finder.find([], false, unset);
    expect(group.asked.filter((one) => one === 'everyone')).to.have.length(2);
  });

  it('is asked of everyone when locks have expired and nobody may count the group: they may be those of a consumer of the Go client', async () => {
    const group = new Group();
    const finder = group.finder();
    const censuses = () => group.asked.filter((one) => one === 'everyone').length;
    await finder.find([], true, unset);
    expect([censuses(), finder.isCensusDue]).to.deep.equal([1, false]);
    expect((await finder.find([], true, unset))?.nextMs).to.be.below(10);
    expect(finder.isCensusDue).to.equal(true);
    await finder.find([], false, unset);
    expect([censuses(), finder.isCensusDue]).to.deep.equal([2, false]);
    group.answer = { strangers: 0 };
    await finder.find([], true, unset);
    expect(finder.isCensusDue).to.equal(false);
  });

  it('says the place among the living, which changes when the one before has left', async () => {
    const group = new Group();
    const finder = group.finder();
    await finder.find([], false, unset);
    expect(finder.place).to.equal(1);
    await finder.find([], false, unset);
    expect(group.searches.at(-1)?.watched).to.equal(A);
    group.index.delete(A);
    group.answer = { isWatchedThere: false };
    await finder.find([], false, unset);
    group.answer = {};
    await finder.find([], false, unset);
    expect(finder.place).to.equal(0);
  });

  it('is looked at when it is late with its heartbeat, and not before', () => {
    const finder = new Group().finder();
    expect(finder.lookInMs(undefined)).to.equal(undefined);
    expect(finder.lookInMs(H / 2)).to.equal(undefined);
    expect(finder.lookInMs(H / 4)).to.be.within(H / 4, H / 4 + 10);
    expect(finder.lookInMs(-50)).to.be.within(0, 10);
  });

  it('has what is due for the dead-letter stream among it, and out of the index when nothing is', async () => {
    const due = dueConsumer('rejected');
    const group = new Group();
    group.everyone.push(consumer(due, 1));
    const finder = group.finder();
    const found = await finder.find([due], false, unset);
    expect(found?.dead).to.deep.equal([due]);
    expect(found?.deadCount).to.equal(0);
    finder.settled(due);
    group.everyone.pop();
    group.answer = { dead: [{ name: due, overdueMs: 1 }] };
    expect((await finder.find([], false, unset))?.dead).to.deep.equal([]);
    expect(group.unindexed).to.deep.equal([due]);
  });

  it('is corrected after a scan: an index that says of somebody dead that he is present for long', async () => {
    const group = new Group();
    group.index.set(A, 3_600_000);
    group.ttls.set(Z, 500);
    const finder = group.finder();
    finder.wantCensus(true);
    await finder.find([], false, unset);
    expect(group.reindexed).to.deep.equal([[A, H / 2]]);
  });
});
