/** To whom streams come where processes own different numbers of them. What all have is said by a round of balancing that the test writes. */
import { expect } from 'chai';
import { type Round, roundOf } from '../../src/redis/fleet.js';
import { createNames } from '../../src/redis/names.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { allowedMs } from '../support/pace.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { useRedis } from '../support/redis.js';
import { writeRound } from '../support/rounds.js';
import { streamNames } from '../support/runtimes.js';

const names = createNames({ service: 'orders' });

describe('taking over is fair', () => {
  const suite = useRedis();
  const proxy = useFaultProxy(suite);
  // The first one of them makes a round, and nobody makes another one.
  const never = 3_600_000;
  const crew = useCrew(suite, {
    lockKeys: false,
    keyspaceEvents: 'off',
    balance: { everyMs: never, settleMs: never },
  });

  const owned = (members: readonly Member[]) => members.map(({ runtime }) => runtime.snapshot().owned);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

  const allOwned = (members: readonly Member[], count: number) =>
    eventually(`${count} are owned`, () => {
      const now = owned(members);
      if (sum(now) < count) throw new Error(now.join(' + '));
    });

  async function beats({ runtime }: Member, count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let left = count;
      const forget = runtime.seam.on('heartbeat', ({ outcome }) => {
        if (outcome === 'alive') left -= 1;
        if (left > 0) return;
        forget();
        resolve();
      });
    });
  }

  /** Everyone has heard what the round found, and no read is parked that was before. */
  async function heard(members: readonly Member[], found: Partial<Round>): Promise<void> {
    await Promise.all(members.map((member) => beats(member, 2)));
    await writeRound(suite.redis(), names, found);
    await Promise.all(members.map((member) => beats(member, 2)));
    for (const { runtime } of members) await runtime.pause();
    for (const { runtime } of members) runtime.resume();
  }

  it('by the streams of a dead owner: they go to the one with most room [C-FAIR-1]', async () => {
    const [a, b] = [await crew.start(), await crew.start()];
    await crew.announce(...streamNames(200, 'old'));
    await allOwned([a, b], 200);
    const c = await crew.start();
    const members = [a, b, c];
    await heard(members, { weight: 3, level: 200 / 3, lowest: 0 });
    const before = owned(members);
    for (const { runtime } of members) await runtime.pause();
    await crew.announce(...streamNames(97, 'orphan'));
    const dead = 'gone~0000000d';
    await suite.redis().xreadgroup('GROUP', crew.group, dead, 'COUNT', 97, 'STREAMS', crew.lbs, '>');
    for (const { runtime } of members) runtime.resume();
    // They say that they take streams again.
    await Promise.all(members.map((member) => beats(member, 2)));
    await suite.redis().zadd(names.presences, 1, dead);
    await allOwned(members, 297);
    const gained = owned(members).map((now, at) => now - (before[at] as number));
    expect(gained[2], gained.join(', ')).to.be.at.least(93);
  });

  it('by streams that are announced at once: equals are given as much [C-FAIR-1]', async () => {
    const members = [await crew.start(), await crew.start(), await crew.start()];
    await heard(members, { weight: 3 });
    await crew.announce(...streamNames(3000));
    await allOwned(members, 3000);
    for (const count of owned(members)) expect(count, owned(members).join(', ')).to.be.within(900, 1100);
  });

  it('by a backlog: who takes nothing leaves it to the others, and what they own changes no part [C-FAIR-1]', async () => {
    const full = await crew.start();
    await crew.announce(...streamNames(100, 'old'));
    await allOwned([full], 100);
    await full.runtime.pause();
    const others = [await crew.start(), await crew.start()];
    await heard(others, { weight: 2, ownedByOthers: 100 });
    await crew.announce(...streamNames(1000));
    await allOwned(others, 1000);
    expect(full.runtime.snapshot().owned).to.equal(100);
    for (const count of owned(others)) expect(count, owned(others).join(', ')).to.be.within(450, 550);
  });

  it('but nothing waits for one that is gone: who has its share takes it within a heartbeat and its patience [C-FAIR-2]', async () => {
    const [a, b] = [await crew.start(), await crew.start()];
    await crew.announce(...streamNames(50, 'old'));
    await allOwned([a, b], 50);
    // One that owns nothing, and has just died.
    await heard([a, b], { weight: 3, level: 50 / 3, lowest: 0 });
    const { heartbeatMs } = crew.options();
    const since = performance.now();
    await crew.announce(...streamNames(20, 'new'));
    await allOwned([a, b], 70);
    const took = performance.now() - since;
    // Found waiting at one heartbeat, taken at the next.
    expect(took).to.be.below(allowedMs((heartbeatMs as number) * 1.5));
  });

  it('nor does what is handed over at a stop wait for anybody, though who is left has its share already [C-FAIR-1]', async () => {
    const heartbeatMs = 2000;
    const slow = { heartbeatMs, minIdleMs: heartbeatMs, balance: { everyMs: 200, settleMs: never } };
    const [a, b] = [await crew.start(slow), await crew.start(slow)];
    await crew.announce(...streamNames(200));
    await allOwned([a, b], 200);
    await Promise.all([a, b].map((member) => beats(member, 3)));
    // The next one is a second away.
    await beats(a, 1);
    let later = 0;
    a.runtime.seam.on('heartbeat', () => {
      later += 1;
    });
    await b.runtime.stop();
    await allOwned([a], 200);
    // On a busy machine stopping takes long. Otherwise one would have to bring the news, and the one after it all that is left.
    expect(later).to.be.below(2);
  });

  it('nor for one that hangs: the others take all that its read was not given [C-FAIR-2]', async () => {
    const [a, b] = [await crew.start(), await crew.start()];
    await crew.announce(...streamNames(50, 'old'));
    await allOwned([a, b], 50);
    const hung = await crew.start({ redis: proxy().url });
    await heard([a, b, hung], { weight: 3, level: 50 / 3, lowest: 0 });
    proxy().freeze();
    const { heartbeatMs } = crew.options();
    const since = performance.now();
    await crew.announce(...streamNames(20, 'new'));
    // A read that waits may be given two.
    await allOwned([a, b], 68);
    expect(performance.now() - since).to.be.below(allowedMs((heartbeatMs as number) * 1.5));
    // Those as well, once it is dead.
    await allOwned([a, b], 70);
    proxy().thaw();
  });

  it('and a process that has more waits for its share: with the next heartbeat it takes what has become its part [C-FAIR-1]', async () => {
    const a = await crew.start();
    await crew.announce(...streamNames(100, 'old'));
    await allOwned([a], 100);
    const b = await crew.start();
    await heard([a, b], { weight: 2, level: 50, lowest: 0 });
    await crew.announce(...streamNames(300, 'new'));
    await allOwned([a, b], 400);
    for (const count of owned([a, b])) expect(count, owned([a, b]).join(', ')).to.be.within(180, 220);
  });

  it('costs no script where streams come alone, and seldom one where a process has more than its share [C-FAIR-3]', async () => {
    const { fault, substitutes } = failing('taking', 'take');
    const member = await crew.start({}, substitutes);
    for (const name of streamNames(5)) {
      await crew.announce(name);
      await eventually('it is owned', () => member.runtime.owned(name) !== undefined);
    }
    expect(fault.calls).to.equal(0);
    await suite
      .redis()
      .multi(
        streamNames(2, 'both').map((name) => [
          'xadd',
          crew.lbs,
          '*',
          'lbs-input',
          JSON.stringify({ DataStreamName: name }),
        ]),
      )
      .exec();
    await allOwned([member], 7);
    expect(fault.calls).to.equal(1);

    await heard([member], { weight: 2, level: 3.5, lowest: 0 });
    await beats(member, 1);
    await beats(member, 1);
    const quiet = fault.calls;
    await beats(member, 4);
    // Every other heartbeat that lasts, and one may be on its way.
    expect(fault.calls - quiet).to.be.at.most(2);
    // What is given to somebody else at once is news, once.
    const busy = fault.calls;
    const fields = ['lbs-input', JSON.stringify({ DataStreamName: 'elsewhere' })];
    await suite
      .redis()
      .multi()
      .xadd(crew.lbs, '*', ...fields)
      .xreadgroup('GROUP', names.group, 'another', 'COUNT', 1, 'STREAMS', crew.lbs, '>')
      .exec();
    await beats(member, 2);
    expect(fault.calls - busy).to.be.within(1, 2);
  });

  it('by weights, as the processes themselves say [C-FAIR-1]', async () => {
    const balance = { everyMs: 200, settleMs: never };
    const members = [await crew.start({ balance }), await crew.start({ balance, weight: 3 })];
    await eventually('a round has found both', async () => {
      const round = roundOf((await suite.redis().hget(names.balance, '')) ?? '');
      expect(round?.weight).to.equal(4);
    });
    await Promise.all(members.map((member) => beats(member, 2)));
    await crew.announce(...streamNames(2000));
    await allOwned(members, 2000);
    expect(owned(members)[0], owned(members).join(', ')).to.be.within(450, 550);
  });

  it('by the streams of a process that dies, as it was found before [C-FAIR-1]', async () => {
    const balance = { everyMs: 200, settleMs: never };
    const first = [
      await crew.start({ balance }),
      await crew.start({ balance }),
      await crew.start({ balance }),
    ];
    await crew.announce(...streamNames(300));
    await allOwned(first, 300);
    const last = await crew.start({ balance });
    await Promise.all([...first, last].map((member) => beats(member, 3)));
    const [dead, ...others] = first as [Member, Member, Member];
    const living = [...others, last];
    const before = owned(living);
    await dead.runtime.stop({ mode: 'abandon' });
    await allOwned(living, 300);
    // However unevenly they had come: who has its share of 100 waits until it has more than two more (C-FAIR-1), and a read that waits may bring two.
    const gained = owned(living).map((now, at) => now - (before[at] as number));
    for (const [at, had] of before.entries()) {
      expect(gained[at], `${before.join(', ')}: ${gained.join(', ')}`).to.be.at.most(
        Math.max(0, 100 - had) + 4,
      );
    }
  });
});
