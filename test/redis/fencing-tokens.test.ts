import { expect } from 'chai';
import { createNames } from '../../src/redis/names.js';
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import { useRedis } from '../support/redis.js';

// Contract: the later owner of a data stream holds the larger token.
describe('fencing tokens', () => {
  const suite = useRedis();
  const names = createNames({ service: 'tokens' });
  const { lbs, group, owners, endings, dlq } = names;
  const aside = [names.cancels, ...names.parking];

  const run = (script: ScriptName, keys: readonly string[], args: readonly (string | number)[]) =>
    suite.redis().eval(SCRIPTS[script].source, keys.length, ...keys, ...args);

  async function join(consumer: string): Promise<void> {
    await suite.redis().set(names.presence(consumer), 'v1:1', 'PX', 60_000);
  }

  async function announce(): Promise<string> {
    return (await suite.redis().xadd(lbs, '*', 'lbs-input', '{"DataStreamName":"n"}')) as string;
  }

  async function read(consumer: string): Promise<string> {
    const reply = await suite.redis().xreadgroup('GROUP', group, consumer, 'COUNT', 1, 'STREAMS', lbs, '>');
    return (reply as [string, [string, string[]][]][])[0]?.[1]?.[0]?.[0] as string;
  }

  const keysOf = (consumer: string) => [lbs, names.presence(consumer), owners, ...endings];
  const acquire = (consumer: string, id: string) =>
    run('acquire', [...keysOf(consumer), ...aside], [group, consumer, 1, id, 'n']);
  const done = (consumer: string, id: string) =>
    run('done', [...keysOf(consumer), ...names.parking], [group, consumer, 1, id, 'n']);
  const giveBack = (consumer: string, why: string, id: string) =>
    run('give-back', [...keysOf(consumer), dlq, ...aside], [group, consumer, 1, 3, 0, why, id, 'n']);

  beforeEach(async () => {
    await suite.redis().xgroup('CREATE', lbs, group, '0', 'MKSTREAM');
    await Promise.all(['a', 'b', 'c'].map(join));
  });

  it('grow although an entry read earlier is verified after a newer one has come and gone [C-ADD-7]', async () => {
    const first = await announce();
    const second = await announce();
    await read('a');
    await read('b');
    expect(await acquire('a', first)).to.deep.equal([1]);
    await giveBack('a', 'handOver', first);
    const copy = await read('c');
    expect(await acquire('c', copy)).to.deep.equal([1]);
    await done('c', copy);

    expect(await acquire('b', second)).to.deep.equal([copy]);
    const [moved] = (await giveBack('b', 'waiting', second)) as [[string, string, number][]];
    expect(moved[0]?.[0]).to.equal('requeued');
    const reissued = await read('b');
    expect(await acquire('b', reissued)).to.deep.equal([1]);
  });

  it('grow although the one before was dead-lettered [C-ADD-7]', async () => {
    const first = await announce();
    const second = await announce();
    await read('a');
    await read('b');
    expect(await acquire('b', second)).to.deep.equal([1]);
    await giveBack('b', 'unparseable', second);
    expect(await acquire('a', first)).to.deep.equal([second]);
  });

  it('grow although the entry was delivered longer ago than endings are remembered [C-ADD-7]', async () => {
    const id = await announce();
    await read('a');
    await suite.redis().xclaim(lbs, group, 'a', 0, id, 'IDLE', 10_000, 'JUSTID');
    expect(await acquire('a', id)).to.deep.equal([id]);
  });

  it('grow although the one before was given back by someone who did not know its name [C-ADD-7]', async () => {
    const first = await announce();
    const second = await announce();
    await read('a');
    await read('b');
    expect(await acquire('b', second)).to.deep.equal([1]);
    await run('give-back', [...keysOf('b'), dlq, ...aside], [group, 'b', 1, 3, 0, 'handOver', second, '']);
    expect(await acquire('a', first)).to.deep.equal([second]);
    const [moved] = (await giveBack('a', 'waiting', first)) as [[string, string, number][]];
    expect(moved[0]?.[0]).to.equal('requeued');
  });

  for (const [how, end] of [
    ['finished by a client that keeps no records', (id: string) => suite.redis().xack(lbs, group, id)],
    ['lost with its consumer', () => suite.redis().xgroup('DELCONSUMER', lbs, group, 'b')],
  ] as const) {
    it(`grow although the one before was ${how}, whether or not its record has been pruned [C-ADD-7]`, async () => {
      const [first, second, third] = [await announce(), await announce(), await announce()];
      for (const consumer of ['a', 'b', 'c']) await read(consumer);
      expect(await acquire('b', second)).to.deep.equal([1]);
      await end(second);
      expect(await acquire('a', first)).to.deep.equal([second]);
      expect(await run('prune-owners', [lbs, owners, ...endings], [group, 'n', second])).to.equal(1);
      expect(await acquire('a', first)).to.deep.equal([second]);
      expect(await acquire('c', third), 'a newer one is none the worse').to.deep.equal([1]);
    });
  }

  it('stay what they are when a verification is repeated after long', async () => {
    const id = await announce();
    await read('a');
    expect(await acquire('a', id)).to.deep.equal([1]);
    await suite.redis().xclaim(lbs, group, 'a', 0, id, 'IDLE', 3_600_000, 'JUSTID');
    expect(await acquire('a', id)).to.deep.equal([1]);
  });

  it('are remembered in keys that go by themselves', async () => {
    const id = await announce();
    await read('a');
    await acquire('a', id);
    await done('a', id);
    const kept = await Promise.all(endings.map((key) => suite.redis().pttl(key)));
    expect(Math.max(...kept)).to.be.within(1, 30_000);
  });
});
