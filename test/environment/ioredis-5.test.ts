import { expect } from 'chai';
import { Redis as Redis5 } from 'ioredis5';
import type { RedisTarget } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

// The oldest release that package.json allows as a peer.
describe('a client of ioredis 5.4', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  let template: Redis5;

  before(() => {
    const { host, port } = suite.server();
    template = new Redis5({ host, port, lazyConnect: true, commandTimeout: 100 });
  });

  const start = () => crew.start({ redis: template as unknown as RedisTarget });

  it('serves as the template of a full life: sharing, finishing, recovery, dead letters, hand-over', async () => {
    const left = await start();
    const right = await start();
    await crew.announce(...Array.from({ length: 20 }, (_, index) => `stream-${index}`));
    await suite.redis().xadd(crew.lbs, '*', 'lbs-input', 'cannot be parsed');
    const added = () => [...left.told('StreamAdded'), ...right.told('StreamAdded')];
    await eventually('all are owned', () => added().length === 20);
    expect(left.runtime.snapshot().subscriptions[0]?.state).to.equal('live');
    await eventually(
      'what cannot be parsed is dead-lettered',
      async () => (await suite.redis().xlen(crew.dlq)) === 1,
    );

    await [...right.runtime.ownedStreams()][0]?.done();
    const held = [...left.runtime.ownedStreams()].length;
    const owned = right.runtime.snapshot().owned;
    await left.runtime.stop({ mode: 'abandon' });
    await eventually(
      'all of the dead one is taken over',
      () => right.runtime.snapshot().owned === owned + held,
    );
    await eventually('and handed to the application', () => added().length === 20 + held);

    const last = await start();
    await right.runtime.stop();
    await last.awaitNews('StreamAdded', 19);
    await Promise.all([...last.runtime.ownedStreams()].map((stream) => stream.done()));
    await last.runtime.stop();
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.ends).to.include({ finished: 20 });
    for (const { runtime } of [left, right, last]) expect(runtime.snapshot().failures).to.deep.equal([]);
    expect(template.status).to.equal('wait');
  });

  it('is replaced when its connection is cut', async () => {
    const member = await start();
    await crew.announce('one');
    await member.awaitNews('StreamAdded');
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');
    await eventually('it is connected again', () => member.runtime.health().ready);
    await crew.announce('two');
    await member.awaitNews('StreamAdded', 2);
    expect(member.told('StreamDisowned')).to.deep.equal([]);
  });
});
