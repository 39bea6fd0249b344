/** What processes say of themselves, and rounds of balancing, on a real server. */
import { expect } from 'chai';
import type { Order } from '../../src/redis/fleet.js';
import { aRound, memberRecord } from '../support/member-record.js';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const A = 'a~0000000a';
const B = 'b~0000000b';
const EVERY_MS = 60_000;
const saying = (owned: number) => JSON.stringify(memberRecord({ owned }));

describe('rounds of balancing', () => {
  const suite = useRedis();
  const wire = useWire(suite);

  async function joined(...names: string[]): Promise<WireConsumer[]> {
    const all = await Promise.all(names.map((name) => wire.join(name)));
    // It makes the index, in which the others write themselves with their next heartbeat.
    await all[0]?.group.findDead({ turnMs: 0, most: 1, watched: undefined, suspects: [] });
    for (const one of all) await one.lease.refresh();
    return all;
  }
  const due = () => suite.redis().hset(wire.names.balance, '', 'v1 1');

  it('are made by one at a time, who is told what all say [C-BAL-1]', async () => {
    const [a, b] = (await joined(A, B)) as [WireConsumer, WireConsumer];
    await wire.announce('one');
    expect(a.lease.roundHeard()).to.deep.equal({ dueInMs: 0, round: undefined, order: undefined });
    const first = await a.fleet.beginRound(memberRecord({ owned: 3 }), EVERY_MS);
    expect(first).to.include({ length: 1, round: undefined });
    expect(first?.members.map(({ name, record }) => [name, record?.owned])).to.deep.equal([
      [A, 3],
      [B, undefined],
    ]);
    expect(await b.fleet.beginRound(memberRecord(), EVERY_MS)).to.equal(undefined);
    // There is a hash of members now, so heartbeats write it.
    await b.lease.refresh(saying(5));
    expect(b.lease.roundHeard().dueInMs).to.be.within(EVERY_MS - 5_000, EVERY_MS);
    await due();
    const next = await b.fleet.beginRound(memberRecord({ owned: 6 }), EVERY_MS);
    expect(next?.members.map(({ record }) => record?.owned)).to.deep.equal([3, 6]);
    expect((await a.fleet.look()).members.map(({ name, record }) => [name, record?.owned])).to.deep.equal([
      [A, 3],
      [B, 6],
    ]);
  });

  it('tell everyone what they found, and each what it has to hand over, with its heartbeat [C-BAL-2]', async () => {
    const [a, b] = (await joined(A, B)) as [WireConsumer, WireConsumer];
    const begun = await a.fleet.beginRound(memberRecord(), EVERY_MS);
    const round = aRound({
      number: 4,
      changedAt: 7,
      weight: 2.5,
      lowest: 0.25,
      level: 1.5,
      ownedByOthers: 3,
      imbalance: 0.5,
      waits: 'the lease of a b is uncertain',
    });
    const [give, take] = [12, -12].map((count) => ({ number: 4, count, at: 7_000 })) as [Order, Order];
    const orders = new Map([
      [A, give],
      [B, take],
    ]);
    expect(await a.fleet.endRound(begun?.token ?? '', round, orders)).to.equal(true);
    for (const [one, order] of [
      [a, give],
      [b, take],
    ] as const) {
      await one.lease.refresh(saying(1));
      expect(one.lease.roundHeard()).to.deep.include({ round, order });
    }
    const look = await b.fleet.look();
    expect(look.round).to.deep.equal(round);
    expect(look.members.map(({ order }) => order)).to.deep.equal([give, take]);
    // What the next round does not order is ordered no more.
    await due();
    const again = await b.fleet.beginRound(memberRecord(), EVERY_MS);
    expect(again?.members.map(({ order }) => order)).to.deep.equal([give, take]);
    await b.fleet.endRound(again?.token ?? '', { ...round, number: 5 }, new Map());
    await a.lease.refresh(saying(1));
    expect(a.lease.roundHeard()).to.deep.include({ round: { ...round, number: 5 }, order: undefined });
  });

  it('are ended by nobody when another one has begun', async () => {
    const [a, b] = (await joined(A, B)) as [WireConsumer, WireConsumer];
    const late = await a.fleet.beginRound(memberRecord(), EVERY_MS);
    await due();
    // Within the same millisecond, perhaps: the token is when the next one is due.
    await b.fleet.beginRound(memberRecord(), EVERY_MS + 1_000);
    expect(
      await a.fleet.endRound(late?.token ?? '', aRound(), new Map([[A, { number: 1, count: 1, at: 0 }]])),
    ).to.equal(false);
    await a.lease.refresh(saying(0));
    expect(a.lease.roundHeard()).to.include({ order: undefined, round: undefined });
  });

  it('forget who is gone', async () => {
    const [a, b] = (await joined(A, B)) as [WireConsumer, WireConsumer];
    await a.fleet.beginRound(memberRecord(), EVERY_MS);
    await b.lease.refresh(saying(1));
    expect(await suite.redis().hkeys(wire.names.members)).to.have.members([A, B]);
    await b.lease.leave();
    expect((await a.fleet.look()).members.map(({ name }) => name)).to.deep.equal([A]);
    await due();
    await a.fleet.beginRound(memberRecord(), EVERY_MS);
    expect(await suite.redis().hkeys(wire.names.members)).to.deep.equal([A]);
  });

  it('go on where their keys were lost, hold something else, or were written under a clock that was set back', async () => {
    const [a] = (await joined(A)) as [WireConsumer];
    const { members, balance } = wire.names;
    for (const spoil of [
      () => suite.redis().del(members, balance),
      async () => {
        await suite.redis().del(members, balance);
        await suite.redis().set(members, 'x');
        await suite.redis().set(balance, 'x');
      },
      () => suite.redis().hset(balance, '', `v1 ${Date.now() + 3 * EVERY_MS} 1 0 a 1 0 1 0 0`),
      () => suite.redis().hset(balance, '', 'v9 something'),
      () => suite.redis().hset(members, A, 'no JSON'),
    ]) {
      await due();
      await a.fleet.beginRound(memberRecord(), EVERY_MS);
      await spoil();
      expect(await a.lease.refresh(saying(2))).to.equal('alive');
      await suite
        .redis()
        .hdel(balance, '')
        .catch(() => {});
      expect((await a.fleet.beginRound(memberRecord({ owned: 2 }), EVERY_MS))?.members[0]?.record).to.include(
        {
          owned: 2,
        },
      );
    }
    await suite.redis().hset(balance, '', `v1 ${Date.now() + 3 * EVERY_MS}`);
    expect(await a.fleet.beginRound(memberRecord(), EVERY_MS)).not.to.equal(undefined);
  });

  it('of a thousand processes are one call, with what each says', async () => {
    const [a] = (await joined(A)) as [WireConsumer];
    const pipeline = suite.redis().pipeline();
    for (let n = 0; n < 1_000; n += 1) {
      const name = `p${n}~${n.toString(16).padStart(8, '0')}`;
      pipeline.zadd(wire.names.presences, Date.now() + EVERY_MS, name);
      pipeline.hset(wire.names.members, name, saying(n));
    }
    await pipeline.exec();
    const begun = await a.fleet.beginRound(memberRecord(), EVERY_MS);
    expect(begun?.members).to.have.length(1_001);
    expect(begun?.members.reduce((sum, { record }) => sum + (record?.owned ?? 0), 0)).to.equal(499_500);
  });
});
