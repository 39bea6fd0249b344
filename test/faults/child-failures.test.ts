import { expect } from 'chai';
import type { AnyActorRef } from 'xstate';
import type { Stores } from '../../src/actors/kernel.js';
import type { Clock } from '../../src/index.js';
import { crewHeartbeatMs, type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { trackedClock } from '../support/tracked-clock.js';

const boom = () => new TypeError('a bug');

/** Four seconds pass in one: the supervisor's windows need not be waited out. Redis's own clock runs as ever. */
const fastClock: Clock = {
  now: () => Date.now() * 4,
  monotonic: () => performance.now() * 4,
  random: () => Math.random(),
  setTimeout: (callback, ms) => setTimeout(callback, ms / 4),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

interface Case {
  readonly child: string;
  readonly store: keyof Stores;
  readonly operation: string;
  /** What makes the operation be called, where it is not called by itself. */
  readonly provoke?: (announce: (...names: string[]) => Promise<unknown>) => Promise<unknown>;
}

let serial = 0;
const announceOne: NonNullable<Case['provoke']> = (announce) => announce(`more-${serial++}`);

const cases: readonly Case[] = [
  { child: 'intake', store: 'lease', operation: 'acquire', provoke: announceOne },
  { child: 'leaseKeeper', store: 'lease', operation: 'refresh' },
  { child: 'reconciler', store: 'group', operation: 'consumers' },
  { child: 'lockKeeper', store: 'locks', operation: 'extend' },
];

describe('an error thrown inside a child', () => {
  const suite = useRedis();
  const crew = useCrew(suite);

  /** Watches the presence of a consumer from outside; answers whether it has been there all the time. */
  async function watchPresence(name: string): Promise<() => Promise<boolean>> {
    const key = `{${crew.lbs}}:presence:${name}`;
    const redis = suite.redis();
    const watching = suite.connect();
    // Of a lapse or a removal Redis tells even when the key is written anew at once. A consumer itself needs no g.
    await redis.config('SET', 'notify-keyspace-events', 'KExg');
    const seen: string[] = [];
    watching.on('message', (_channel: string, event: string) => seen.push(event));
    await watching.subscribe(`__keyspace@0__:${key}`);
    expect(await redis.exists(key), 'it is there').to.equal(1);
    return async () => {
      const isThere = (await redis.exists(key)) === 1;
      // What was published before this has been told of when it is answered.
      await watching.unsubscribe();
      return isThere && !seen.some((event) => event === 'expired' || event === 'del');
    };
  }

  const failuresOf = ({ runtime }: Member, child: string) =>
    runtime.snapshot().failures.filter((failure) => failure.child === child);

  async function ownTen(member: Member): Promise<void> {
    await crew.announce(...Array.from({ length: 10 }, (_, index) => `stream-${index}`));
    await member.awaitNews('StreamAdded', 10);
  }

  for (const { child, store, operation, provoke } of cases) {
    describe(`(${child})`, () => {
      it('is kept and the child restarted, while no lease misses a beat [C-DEG-1]', async () => {
        const { fault, substitutes } = failing(store, operation as never);
        const member = await crew.start({ heartbeatMs: keepable(1000) }, substitutes);
        await ownTen(member);
        const isPresent = await watchPresence(member.name);

        const failAt = fault.calls + 1;
        fault.fail = (call) => (call === failAt ? boom() : undefined);
        await provoke?.(crew.announce);
        await eventually('the failure is kept', () => failuresOf(member, child).length === 1);
        await eventually('the child works again', () => fault.calls > failAt);

        expect(failuresOf(member, child)[0]?.error).to.deep.equal({ code: 'TypeError', message: 'a bug' });
        expect(member.runtime.state).to.equal('running');
        await crew.announce('late');
        await eventually('new work is taken', () => member.runtime.owned('late') ?? null);
        if (provoke)
          await eventually(
            'what was being read is not forgotten',
            () => member.runtime.snapshot().owned === 12,
          );
        expect(await isPresent()).to.equal(true);
        expect(member.told('StreamUncertain')).to.deep.equal([]);
        expect(member.told('StreamDisowned')).to.deep.equal([]);
        await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
        const { violations, ends } = await crew.history();
        expect(violations).to.deep.equal([]);
        expect(ends.finished).to.equal(provoke ? 12 : 11);
      });

      it('again and again makes the consumer degraded, which goes on working and heals [C-DEG-1]', async () => {
        const { fault, substitutes } = failing(store, operation as never);
        const member = await crew.start({ clock: fastClock, heartbeatMs: keepable(1000) }, substitutes);
        await ownTen(member);
        const isPresent = await watchPresence(member.name);

        fault.fail = boom;
        await provoke?.(crew.announce);
        await eventually('the consumer is degraded', () => member.runtime.state === 'degraded');
        const snapshot = member.runtime.snapshot();
        expect(snapshot.troubles).to.deep.equal({ [child]: 'TypeError: a bug' });
        expect(member.runtime.health().reasons).to.include(`${child}: TypeError: a bug`);
        expect(failuresOf(member, child)).to.have.length(6);
        expect(await isPresent()).to.equal(true);
        expect(member.told('StreamDisowned')).to.deep.equal([]);

        fault.fail = () => undefined;
        await eventually('the consumer has healed', () => member.runtime.state === 'running');
        expect(member.runtime.snapshot().troubles).to.deep.equal({});
        expect(member.told('StreamDisowned')).to.deep.equal([]);
      });
    });
  }

  it('(lockKeeper) leaves one wheel turning, not one for each failure', async () => {
    const { fault, substitutes } = failing('locks', 'extend');
    const member = await crew.start({}, substitutes);
    await ownTen(member);
    const until = fault.calls + 3;
    fault.fail = (call) => (call <= until ? boom() : undefined);
    await eventually('three failures', () => failuresOf(member, 'lockKeeper').length === 3);

    const times: number[] = [];
    member.runtime.seam.on('locksExtended', () => times.push(performance.now()));
    await eventually('five rounds', () => times.length >= 5);
    const elapsed = (times[4] as number) - (times[0] as number);
    // Four turns of one wheel, the first of which may be told of late; of four wheels all come within one.
    expect(elapsed).to.be.above((2 * crewHeartbeatMs()) / 2);
  });

  it('(lockKeeper) leaves no wheel turning when the runtime ends before its restart', async () => {
    const clock = trackedClock();
    const { fault, substitutes } = failing('locks', 'extend');
    const member = await crew.start({ clock }, substitutes);
    await ownTen(member);
    const failed = new Promise((resolve) => member.runtime.seam.on('childFailed', resolve));
    fault.fail = boom;
    await failed;
    await member.runtime.stop({ mode: 'abandon' });
    await eventually('no timer is left', () => clock.running === 0);
  });

  it('(leaseKeeper) for ever costs no lease, as each restart is a beat', async () => {
    const { fault, substitutes } = failing('lease', 'refresh');
    const member = await crew.start({ heartbeatMs: keepable(1000) }, substitutes);
    await ownTen(member);
    const isPresent = await watchPresence(member.name);
    fault.fail = boom;
    await eventually(
      'more failures than the limits allow',
      () => failuresOf(member, 'leaseKeeper').length >= 8,
    );
    expect(member.runtime.state).to.equal('degraded');
    expect(await isPresent()).to.equal(true);
    expect(member.told('StreamDisowned')).to.deep.equal([]);
  });

  it('(leaseKeeper) does not hide an outage: its streams become uncertain when their lease is over', async () => {
    const { fault, substitutes } = failing('lease', 'refresh');
    const member = await crew.start({}, substitutes);
    await ownTen(member);
    fault.fail = () => {
      // The keeper is restarted into an outage.
      void suite.server().pause();
      fault.fail = () => undefined;
      return boom();
    };
    try {
      await member.awaitNews('StreamUncertain', 10);
    } finally {
      suite.server().resume();
    }
    await member.awaitNews('StreamConfirmed', 10);
    expect(member.told('StreamDisowned')).to.deep.equal([]);
  });

  it('(one ownership) hands over its stream alone [C-LOST-2]', async () => {
    const other = crew.make();
    const member = crew.make();
    const actors = new Map<string, AnyActorRef>();
    member.runtime.seam.on('actorStarted', ({ path, actor }) => actors.set(path, actor));
    await member.runtime.start();
    await ownTen(member);
    await other.runtime.start();
    const isPresent = await watchPresence(member.name);

    const victim = member.runtime.owned('stream-3');
    const signal = victim?.signal;
    actors.get(`consumer/ownership/${victim?.id}`)?.send({
      type: 'giveBack.requested',
      get reason(): string {
        throw boom();
      },
    });

    const [disowned] = await member.awaitNews('StreamDisowned');
    expect(disowned).to.include({ stream: 'stream-3', reason: 'failed' });
    expect(signal?.reason).to.include({ code: 'StreamNotOwned' });
    await eventually('somebody owns it again', () =>
      [member, other].some(({ runtime }) => runtime.owned('stream-3')?.id !== undefined),
    );
    const added = [...other.told('StreamAdded'), ...member.told('StreamAdded').slice(10)];
    expect(added.map(({ stream, retryCount }) => ({ stream, retryCount }))).to.deep.equal([
      { stream: 'stream-3', retryCount: 0 },
    ]);
    expect(failuresOf(member, `ownership/${victim?.id}`)).to.have.length(1);
    expect(member.runtime.state).to.equal('running');
    expect(member.told('StreamDisowned')).to.have.length(1);
    expect(member.told('StreamUncertain')).to.deep.equal([]);
    expect(await isPresent()).to.equal(true);
    expect((await crew.history()).violations).to.deep.equal([]);
  });

  it('(an observer) disturbs nobody', async () => {
    const member = crew.make();
    member.runtime.seam.on('notification', () => {
      throw boom();
    });
    member.runtime.seam.on('acquired', () => {
      throw boom();
    });
    await member.runtime.start();
    await ownTen(member);
    expect(member.runtime.snapshot()).to.deep.include({ state: 'running', failures: [] });
  });
});
