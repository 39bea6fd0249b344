import { expect } from 'chai';
import { createNames } from '../../src/redis/names.js';
import { useCrew } from '../support/crew.js';
import { failing } from '../support/failing-stores.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { useRedis } from '../support/redis.js';
import { useTelemetry } from '../support/telemetry.js';

const names = createNames({ service: 'orders' });

describe('metrics of the lease', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);
  const proxy = useFaultProxy(suite);
  const { atLeast, points } = telemetry;

  it('stand at 0 where nothing was lost, so that an alert sees the first loss', async () => {
    await crew.start();
    const reasons = await points('streamwarden.streams.lost');
    expect(reasons.map(({ attributes, value }) => [attributes['streamwarden.reason'], value])).to.deep.equal([
      ['takenOver', 0],
      ['entryGone', 0],
      ['failed', 0],
    ]);
    for (const name of ['lease.lapses', 'lease.misses', 'dead_letters.trimmed', 'group.recreations']) {
      const [point] = await points(`streamwarden.${name}`);
      expect(point?.value, name).to.equal(0);
    }
  });

  it('time heartbeats, and count locks that were prolonged', async () => {
    const member = await crew.start();
    await crew.announce('a', 'b');
    await member.awaitNews('StreamAdded', 2);
    await atLeast('streamwarden.heartbeat.duration', 2, { 'streamwarden.outcome': 'alive' });
    await atLeast('streamwarden.lock.extensions', 4, { 'streamwarden.outcome': 'extended' });
  });

  it('count locks that are missing or somebody else’s, and streams that were lost with them', async () => {
    const member = await crew.start();
    const [first = '', second = ''] = await crew.announce('finished', 'stolen');
    await member.awaitNews('StreamAdded', 2);
    const redis = suite.redis();
    await redis.xack(crew.lbs, crew.group, first, second);
    await redis.del(names.lock('finished', first));
    await redis.set(names.lock('stolen', second), 'somebody', 'PX', 60_000);
    await member.awaitNews('StreamDisowned', 2);
    await atLeast('streamwarden.streams.lost', 2, { 'streamwarden.reason': 'takenOver' });
    await atLeast('streamwarden.lock.extensions', 1, { 'streamwarden.outcome': 'missing' });
    await atLeast('streamwarden.lock.extensions', 1, { 'streamwarden.outcome': 'foreign' });
    await atLeast('messaging.process.duration', 2, { 'streamwarden.outcome': 'aborted' });
  });

  it('count streams that done() found to be lost', async () => {
    const member = await crew.start({ heartbeatMs: 60_000, minIdleMs: 60_000 });
    const [id = ''] = await crew.announce('gone');
    await member.awaitNews('StreamAdded');
    await suite.redis().xack(crew.lbs, crew.group, id);
    await member.runtime
      .owned('gone')
      ?.done()
      .catch(() => {});
    expect(await atLeast('streamwarden.streams.lost', 1, { 'streamwarden.reason': 'takenOver' })).to.equal(1);
  });

  it('count streams that went with their consumer group, and the group', async () => {
    const member = await crew.start();
    await crew.announce('a');
    await member.awaitNews('StreamAdded');
    await suite.redis().xgroup('DESTROY', crew.lbs, crew.group);
    await member.awaitNews('StreamDisowned');
    await atLeast('streamwarden.streams.lost', 1, { 'streamwarden.reason': 'entryGone' });
    await atLeast('streamwarden.group.recreations', 1);
  });

  it('count deadlines that were missed, heartbeats that failed, and lapses, when Redis is away', async () => {
    const member = await crew.start({ redis: proxy().url });
    await crew.announce('a');
    await member.awaitNews('StreamAdded');
    proxy().freeze();
    await member.awaitNews('StreamUncertain');
    await atLeast('streamwarden.lease.misses', 1);
    await atLeast('streamwarden.heartbeat.duration', 1, {
      'streamwarden.outcome': 'failed',
      'error.type': 'RedisUnavailable',
    });
    proxy().thaw();
    await member.awaitNews('StreamConfirmed');
    // Redis lost the presence, not us.
    await suite.redis().del(names.presence(member.name));
    await atLeast('streamwarden.lease.lapses', 1);
  });

  it('count children that failed, were started again, and failed beyond their limits', async () => {
    const { fault, substitutes } = failing('locks', 'extend');
    const member = await crew.start({}, substitutes);
    await crew.announce('a');
    await member.awaitNews('StreamAdded');
    fault.fail = () => new TypeError('boom');
    const child = { 'streamwarden.child': 'lockKeeper' };
    await atLeast('streamwarden.child.failures', 1, { ...child, 'error.type': 'TypeError' });
    await atLeast('streamwarden.child.restarts', 1, child);
    await atLeast('streamwarden.child.escalations', 1, child);
    await atLeast('streamwarden.consumers', 1, { 'streamwarden.consumer.state': 'degraded' });
    await atLeast('streamwarden.lock.extensions', 1, {
      'streamwarden.outcome': 'failed',
      'error.type': 'TypeError',
    });
  });
});
