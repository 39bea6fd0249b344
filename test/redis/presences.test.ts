/** The index of presences, on a real server: who writes it, who is found by it, and what becomes of one that is damaged. */
import { expect } from 'chai';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const H = 60_000;
const LOOK = { turnMs: 30_000, most: 10, watched: undefined, suspects: [] };
const A = 'a~00000001';
const B = 'b~00000002';

describe('the index of presences', () => {
  const suite = useRedis();
  const wire = useWire(suite);

  const key = () => wire.names.presences;
  const indexed = async () => (await suite.redis().zrange(key(), '0', '-1')).sort();

  async function overdue({ name }: WireConsumer, ms: number): Promise<void> {
    await suite.redis().zadd(key(), 'XX', Date.now() - ms, name);
  }

  /** Two that are present, and in the index. */
  async function two(): Promise<[WireConsumer, WireConsumer]> {
    const a = wire.stranger(A, { heartbeatMs: H });
    await a.lease.raise(1);
    await a.group.create();
    await a.group.findDead(LOOK);
    const b = wire.stranger(B, { heartbeatMs: H });
    await b.lease.raise(1);
    return [a, b];
  }

  it('is made by whoever looks, written with presence, and says when presence runs out', async () => {
    const a = wire.stranger(A, { heartbeatMs: H });
    await a.lease.raise(1);
    await a.lease.refresh();
    expect(await suite.redis().exists(key()), 'a heartbeat makes none').to.equal(0);
    const [, b] = await two();
    expect(await indexed()).to.deep.equal([A, B]);
    await suite.redis().pexpire(wire.names.presence(B), 1000);
    await b.lease.refresh();
    const until = Number(await suite.redis().zscore(key(), B));
    expect(until - Number((await b.group.presences([])).redisMs)).to.be.within(H / 2, H);
    expect(b.lease.nextPresenceInMs()).to.be.within(H / 2, H);
  });

  it('gives whoever is past its time to one at a time, and to the next when his turn is over', async () => {
    const [a, b] = await two();
    await overdue(b, 250);
    const [found] = (await a.group.findDead(LOOK)).dead;
    expect(found).to.include({ name: B });
    expect(found?.overdueMs).to.be.within(250, 10_000);
    const other = wire.stranger('c~00000003', { heartbeatMs: H });
    expect(await other.group.findDead(LOOK)).to.deep.include({ dead: [] });
    await overdue(b, 0);
    expect((await other.group.findDead(LOOK)).dead.map(({ name }) => name)).to.deep.equal([B]);
  });

  it('is only looked at by those who take nothing: each finds the dead', async () => {
    const [a, b] = await two();
    await overdue(b, 250);
    for (let look = 0; look < 2; look += 1) {
      const { dead, nextMs } = await a.group.findDead({ ...LOOK, turnMs: 0 });
      expect(dead.map(({ name }) => name)).to.deep.equal([B]);
      // Nobody else is to come.
      expect(nextMs).to.equal(undefined);
    }
  });

  it('does not find its reader, who is alive, nor more than are asked for', async () => {
    const [a, b] = await two();
    await overdue(a, 10);
    await overdue(b, 10);
    expect((await a.group.findDead({ ...LOOK, most: 1 })).dead.map(({ name }) => name)).to.deep.equal([B]);
  });

  it('has a turn for those who were found dead without it, once', async () => {
    const [a] = await two();
    const suspects = ['old~00000004', B];
    expect((await a.group.findDead({ ...LOOK, suspects })).dead).to.deep.equal([
      { name: 'old~00000004', overdueMs: 0 },
    ]);
    expect((await a.group.findDead({ ...LOOK, suspects })).dead).to.deep.equal([]);
    // Those who take nothing find it with every look.
    const looks = { ...LOOK, turnMs: 0 };
    const other = 'old~00000005';
    for (const found of [[other], []])
      expect(
        (await a.group.findDead({ ...looks, suspects: found })).dead.map(({ name }) => name),
      ).to.deep.equal([other]);
  });

  it('says how many of the group are not in it, and whether one is', async () => {
    const [a] = await two();
    for (const name of [A, B, 'redis-consumer-go']) {
      await suite.redis().xgroup('CREATECONSUMER', wire.names.lbs, wire.names.group, name);
    }
    expect(await a.group.findDead({ ...LOOK, watched: B })).to.include({
      strangers: 1,
      indexed: 2,
      isWatchedThere: true,
    });
    expect(await a.group.findDead({ ...LOOK, watched: 'z~00000009' })).to.include({ isWatchedThere: false });
  });

  it('has those no more that leave, and finds those at once that leave something behind [C-STOP-2]', async () => {
    const [a, b] = await two();
    await b.lease.leave();
    expect(await indexed()).to.deep.equal([A]);
    await b.lease.raise(2);
    await wire.announce('left');
    await b.read();
    await b.lease.leave();
    expect((await a.group.findDead(LOOK)).dead.map(({ name }) => name)).to.deep.equal([B]);
  });

  it('has those no more that are forgotten, as strays are that a tool took out of the group', async () => {
    const [a, b] = await two();
    await b.vanish();
    await a.group.forget(B);
    expect(await indexed()).to.deep.equal([A]);
    const c = wire.stranger('c~00000003', { heartbeatMs: H });
    await c.lease.raise(1);
    await c.vanish();
    await a.group.forgetAll([c.name]);
    expect(await indexed()).to.deep.equal([A]);
  });

  it('fails no heartbeat where something else stands in its place, and is made anew', async () => {
    const [a, b] = await two();
    await suite.redis().set(key(), 'damaged');
    expect(await b.lease.refresh()).to.equal('alive');
    expect(b.lease.nextPresenceInMs()).to.equal(undefined);
    expect(await b.lease.raise(2)).to.deep.equal({ raised: true, wasPresent: true });
    await a.group.findDead(LOOK);
    await b.lease.refresh();
    expect(await indexed()).to.deep.equal([A, B]);
  });

  it('is corrected, and only to an earlier time where that is asked for', async () => {
    const [a] = await two();
    const { redisMs } = await a.group.indexed();
    await a.group.reindex(new Map([[B, redisMs + 5 * H]]), true);
    expect((await a.group.indexed()).untilMs.get(B)).to.be.below(redisMs + 2 * H);
    await a.group.reindex(new Map([[B, redisMs + 5 * H]]));
    expect((await a.group.indexed()).untilMs.get(B)).to.be.above(redisMs + 4 * H);
    await a.group.reindex(new Map([['unknown~00000009', redisMs]]));
    expect(await indexed()).to.deep.equal([A, B]);
    await a.group.unindex([B]);
    expect(await indexed()).to.deep.equal([A]);
  });

  it('is not needed to say who of many is present', async () => {
    const [a] = await two();
    const many = Array.from({ length: 1200 }, (_, n) => `none~${n.toString(16).padStart(8, '0')}`);
    const present = await a.group.present([A, ...many, B]);
    expect(present.filter(Boolean)).to.have.length(2);
    expect([present[0], present.at(-1)]).to.deep.equal([true, true]);
  });
});

