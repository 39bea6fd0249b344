import { expect } from 'chai';
import { startFaultProxy } from '../../src/testing/fault-proxy.js';
import { deadLetters } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { GoConsumer } from '../support/go-consumer.js';
import { soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

const options = { heartbeatMs: keepable(500), autoClaim: false } as const;

describe('claim()', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** A stream whose owner is dead, and one that has been told so. */
  async function orphan(more = {}) {
    const { announce, listening } = fleet();
    const victim = await listening({ ...options, ...more });
    const [id] = (await announce(['orphan'])) as [string];
    await victim.log.first('StreamAdded', 'orphan');
    const { runtime, log } = await listening({ ...options, ...more });
    await victim.runtime.stop({ mode: 'abandon' });
    await log.first('StreamExpired', 'orphan');
    return { id, runtime, log };
  }

  it('dead-letters a stream whose retries are used up [C-CLM-1, C-POI-2]', async () => {
    const { id, runtime, log } = await orphan({ maxRetries: 0 });
    await runtime.claim({ id });
    const [letter] = await deadLetters(suite.redis(), fleet().names.dlq);
    expect(letter?.fields).to.include({
      _dlq_reason: 'max_retries_exceeded',
      _retry_count: '1',
      _deaths: '1',
    });
    expect(letter?.fields).to.have.property('_dlq_owner').that.is.not.equal(runtime.consumer);
    expect(letter?.fields).to.not.have.any.keys('_failures', '_dlq_error');
    expect(log.of('StreamDeadLettered')[0]).to.include({
      stream: 'orphan',
      id,
      letterId: letter?.id,
      retryCount: 1,
    });
    expect(runtime.snapshot().counters.deadLettered).to.equal(1);
    expect(log.of('StreamAdded')).to.deep.equal([]);
  });

  it('spends no retry of what no application ever had, and makes nobody its owner [C-CLM-1]', async () => {
    const { announce, create, listening, names } = fleet();
    const { runtime } = await listening(options);
    await runtime.pause();
    const { consumer } = create();
    const [id] = (await announce(['delivered'])) as [string];
    await suite.redis().xreadgroup('GROUP', names.group, consumer, 'COUNT', 1, 'STREAMS', names.lbs, '>');
    await runtime.claim({ id });
    expect(runtime.snapshot().owned).to.equal(0);
    const other = await listening(options);
    expect(await other.log.first('StreamAdded', 'delivered')).to.include({ retryCount: 0 });
  });

  it('is refused while the lock of a dead owner stands [C-CLM-1]', async () => {
    const { id, runtime } = await orphan();
    await suite.redis().set(fleet().names.lock('orphan', id), 'somebody', 'PX', 60_000);
    expect(await rejection(runtime.claim({ id }))).to.include({ code: 'OwnerAlive' });
  });

  it('does not wait for Redis [C-CLM-1]', async () => {
    const { host, port } = suite.server();
    const proxy = await startFaultProxy({ host, port });
    try {
      const { runtime } = await fleet().listening({ ...options, redis: proxy.url });
      proxy.refuse();
      const error = await rejection(runtime.claim({ id: '1-1' }));
      expect(error).to.include({ code: 'RedisUnavailable', retriable: true });
      await runtime.stop({ mode: 'abandon' });
    } finally {
      await proxy.close();
    }
  });

  it('of what a consumer of the Go client has just read is refused: it may be about to lock it [C-CLM-2]', async () => {
    const { announce, listening, names } = fleet();
    const heartbeatMs = keepable(1000);
    const { runtime, log } = await listening({ ...options, heartbeatMs });
    await runtime.pause();
    await announce(['fresh']);
    const go = new GoConsumer(suite.redis(), names);
    const [id] = (await go.read(1)) as [string];
    expect(await rejection(runtime.claim({ id }))).to.include({ code: 'OwnerAlive' });
    await go.age([id], heartbeatMs);
    await runtime.claim({ id });
    runtime.resume();
    expect(await log.first('StreamAdded', 'fresh')).to.include({ retryCount: 1 });
  });

  it('is made by nobody: the scan requeues the entry when it has been idle for long enough [C-EXP-4]', async () => {
    const { names } = fleet();
    const { id, log, runtime } = await orphan({ minIdleMs: 60_000, reconcileEveryMs: 100 });
    const { scans } = runtime.snapshot().reconciler;
    await eventually('more scans', () => runtime.snapshot().reconciler.scans > scans + 2);
    expect(log.of('StreamAdded')).to.deep.equal([]);
    const expired = log.of('StreamExpired')[0];
    await suite.redis().xclaim(names.lbs, names.group, expired?.owner ?? '', 0, id, 'IDLE', 70_000, 'JUSTID');
    expect(await log.first('StreamAdded', 'orphan')).to.include({ retryCount: 1 });
    expect(log.of('StreamExpired')).to.have.lengthOf(1);
    await soundHistory(suite.redis(), fleet(), [id]);
  });
});
