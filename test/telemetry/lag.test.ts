import { once } from 'node:events';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { useTelemetry } from '../support/telemetry.js';

describe('metrics of lag', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);
  const latest = async (name: string) => (await telemetry.points(name))[0]?.value;

  it('add up entries and streams of all runtimes, and have the age of the oldest entry [C-LAG-4]', async () => {
    for (const name of ['a', 'b']) {
      await suite.redis().xadd(name, '*', 'n', '1');
      await suite.redis().xadd(name, '*', 'n', '2');
    }
    const members = [crew.make({ capacity: 1 }), crew.make({ capacity: 1 })];
    for (const { runtime } of members) {
      runtime.process(async (stream) => {
        const { signal } = stream;
        for await (const _ of stream.entries()) if (!signal.aborted) await once(signal, 'abort');
      });
      await runtime.start();
    }
    await crew.announce('a', 'b');
    await eventually('both are behind', async () => (await latest('streamwarden.lag.entries')) === 4);
    expect(await latest('streamwarden.lag.streams')).to.equal(2);
    expect(await latest('streamwarden.lag.unknown')).to.equal(0);
    expect(await latest('streamwarden.lag.time')).to.be.within(0.001, 60);
    await Promise.all(members.map(({ runtime }) => runtime.stop()));
    expect(await latest('streamwarden.lag.entries')).to.equal(0);
  });
});

describe('metrics of entries', () => {
  const suite = useRedis();
  const telemetry = useTelemetry();
  const crew = useCrew(suite);

  it('count what came and what became of it, and the wakes that were heard', async () => {
    const { runtime } = crew.make();
    runtime.process(async (stream) => {
      const entries = stream.entries({ onEntryError: 'skip', entryRetries: 0, count: 2 });
      for await (const { fields } of entries) if (fields.n === '2') throw new Error('a poison');
    });
    await runtime.start();
    await using producer = createProducer({ redis: suite.server().url, service: crew.service });
    await producer.add('orders');
    for (const n of ['1', '2', '3']) await producer.append('orders', { n });
    const first = await eventually('all are handled', () => {
      const { counters } = runtime.snapshot();
      return counters.entriesHandled >= 2 && counters.entriesPassedOver === 1 && counters;
    });
    expect(first.entriesRead).to.be.at.least(3);
    expect(first.entryBytes).to.be.at.least(6);
    await telemetry.atLeast('streamwarden.entries.passed_over', 1, { 'streamwarden.outcome': 'skipped' });
    await telemetry.atLeast('streamwarden.entries.read', 3);
    await telemetry.atLeast('streamwarden.entries.size', 6);
    await telemetry.atLeast('streamwarden.entries.handled', 2);
    await telemetry.atLeast('streamwarden.entries.looks', 1);

    // While nobody looks, what was not read goes.
    await runtime.stop();
    for (const n of ['4', '5']) await suite.redis().xadd('orders', '*', 'n', n);
    await suite.redis().xtrim('orders', 'MAXLEN', 1);
    const { runtime: next } = crew.make();
    next.process(async (stream) => {
      for await (const _ of stream.entries()) {
        // Nothing is to be done with it.
      }
    });
    await next.start();
    await telemetry.atLeast('streamwarden.entries.lost', 1);
    await producer.append('orders', { n: '6' });
    await telemetry.atLeast('streamwarden.wakes', 1);
    expect(next.snapshot().counters).to.include({ entriesLost: 1 });
    expect(next.snapshot().counters.wakes).to.be.at.least(1);
  });
});
