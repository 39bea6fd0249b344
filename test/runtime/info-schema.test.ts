import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect } from 'chai';
import { z } from 'zod';
import { deadLetters, lasting } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const priced = z.object({ price: z.string().transform(Number), currency: z.string().default('EUR') });

/** A schema that is not zod's. */
function schemaOf<T>(
  validate: (value: unknown) => ReturnType<StandardSchemaV1<unknown, T>['~standard']['validate']>,
) {
  const schema: StandardSchemaV1<unknown, T> = { '~standard': { version: 1, vendor: 'test', validate } };
  return schema;
}

describe('infoSchema', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('decides what the application gets as info', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening({ infoSchema: priced });
    await announce(['valid'], { price: '12.5', more: true });
    expect((await log.first('StreamAdded', 'valid')).info).to.deep.equal({ price: 12.5, currency: 'EUR' });
    const price: number | undefined = runtime.owned('valid')?.info?.price;
    expect(price).to.equal(12.5);
  });

  it('may be asynchronous', async () => {
    const { announce, listening } = fleet();
    const later = z.object({ n: z.number() }).transform(async ({ n }) => ({ n: n + 1 }));
    const { log } = await listening({ infoSchema: later });
    await announce(['one'], { n: 1 });
    await announce(['two'], { n: 2 });
    await log.count('StreamAdded', 2);
    expect(log.of('StreamAdded').map(({ stream, info }) => [stream, info])).to.deep.equal([
      ['one', { n: 2 }],
      ['two', { n: 3 }],
    ]);
  });

  it('sends an entry whose info it refuses to the dead-letter stream, and reads on [C-POI-3]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ infoSchema: priced });
    await announce(['invalid'], { price: 7 });
    await announce(['none']);
    await announce(['valid'], { price: '1' });
    await log.first('StreamAdded', 'valid');
    await eventually('both are dead-lettered', () => runtime.snapshot().counters.deadLettered === 2);
    const letters = await deadLetters(suite.redis(), names.dlq);
    expect(letters.map(({ raw }) => lasting(raw).map(String))).to.deep.include([
      'lbs-input',
      '{"DataStreamName":"invalid","Info":{"price":7}}',
      '_retry_count',
      '0',
      '_dlq_reason',
      'unparseable',
    ]);
    expect(log.added).to.deep.equal(['valid']);
  });

  it('is not applied to what is told of a dead owner [C-EXP-5]', async () => {
    const { announce, listening } = fleet();
    const victim = await listening({ infoSchema: priced, heartbeatMs: keepable(400) });
    await announce(['valid'], { price: '12.5' });
    await victim.log.first('StreamAdded', 'valid');
    const { log } = await listening({ infoSchema: priced, heartbeatMs: keepable(400) });
    await victim.runtime.stop({ mode: 'abandon' });
    expect((await log.first('StreamExpired', 'valid')).info).to.deep.equal({ price: '12.5' });
    expect((await log.first('StreamAdded', 'valid')).info).to.deep.equal({ price: 12.5, currency: 'EUR' });
  });

  it('lets it through as it came where that was asked for [C-POI-3]', async () => {
    const { announce, listening } = fleet();
    const { log } = await listening({ infoSchema: priced, onInvalidInfo: 'deliver' });
    await announce(['invalid'], { price: 7, kept: [1] });
    await announce(['none']);
    expect((await log.first('StreamAdded', 'invalid')).info).to.deep.equal({ price: 7, kept: [1] });
    expect((await log.first('StreamAdded', 'none')).info).to.equal(null);
  });

  for (const [how, schema] of [
    [
      'throws',
      schemaOf(() => {
        throw new Error('broken schema');
      }),
    ],
    ['rejects', schemaOf(() => Promise.reject(new Error('broken schema')))],
  ] as const) {
    it(`refuses what it ${how} at [C-POI-3]`, async () => {
      const { announce, listening, names } = fleet();
      const strict = await listening({ infoSchema: schema });
      await announce(['refused'], { a: 1 });
      await eventually('it is dead-lettered', () => strict.runtime.snapshot().counters.deadLettered === 1);
      expect(await suite.redis().xlen(names.lbs)).to.equal(0);
      await strict.runtime.stop();

      const lenient = await listening({ infoSchema: schema, onInvalidInfo: 'deliver' });
      await announce(['delivered'], { a: 1 });
      expect((await lenient.log.first('StreamAdded', 'delivered')).info).to.deep.equal({ a: 1 });
    });
  }

  it('says in the log why it refused, without the info itself', async () => {
    const { announce, create } = fleet();
    const lines: string[] = [];
    const note = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const runtime = create({
      infoSchema: priced,
      logger: { debug: note, info: note, warn: note, error: note },
    });
    await runtime.start();
    await announce(['invalid'], { price: 7, secret: 'hush' });
    await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
    expect(lines.some((line) => line.includes('at price'))).to.equal(true);
    expect(lines.join('\n')).not.to.include('hush');
  });
});
