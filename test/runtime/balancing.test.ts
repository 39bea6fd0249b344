/** Streams are handed over to those that have fewer, and to nobody else. */
import { expect } from 'chai';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const BALANCE = { everyMs: 200, settleMs: 400 };
const owned = ({ runtime }: Member) => runtime.snapshot().owned;
const names = (count: number, prefix = 's') => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe('balance', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { balance: BALANCE });

  async function holding(count: number, options = {}): Promise<Member> {
    const member = await crew.start({ notificationBuffer: 5000, ...options });
    await crew.announce(...names(count));
    await member.awaitNews('StreamAdded', count);
    return member;
  }

  it('gives a process that joins its share, without a retry [C-BAL-1, C-BAL-2, C-BAL-3]', async () => {
    const first = await holding(90);
    const ends: string[] = [];
    first.runtime.process(async ({ signal, name }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ends.push(`${name} ${(signal.reason as { code: string }).code}`);
    });
    const second = await crew.start();
    await eventually(
      'both have their share',
      () => owned(second) >= 40 && owned(first) + owned(second) === 90,
    );
    const moved = first.told('StreamMoving');
    expect(moved.length).to.be.within(40, 47);
    expect(second.told('StreamAdded').every(({ retryCount }) => retryCount === 0)).to.equal(true);
    expect(ends.slice(0, moved.length)).to.have.members(
      moved.map(({ stream }) => `${stream} StreamReleased`),
    );
    expect(first.runtime.snapshot().counters).to.include({ moved: moved.length, handedOver: moved.length });
    // None twice, none for nothing.
    expect(second.told('StreamMoving')).to.deep.equal([]);
    const { violations } = await crew.history();
    expect(violations).to.deep.equal([]);
  });
});
