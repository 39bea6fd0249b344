import { once } from 'node:events';
import { expect } from 'chai';
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
