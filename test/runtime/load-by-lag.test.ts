/** A process that lags gets fewer streams. */
import { once } from 'node:events';
import { expect } from 'chai';
import type { LoadFacts } from '../../src/index.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe('load by lag', () => {
  const suite = useRedis();
  const crew = useCrew(suite, {
    lockKeys: false,
    // Whatever is to be moved is: a share that is off by a little is right here.
    balance: { everyMs: 200, settleMs: 0, maxShare: 10 },
  });
  const owned = ({ runtime }: Member) => runtime.snapshot().owned;
  const loadOf = async ({ runtime, name }: Member) =>
    (await runtime.fleet()).find((member) => member.name === name)?.process?.load ?? 0;

  /** Streams with an entry that has waited for a minute. */
  async function old(...streams: readonly string[]): Promise<void> {
    for (const stream of streams) await suite.redis().xadd(stream, `${Date.now() - 60_000}-0`, 'n', '1');
    await crew.announce(...streams);
  }

  /** Whose handlers stay with the first entry of a stream. */
  async function stuck(options = {}): Promise<Member> {
    const member = crew.make(options);
    member.runtime.process(async (stream) => {
      const { signal } = stream;
      for await (const _ of stream.entries()) if (!signal.aborted) await once(signal, 'abort');
    });
    await member.runtime.start();
    return member;
  }

  it("gives one whose streams wait fewer of what is new with load: 'lag' [C-BAL-1, C-LAG-4]", async () => {
    // What has been given out stays where it is.
    const balance = { everyMs: 200, settleMs: 600_000, maxShare: 10 };
    const slow = await stuck({ load: 'lag', balance });
    await old(...names(10, 'old'));
    await eventually('it says that each counts for four', async () => (await loadOf(slow)) > 35);
    const quick = await stuck({ load: 'lag', balance });
    await eventually('both are known', async () => {
      const said = (await slow.runtime.fleet()).filter(({ process }) => (process?.load ?? null) !== null);
      return said.length === 2;
    });
    const { number = 0 } = slow.runtime.snapshot().balancer.lastRound ?? {};
    await eventually('a round has found that', async () => {
      const rounds = [slow, quick].map(({ runtime }) => runtime.snapshot().balancer.lastRound?.number ?? 0);
      return Math.max(...rounds) > number + 2;
    });
    for (const name of names(24, 'new')) await crew.announce(name);
    await eventually('all are owned', () => owned(slow) + owned(quick) === 34);
    // By their number each would have 17.
    expect(owned(quick)).to.be.above(20);
  });

  it('asks a function, which is told how many there are and how far they are behind [C-BAL-1]', async () => {
    const told: LoadFacts[] = [];
    const member = await stuck({
      load: (facts: LoadFacts) => {
        told.push(facts);
        return facts.owned + 100 * (facts.lag?.entries ?? 0);
      },
    });
    await eventually('nothing is known at first', () => told.some(({ lag }) => lag === null));
    await old('a', 'b');
    await eventually('it is told', () => told.some(({ lag }) => lag?.entries === 2 && lag.behind === 2));
    await eventually('the others hear of it', async () => (await loadOf(member)) > 100);
  });

  it('is checked before anything is asked of Redis [C-APP-4]', async () => {
    const error = await rejection((async () => crew.make({ load: 'lags' as 'lag' }))());
    expect(error).to.have.property('code', 'InvalidOption');
    expect(String(error)).to.include("expected load to be 'lag' or a function that gives a number");
  });
});
