import { expect } from 'chai';
import { StreamwardenError } from '../../src/core/errors.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { useRedis } from '../support/redis.js';
import { useTelemetry } from '../support/telemetry.js';

const SERVICE = {
  'messaging.system': 'redis',
  'messaging.destination.name': 'orders-input',
  'messaging.consumer.group.name': 'orders-group',
};

describe('metrics of streams', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);
  const { atLeast, points } = telemetry;

  it('say how long starting took, and that there is a running consumer', async () => {
    const { runtime } = await crew.start({ capacity: 7 });
    await atLeast('streamwarden.startup.duration', 1, { ...SERVICE, 'streamwarden.outcome': 'ok' });
    const consumers = async () =>
      Object.fromEntries(
        (await points('streamwarden.consumers', SERVICE)).map(({ attributes, value }) => [
          attributes['streamwarden.consumer.state'],
          value,
        ]),
      );
    expect(await consumers()).to.deep.equal({ running: 1 });
    expect(await points('streamwarden.streams.capacity')).to.deep.equal([
      { attributes: SERVICE, count: 1, value: 7 },
    ]);
    await runtime.stop();
    expect(await consumers()).to.deep.equal({ running: 0 });
    expect((await points('streamwarden.streams.capacity'))[0]?.value).to.equal(0);
  });

  it('say that a start failed, and why', async () => {
    await suite.redis().config('SET', 'notify-keyspace-events', 'g$');
    const { runtime } = crew.make();
    await runtime.start().catch(() => {});
    await suite.redis().config('SET', 'notify-keyspace-events', '');
    await atLeast('streamwarden.startup.duration', 1, {
      'streamwarden.outcome': 'failed',
      'error.type': 'KeyspaceConfigConflict',
    });
    await atLeast('streamwarden.keyspace.setups', 1, {
      'streamwarden.outcome': 'failed',
      'error.type': 'KeyspaceConfigConflict',
    });
  });

  it('add up what several runtimes of one service own in this process', async () => {
    await Promise.all([crew.start({ capacity: 3 }), crew.start({ capacity: 3 })]);
    await crew.announce('a', 'b', 'c', 'd', 'e');
    await eventually('all are owned', async () => {
      const [owned, ...others] = await points('streamwarden.streams.owned', SERVICE);
      expect(owned?.value).to.equal(5);
      expect(others).to.deep.equal([]);
    });
    expect((await points('streamwarden.streams.capacity'))[0]?.value).to.equal(6);
  });

  it('count what became owned, how long it had waited, and what acquiring took', async () => {
    await crew.announce('a', 'b', 'c');
    const member = await crew.start();
    await member.awaitNews('StreamAdded', 3);
    expect(await atLeast('messaging.client.consumed.messages', 3, SERVICE)).to.equal(3);
    expect(await atLeast('streamwarden.acquisitions', 3, { 'streamwarden.outcome': 'owned' })).to.equal(3);
    expect(await atLeast('streamwarden.wait.duration', 3, { 'streamwarden.redelivered': false })).to.equal(3);
    await atLeast('streamwarden.acquisition.duration', 1);
  });

  it('count entries whose name is taken, and those that wait for it', async () => {
    const member = await crew.start();
    await crew.announce('same', 'same');
    await member.awaitNews('StreamAdded');
    await atLeast('streamwarden.streams.parked', 1, SERVICE);
    await member.runtime.owned('same')?.done();
    await member.awaitNews('StreamAdded', 2);

    // Its last owner had a newer token: that is not parked.
    const owners = `{${crew.lbs}}:owners`;
    await suite.redis().hset(owners, 'older', '9999999999999-0');
    await crew.announce('older');
    await atLeast('streamwarden.acquisitions', 1, { 'streamwarden.outcome': 'contended' });
    await atLeast('streamwarden.requeues', 1, {
      'streamwarden.reason': 'waiting',
      'streamwarden.outcome': 'requeued',
    });
    await suite.redis().hdel(owners, 'older');
    await member.awaitNews('StreamAdded', 3);
    expect((await points('streamwarden.streams.waiting'))[0]?.value).to.equal(0);
  });

  it('count acquisitions that Redis failed', async () => {
    const { fault, substitutes } = failing('lease', 'acquire');
    const member = await crew.start({}, substitutes);
    fault.fail = (call) =>
      call === 1 ? new StreamwardenError('RedisUnavailable', 'gone', { retriable: true }) : undefined;
    await crew.announce('a');
    await member.awaitNews('StreamAdded');
    await atLeast('streamwarden.acquisitions', 1, { 'streamwarden.outcome': 'failed' });
    await atLeast('streamwarden.read.failures', 1, { 'error.type': 'RedisUnavailable' });
  });

  it('time handlers by what became of their streams', async () => {
    const member = crew.make({ handlerBackoff: { initialMs: 1, maxMs: 1 }, maxRetries: 0 });
    member.runtime.process(async ({ name, signal }) => {
      if (name === 'bad') throw new TypeError('no such table');
      if (name === 'long') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await member.runtime.start();
    await crew.announce('good', 'bad', 'long');
    const process = { ...SERVICE, 'messaging.operation.name': 'process' };
    await atLeast('messaging.process.duration', 1, { ...process, 'streamwarden.outcome': 'done' });
    await atLeast('messaging.process.duration', 1, {
      ...process,
      'streamwarden.outcome': 'failed',
      'error.type': '_OTHER',
    });
    await atLeast('streamwarden.dead_letters.routed', 1, { ...SERVICE, 'streamwarden.reason': 'failed' });
    await atLeast('messaging.client.operation.duration', 1, {
      'messaging.operation.name': 'done',
      'messaging.operation.type': 'settle',
    });
    await atLeast('streamwarden.lock.releases', 1, { 'streamwarden.outcome': 'released' });

    await eventually('the last handler is at work', () => member.runtime.owned('long') !== undefined);
    await member.runtime.stop();
    await atLeast('messaging.process.duration', 1, { ...process, 'streamwarden.outcome': 'aborted' });
    await atLeast('streamwarden.requeues', 1, {
      'streamwarden.reason': 'handOver',
      'streamwarden.outcome': 'requeued',
    });
  });

  it('time what is processed without a handler, from its being told until it is done', async () => {
    const member = await crew.start();
    await crew.announce('a', 'b');
    await member.awaitNews('StreamAdded', 2);
    expect(await points('messaging.process.duration')).to.deep.equal([]);
    await member.runtime.owned('a')?.done();
    expect(await atLeast('messaging.process.duration', 1, { 'streamwarden.outcome': 'done' })).to.equal(1);
    await member.runtime.owned('b')?.release();
    await atLeast('messaging.process.duration', 1, { 'streamwarden.outcome': 'aborted' });
  });

  it('say from the second look on how late the event loop runs', async () => {
    await crew.start();
    await telemetry.collect();
    const until = performance.now() + 150;
    while (performance.now() < until);
    const longest = await eventually('the delay has been seen', async () => {
      const [point] = await points('streamwarden.event_loop.delay.max');
      return point !== undefined && point.value > 0.05 ? point.value : null;
    });
    expect(longest).to.be.below(5);
    expect(await points('streamwarden.event_loop.delay.p99')).to.have.length(1);
  });

  it('are none where they were not wanted', async () => {
    const member = await crew.start({ telemetry: false });
    await crew.announce('a');
    await member.awaitNews('StreamAdded');
    await member.runtime.owned('a')?.done();
    expect(await telemetry.collect()).to.deep.equal([]);
    expect(telemetry.spans()).to.deep.equal([]);
  });
});
