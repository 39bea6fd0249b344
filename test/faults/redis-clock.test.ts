import { expect } from 'chai';
import type { Stores } from '../../src/actors/kernel.js';
import { crewHeartbeatMs, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const names = ['a', 'b', 'c'];

/** What one consumer hears of the clock of Redis, ahead of what it says. */
class Clock {
  aheadMs = 0;
  looks = 0;

  readonly substitutes = {
    stores: (stores: Stores): Stores => ({
      ...stores,
      group: {
        ...stores.group,
        indexed: async () => {
          const found = await stores.group.indexed();
          return { ...found, redisMs: found.redisMs + this.aheadMs };
        },
        findDead: async (search) => {
          const found = await stores.group.findDead(search);
          this.looks += 1;
          return { ...found, redisMs: found.redisMs + this.aheadMs };
        },
      },
    }),
  };
}

describe('a clock of Redis that is set', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  const presenceOf = (name: string) => `{${crew.lbs}}:presence:${name}`;

  /** An end that nobody hears of: presence is left as it is. */
  const silent = {
    stores: (stores: Stores): Stores => ({ ...stores, lease: { ...stores.lease, leave: async () => 0 } }),
  };

  async function start() {
    const owner = await crew.start({}, silent);
    await crew.announce(...names);
    await owner.awaitNews('StreamAdded', names.length);
    const clock = new Clock();
    const other = await crew.start({}, clock.substitutes);
    await eventually('it has heard of the clock', () => clock.looks > 0);
    return { owner, other, clock };
  }

  it('forward: what looks dead at once is not taken over before everyone has had the time to beat, and it is told [C-OVL-8]', async () => {
    const { owner, other, clock } = await start();
    // As the step does it: every presence has run out.
    clock.aheadMs = 3_600_000;
    await suite.redis().del(presenceOf(owner.name));
    await eventually('it is noticed', () =>
      other.runtime
        .health()
        .reasons.some((reason) => /clock of Redis was set forward by 3[56]\d{5} ms/.test(reason)),
    );
    await eventually(
      'the owner is present again',
      async () => (await suite.redis().exists(presenceOf(owner.name))) === 1,
    );
    const { sweeps } = other.runtime.snapshot().reconciler;
    await eventually('it sweeps again', () => other.runtime.snapshot().reconciler.sweeps > sweeps + 1);
    expect(other.runtime.snapshot().counters.requeued).to.equal(0);
    expect(owner.told('StreamDisowned')).to.deep.equal([]);
    expect(owner.runtime.snapshot().owned).to.equal(names.length);
  });

  it('back: the presence of the dead lasts no longer than it would have, and their streams are taken over [C-OVL-8]', async () => {
    const { owner, other, clock } = await start();
    const looks = clock.looks;
    await eventually('its presence has been looked at', () => clock.looks > looks + 1);
    await owner.runtime.stop({ mode: 'abandon' });
    // As the step does it: what was written before lasts an hour longer.
    const stands = 3_600_000 + crewHeartbeatMs();
    await suite.redis().set(presenceOf(owner.name), 'v1:1', 'PX', stands);
    await suite.redis().zadd(`{${crew.lbs}}:presences`, Date.now() + stands, owner.name);
    clock.aheadMs = -3_600_000;
    await other.awaitNews('StreamAdded', names.length);
    expect(other.runtime.snapshot().counters.requeued).to.equal(names.length);
  });
});
