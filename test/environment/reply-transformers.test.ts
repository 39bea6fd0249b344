/** What an application does to ioredis for all clients of its process. */
import { expect } from 'chai';
import { Command } from 'ioredis';
import { Command as Command5 } from 'ioredis5';
import { createProducer, type RedisTarget } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { useRedis } from '../support/redis.js';

/** Of everything that a runtime or a producer sends. */
const NAMES =
  'xreadgroup xread xadd xrange xpending xinfo xack xdel xlen evalsha eval hget hset hsetnx hscan hmget get set pttl time info config client select hello auth script role'.split(
    ' ',
  );

type Transformer = (reply: unknown) => unknown;
type Commands = { _transformer: { reply: Record<string, Transformer | undefined> } };

describe('reply transformers that an application sets for all clients', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { historyKey: undefined as unknown as string });

  /** Until the test is over, every reply is something else. */
  async function transformed(commands: unknown, work: () => Promise<void>): Promise<void> {
    const { reply } = (commands as Commands)._transformer;
    const before = { ...reply };
    for (const name of NAMES) reply[name] = () => ({ transformed: name });
    try {
      await work();
    } finally {
      for (const name of NAMES) reply[name] = before[name];
    }
  }

  const versions: readonly [
    name: string,
    commands: unknown,
    load: () => Promise<(url: string) => RedisTarget>,
  ][] = [
    ['ioredis 6', Command, async () => (url) => url],
    [
      'ioredis 5',
      Command5,
      async () => {
        const { Redis } = await import('ioredis5');
        return (url) => new Redis(url, { lazyConnect: true }) as unknown as RedisTarget;
      },
    ],
  ];
  for (const [name, commands, load] of versions) {
    it(`change nothing of what a runtime is answered with (${name}) [C-OUT-6]`, async () => {
      const redis = (await load())(suite.server().url);
      // The suite's own client would be answered so too: it is asked before and after.
      await transformed(commands, async () => {
        const ours = await crew.start({ redis });
        await using producer = createProducer({ redis, service: crew.service });
        expect(await producer.add('one', { n: 1 })).to.match(/^\d+-\d+$/);
        const [added] = await ours.awaitNews('StreamAdded');
        expect(added).to.deep.include({ stream: 'one', info: { n: 1 } });
        expect(ours.runtime.health()).to.deep.include({ ready: true, reasons: [] });
        await ours.runtime.owned('one')?.done();
        await ours.runtime.stop();
        expect(ours.runtime.snapshot().failures).to.deep.equal([]);
      });
      expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
    });
  }

  it('a read that fails for whatever reason makes a runtime unready, until one is answered [C-OUT-6]', async () => {
    const { fault, substitutes } = failing('lease', 'acquire');
    const ours = await crew.start({}, substitutes);
    expect(ours.runtime.health().ready).to.equal(true);
    fault.fail = () => new TypeError('not iterable');
    await crew.announce('one');
    await eventually('it is not ready', () => !ours.runtime.health().ready);
    await eventually('it says why', () =>
      /TypeError: not iterable/.test(ours.runtime.health().reasons.join()),
    );
    fault.fail = () => undefined;
    await ours.awaitNews('StreamAdded');
    await eventually('it is ready', () => ours.runtime.health().ready);
  });
});
