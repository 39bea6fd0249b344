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

  it('keeps what is pinned, and what may not be moved, and takes the rest, those first that nobody works on [C-BAL-4]', async () => {
    const first = await holding(12, {
      balance: { ...BALANCE, movable: ({ name }: { name: string }) => name !== 's1' },
    });
    const unpin = first.runtime.owned('s0')?.pin();
    const begun: string[] = [];
    first.runtime.process(
      async ({ signal, name }) => {
        begun.push(name);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
      { concurrency: 8 },
    );
    const second = await crew.start();
    await eventually('the other has its share', () => owned(second) >= 5);
    const moved = first.told('StreamMoving').map(({ stream }) => stream);
    expect(moved).not.to.include.members(['s0', 's1']);
    // Four of twelve had no handler yet.
    expect(moved.slice(0, 4).filter((name) => begun.slice(0, 8).includes(name))).to.deep.equal([]);
    unpin?.();
    expect(first.runtime.owned('s0')).not.to.equal(undefined);
  });

  it('waits for no handler that releases its stream itself, and as late as it says [C-BAL-3]', async () => {
    const first = await holding(10, { handOverGraceMs: 60_000 });
    let isFirst = true;
    first.runtime.process(async (stream) => {
      await new Promise((resolve) => stream.signal.addEventListener('abort', resolve, { once: true }));
      const afterMs = isFirst ? 3_600_000 : 0;
      isFirst = false;
      await stream.release({ afterMs });
    });
    const second = await crew.start();
    await second.awaitNews('StreamAdded', 4);
    await first.awaitNews('StreamMoving', 5);
    await eventually('one waits for its time', () => first.runtime.snapshot().counters.delayed === 1);
  });

  it('waits for release() where there is no handler, and for the grace at most [C-BAL-3]', async () => {
    const first = await holding(10, { handOverGraceMs: 60_000 });
    const second = await crew.start();
    const [told] = await first.awaitNews('StreamMoving', 5);
    expect(owned(second)).to.equal(0);
    await first.runtime.release(told as { id: string });
    await second.awaitNews('StreamAdded', 1);
    expect(second.told('StreamAdded').map(({ stream }) => stream)).to.deep.equal([told?.stream]);
  });

  it('can be turned off: nothing is handed over, and new streams go to those with fewer [C-BAL-7]', async () => {
    const first = await holding(20, { balance: 'off' });
    const second = await crew.start({ balance: 'off' });
    await eventually(
      'the fleet knows of both',
      () =>
        (first.runtime.snapshot().balancer.level ?? 0) === 10 &&
        second.runtime.snapshot().balancer.level === 10,
    );
    await crew.announce(...names(10, 'new'));
    await second.awaitNews('StreamAdded', 9);
    expect(first.told('StreamMoving')).to.deep.equal([]);
  });

  it('is seen by everyone: who is there, and what each has [C-FLT-1]', async () => {
    const first = await holding(3, { weight: 2, capacity: 50 });
    const second = await crew.start();
    await eventually('each has said what it has', async () => {
      const fleet = await second.runtime.fleet();
      return fleet.length === 2 && fleet.every(({ process }) => process?.state === 'running');
    });
    await eventually('with its streams', async () =>
      (await second.runtime.fleet()).some(({ process }) => process?.owned === 3 || process?.weight === 2),
    );
    const fleet = await second.runtime.fleet();
    expect(fleet.map(({ name }) => name)).to.have.members([first.name, second.name]);
    const [one] = fleet.filter(({ name }) => name === first.name);
    expect(one).to.deep.include({ kind: 'streamwarden', isAlive: true });
    expect(one?.process).to.include({ weight: 2, capacity: 50, pid: process.pid, balances: true });
  });
});
