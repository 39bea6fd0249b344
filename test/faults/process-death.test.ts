import { expect } from 'chai';
import { compareFencingTokens } from '../../src/index.js';
import { useConsumerProcesses } from '../support/consumer-process.js';
import { crewHeartbeatMs, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const codeOf = (error: unknown) => (error as { code: string }).code;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `stream-${index}`);

describe('a process that owns streams', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { notificationBuffer: 2000 });
  const spawn = useConsumerProcesses();

  const consumers = async () => {
    const rows = (await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group)) as unknown[][];
    return rows.map((row) => String(row[1]));
  };

  it('loses all of its 1000 streams to others when it is killed, each exactly once and one retry spent [C-EXP-2]', async () => {
    const victim = await spawn(crew.options());
    await victim.start();
    await crew.announce(...numbered(1000));
    await victim.awaitNews('StreamAdded', 1000);
    const [left, right] = await Promise.all([crew.start(), crew.start()]);

    await victim.kill();
    await eventually(
      'every stream has another owner',
      () => left.told('StreamAdded').length + right.told('StreamAdded').length >= 1000,
    );

    const added = [...left.told('StreamAdded'), ...right.told('StreamAdded')];
    expect(new Set(added.map(({ stream }) => stream)).size).to.equal(1000);
    expect(added).to.have.length(1000);
    expect(new Set(added.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([1]));
    for (const member of [left, right]) {
      await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
    }
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.recovered).to.equal(1000);
    expect(report.ends).to.include({ finished: 1000 });
    await eventually('the dead consumer is removed from the group', async () => {
      return !(await consumers()).includes(victim.consumer);
    });
  });

  it('hands its streams over unspent when it is stopped, and leaves the group [C-STOP-2]', async () => {
    const leaving = await spawn(crew.options());
    await leaving.start();
    await crew.announce(...numbered(50));
    await leaving.awaitNews('StreamAdded', 50);
    const staying = await crew.start();

    const report = await leaving.stop();
    expect(report).to.deep.equal({ mode: 'handOver', handedOver: 50, stragglers: [], abandoned: [] });
    const added = await staying.awaitNews('StreamAdded', 50);
    expect(new Set(added.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([0]));
    const raw = await suite.redis().xrange(crew.lbs, '-', '+');
    for (const [, fields] of raw) expect(fields.slice(-2)).to.deep.equal(['_retry_count', '0']);
    expect(await consumers()).to.deep.equal([staying.name]);
    expect(leaving.told('StreamTerminated')).to.have.length(1);
    expect((await crew.history()).violations).to.deep.equal([]);
  });

  it('cannot finish, hand over or prolong anything after it was frozen and replaced under the same consumer id [C-OVL-4, C-DONE-4]', async () => {
    const same = { consumerId: 'pod-1' };
    const frozen = await spawn(crew.options(same));
    await frozen.start();
    await crew.announce('one', 'two', 'three');
    await frozen.awaitNews('StreamAdded', 3);
    const [first] = frozen.told('StreamAdded');
    const locksBefore = await suite.redis().keys('*<MUTEX_KEY_SEP>*');
    expect(locksBefore).to.have.length(3);

    await frozen.freeze();
    const successor = await crew.start(same);
    const added = await successor.awaitNews('StreamAdded', 3);
    const mine = added.find(({ stream }) => stream === first?.stream);
    // Asked while frozen: carried out at once when it wakes, before anything has told it of its loss.
    const done = rejection(frozen.done(first?.id ?? ''));
    const second = frozen.told('StreamAdded')[1];
    const release = frozen.release(second?.id ?? '').catch(codeOf);
    frozen.thaw();

    expect(codeOf(await done)).to.equal('StreamNotOwned');
    await frozen.awaitNews('StreamDisowned', 3);
    expect(new Set(frozen.told('StreamDisowned').map(({ reason }) => reason))).to.deep.equal(
      new Set(['takenOver']),
    );
    // Gone already or refused by Redis: either way it gave nothing back, which the history shows below.
    expect(await release).to.be.oneOf([undefined, 'StreamNotOwned']);
    const aborted = await frozen.aborted();
    expect(Object.keys(aborted)).to.have.members(['one', 'two', 'three']);
    expect((await frozen.snapshot()).owned).to.equal(0);

    // Its own beats and lock rounds go on; none of them brings an old lock back.
    const { lease } = await frozen.snapshot();
    await eventually('two more beats of the woken one', async () => {
      const { validUntil } = (await frozen.snapshot()).lease;
      return (validUntil ?? 0) >= (lease.validUntil ?? 0) + crewHeartbeatMs();
    });
    const locks = await suite.redis().keys('*<MUTEX_KEY_SEP>*');
    expect(locks).to.have.length(3);
    for (const old of locksBefore) expect(locks).not.to.include(old);
    for (const lock of locks) {
      expect(await suite.redis().get(lock)).to.match(new RegExp(`^${successor.name}/`));
    }
    expect(compareFencingTokens(mine?.id ?? '', first?.id ?? '')).to.be.above(0);
    await Promise.all([...successor.runtime.ownedStreams()].map((stream) => stream.done()));
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.ends).to.include({ finished: 3 });
    expect(new Set(added.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([1]));
    expect(report.handedOver).to.equal(0);
  });
});
