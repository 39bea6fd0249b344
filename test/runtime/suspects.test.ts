import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect } from 'chai';
import { ALONE, NOT_BEGUN, UNMARKED } from '../../src/redis/marks.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

/** Refuses nothing, and never comes to an end with one: as if the process stood still over it. */
function stuckOver(name: string): StandardSchemaV1<unknown, unknown> {
  const validate = (value: unknown) =>
    (value as { name: string }).name === name ? new Promise<never>(() => {}) : { value };
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

describe('entries that consumers have died with', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('are begun last and one by one: only the one counts that this consumer dies of [C-POI-6]', async () => {
    const { create, listen, names } = fleet();
    const announce = (name: string, ...more: string[]) =>
      suite
        .redis()
        .xadd(names.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name, Info: { name } }), ...more);
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    for (const name of ['before', 'poison', 'behind']) await announce(name, '_delivery_count', '1');
    await announce('innocent');
    const runtime = create({ infoSchema: stuckOver('poison'), reconcileEveryMs: 60_000 });
    const log = listen(runtime);
    await runtime.start();
    await log.count('StreamAdded', 2);
    expect(log.of('StreamAdded').map(({ stream }) => stream)).to.deep.equal(['innocent', 'before']);
    const deliveries = await eventually('the poison is begun with', async () => {
      const rows = await suite.redis().xpending(names.lbs, names.group, '-', '+', 10);
      const counts = (rows as [string, string, number, number][]).map(([, , , count]) => count);
      return counts[1] === ALONE && counts;
    });
    expect(deliveries).to.deep.equal([UNMARKED, ALONE, NOT_BEGUN, UNMARKED]);
  });
});

describe('an entry with large integers', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('is given them as it is told to [C-POI-8]', async () => {
    const { listening, names } = fleet();
    const { log } = await listening({ largeIntegers: 'text' });
    const payload = '{"DataStreamName":"one","Info":{"id":9223372036854775807}}';
    await suite.redis().xadd(names.lbs, '*', 'lbs-input', payload);
    expect(await log.first('StreamAdded', 'one')).to.deep.include({ info: { id: '9223372036854775807' } });
  });
});
