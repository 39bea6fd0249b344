/** What the script `take` gives to whom, on a real server. */
import { expect } from 'chai';
import type { Round } from '../../src/redis/fleet.js';
import { createTakeStore } from '../../src/redis/taking.js';
import { aRound, memberRecord } from '../support/member-record.js';
import { useRedis } from '../support/redis.js';
import { streamNames } from '../support/runtimes.js';
import { ALL_OF_IT } from '../support/take-request.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const A = 'a~00000001';
const B = 'b~00000002';

describe('taking what waits', () => {
  const suite = useRedis();
  const wire = useWire(suite);

  async function announce(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (const name of streamNames(count)) ids.push(await wire.announce(name));
    return ids;
  }

  /** Whoever makes the rounds finds this. */
  async function round(found: Partial<Round>, everyMs = 60_000): Promise<void> {
    const { fleet } = wire.stranger('maker~00000009');
    await suite.redis().del(wire.names.balance);
    const begun = await fleet.beginRound(memberRecord(), everyMs);
    await fleet.endRound(begun?.token as string, aRound(found), new Map());
  }

  const pendingOf = async ({ name }: WireConsumer): Promise<number> => {
    const rows = await suite.redis().xpending(wire.names.lbs, wire.names.group, '-', '+', 1000, name);
    return rows.length;
  };

  it('gives as many as are wanted where no round of balancing has been made', async () => {
    const ids = await announce(30);
    const a = wire.stranger(A);
    const { entries, ...rest } = await a.taking.take({ ...ALL_OF_IT, wanted: 20 });
    expect(rest).to.deep.equal({ allowed: 20, part: undefined, delivered: ids[19] });
    expect(entries.map(({ id }) => id)).to.deep.equal(ids.slice(0, 20));
    expect(entries[0]?.fields).to.deep.equal([
      'lbs-input',
      JSON.stringify({ DataStreamName: streamNames(1)[0] }),
    ]);
    expect(await pendingOf(a)).to.equal(20);
    const more = await a.taking.take(ALL_OF_IT);
    expect(more).to.include({ allowed: 128 });
    expect(more.entries).to.have.length(10);
    expect((await a.taking.take(ALL_OF_IT)).entries).to.deep.equal([]);
  });

  it('gives those with room their part of what is there, and those that have it nothing [C-FAIR-1]', async () => {
    // 203 streams are owned, and 97 have come back from a dead consumer.
    const owner = wire.stranger('x~00000003');
    await announce(203);
    await owner.read(203);
    await announce(97);
    await round({ weight: 3, level: 203 / 3 });
    const most = await wire.stranger(A).taking.take({ ...ALL_OF_IT, load: 104 });
    expect(most).to.deep.include({ allowed: 0, part: -4, entries: [] });
    const next = await wire.stranger(B).taking.take({ ...ALL_OF_IT, load: 95, gained: 4 });
    expect(next).to.include({ allowed: 1, part: 1 });
    expect(next.entries).to.have.length(1);
    const least = await wire.stranger('c~00000003').taking.take(ALL_OF_IT);
    expect(least).to.include({ allowed: 100, part: 100 });
    expect(least.entries).to.have.length(96);
  });

  it('goes by weights, by loads, and not by what is owned by those that take nothing [C-FAIR-1]', async () => {
    const other = wire.stranger('x~00000003');
    await announce(40);
    await other.read(40);
    await announce(100);
    await round({ weight: 4, ownedByOthers: 40 });
    const small = await wire.stranger(A).taking.take(ALL_OF_IT);
    expect(small).to.include({ allowed: 25, part: 25 });
    const large = await wire.stranger(B).taking.take({ ...ALL_OF_IT, weight: 3 });
    expect(large.entries).to.have.length(75);

    // A stream is a load of 0.5 on average: 140 are 70, and a share is 35. Half of that is 35 streams.
    await round({ weight: 2, perStream: 0.5 });
    expect(await wire.stranger(A).taking.take({ ...ALL_OF_IT, load: 17.5 })).to.include({ part: 35 });
    expect(await wire.stranger(A).taking.take({ ...ALL_OF_IT, load: 17.5, gained: 36 })).to.include({
      part: -1,
    });
  });

  it('never gives more than there is room for', async () => {
    await announce(20);
    await round({ weight: 1 });
    const { entries, allowed, part } = await wire.stranger(A).taking.take({ ...ALL_OF_IT, wanted: 7 });
    expect([entries.length, allowed, part]).to.deep.equal([7, 7, 20]);
  });

  it('goes by no round that was made long ago, that nobody ended, or that is written otherwise', async () => {
    await announce(3);
    const a = wire.stranger(A);
    const seen = async () =>
      (await a.taking.take({ ...ALL_OF_IT, wanted: 1, load: 50, patienceMs: 10_000 })).part;
    const { balance } = wire.names;
    const now = Date.now();
    const write = (text: string) => suite.redis().hset(balance, '', text);
    await write(`v1 ${now - 30_000} 1 0 d 1 0 1 0 0`);
    expect(await seen(), 'half a heartbeat too late').to.equal(-47);
    for (const text of [
      `v1 ${now - 50_000} 1 0 d 1 0 1 0 0`,
      `v1 ${now + 1000}`,
      `v2 ${now + 1000} 1 0 d 1 0 1 0 0`,
      `v1 ${now + 1000} 1 0 d 0 0 1 0 0`,
      `v1 ${now + 1000} 1 0 d 1 0 0 0 0`,
      'something else',
    ]) {
      await write(text);
      expect(await seen(), text).to.equal(undefined);
    }
    await suite.redis().del(balance);
    await suite.redis().set(balance, 'something else');
    expect(await seen()).to.equal(undefined);
  });

  it('gives some to those that have their share where nobody else takes what waits [C-FAIR-2]', async () => {
    const redis = suite.redis();
    await redis.xadd(wire.names.lbs, '1-1', 'lbs-input', '{}');
    const a = wire.stranger(A);
    const [given] = (await a.taking.take({ ...ALL_OF_IT, wanted: 1 })).entries;
    await round({ weight: 1, ownedByOthers: 1000 });
    const full = { ...ALL_OF_IT, load: 5 };
    const nothing = await a.taking.take(full);
    expect(nothing).to.include({ allowed: 0, delivered: given?.id });
    expect(await a.taking.take({ ...full, deliveredThen: given?.id }), 'nothing waits').to.include({
      allowed: 0,
    });

    const now = Date.now();
    await redis.xadd(wire.names.lbs, `${now - 40_000}-0`, 'lbs-input', '{}');
    await announce(40);
    expect(await a.taking.take(full), 'others may have taken meanwhile').to.include({ allowed: 0 });
    const seen = { ...full, deliveredThen: given?.id };
    expect(await a.taking.take({ ...seen, patienceMs: 50_000 }), 'not for so long').to.include({
      allowed: 0,
    });
    // It has waited for more than twice the patience.
    const { allowed, entries } = await a.taking.take(seen);
    expect([allowed, entries.length]).to.deep.equal([32, 32]);
    const rest = { ...full, deliveredThen: entries.at(-1)?.id };
    expect(await a.taking.take(rest), 'the next one has not').to.include({ allowed: 0 });
  });

  it('takes what was added before the clock of Redis was set back for what waits too long [C-FAIR-2]', async () => {
    await suite.redis().xadd(wire.names.lbs, `${Date.now() + 3_600_000}-0`, 'lbs-input', '{}');
    await round({ weight: 1, ownedByOthers: 1000 });
    const asked = { ...ALL_OF_IT, load: 5, deliveredThen: '0-0' };
    expect((await wire.stranger(A).taking.take(asked)).entries).to.have.length(1);
  });

  it('says that there is no group, whatever the part', async () => {
    await announce(1);
    await suite.redis().xgroup('DESTROY', wire.names.lbs, wire.names.group);
    await round({ weight: 1, ownedByOthers: 1000 });
    const refused = async (load: number) =>
      await wire
        .stranger(A)
        .taking.take({ ...ALL_OF_IT, load })
        .then(
          () => 'nothing',
          (error: { details: { reply: string } }) => error.details.reply,
        );
    expect(await refused(0)).to.equal('NOGROUP');
    expect(await refused(10)).to.equal('NOGROUP');
    await suite.redis().del(wire.names.lbs);
    expect(await refused(10)).to.equal('NOGROUP');
  });

  it('asks no more where the user may not use XINFO GROUPS, and gives parts all the same', async () => {
    await announce(4);
    await round({ weight: 2 });
    const redis = suite.redis();
    const [user] = (await redis.acl('WHOAMI')).split(' ');
    await redis.acl('SETUSER', user as string, '-xinfo|groups');
    try {
      const taking = createTakeStore(wire.commands(), wire.names, A);
      expect(taking.mayLook).to.equal(true);
      expect(await taking.take({ ...ALL_OF_IT, load: 5 })).to.include({
        allowed: 0,
        part: -3,
        delivered: undefined,
      });
      expect(taking.mayLook).to.equal(false);
      await redis.acl('LOG', 'RESET');
      expect((await taking.take(ALL_OF_IT)).entries).to.have.length(2);
      expect(await redis.acl('LOG')).to.deep.equal([]);
    } finally {
      await redis.acl('SETUSER', user as string, '+xinfo|groups');
    }
  });

  it('need not be asked for: a heartbeat says whether anything has come since what had been given out [C-FAIR-3]', async () => {
    const a = await wire.join(A);
    const saysMore = async (givenOut?: string) => {
      expect(await a.lease.refresh('', givenOut)).to.equal('alive');
      return a.lease.newerHeard();
    };
    expect(await saysMore()).to.equal(true);
    expect(await saysMore('0-0')).to.equal(false);
    const [first, last] = (await announce(2)) as [string, string];
    expect(await saysMore('0-0')).to.equal(true);
    expect(await saysMore(first)).to.equal(true);
    expect(await saysMore(last)).to.equal(false);
    expect(await saysMore('18446744073709551615-18446744073709551615')).to.equal(true);
    await suite.redis().del(wire.names.lbs);
    await suite.redis().set(wire.names.lbs, 'no stream');
    expect(await saysMore(last)).to.equal(true);
  });
});