describe('what is pending for a consumer', () => {
  const suite = useRedis();
  const wire = useWire(suite);

  const give = async (consumer: string, count: number) => {
    const { group, lbs } = wire.names;
    const pipeline = suite.redis().pipeline();
    for (let n = 0; n < count; n += 1) pipeline.xadd(lbs, '*', 'lbs-input', `{"DataStreamName":"s${n}"}`);
    pipeline.xreadgroup('GROUP', group, consumer, 'COUNT', count, 'STREAMS', lbs, '>');
    await pipeline.exec();
  };

  it('is counted, and of others whether anything is', async () => {
    const [a, b] = [await wire.join(A), await wire.join(B)];
    expect(await a.group.countPending([A, B])).to.deep.equal({ own: 0, others: [] });
    let own = 0;
    // Below what is read one by one, at it, and above; and again, when it is known to be many.
    for (const more of [49, 1, 2_000, 1]) {
      own += more;
      await give(A, more);
      expect(await a.group.countPending([A, B]), `${own}`).to.deep.equal({ own, others: [A] });
      expect(await b.group.countPending([A, B]), `beside ${own}`).to.deep.equal({ own: 0, others: [A] });
    }
    await give(B, 3);
    expect(await b.group.countPending([])).to.deep.equal({ own: 3, others: [] });
    const { lbs, group } = wire.names;
    for (const [id] of await wire.entries(lbs)) await suite.redis().xack(lbs, group, id);
    expect(await a.group.countPending([A]), 'of which nothing is left').to.deep.equal({ own: 0, others: [] });
    expect(await a.group.countPending([A])).to.deep.equal({ own: 0, others: [] });
  });

  it('costs Redis one command where it is much', async () => {
    const a = await wire.join(A);
    await give(A, 2_000);
    await a.group.countPending([]);
    await suite.redis().config('RESETSTAT');
    expect(await a.group.countPending([])).to.have.property('own', 2_000);
    expect(await suite.redis().info('commandstats')).to.match(/cmdstat_xpending:calls=1,/);
  });
});
