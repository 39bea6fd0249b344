import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect } from 'chai';
import { z } from 'zod';
import {
  type AddedStream,
  createAdmin,
  createProducer,
  createRuntime,
  defineService,
  type Producer,
  type Runtime,
  type Service,
  type StreamHandle,
} from '../../src/index.js';
import { simulate } from '../../src/simulation/index.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const priced = z.object({ price: z.string().transform(Number), currency: z.string().default('EUR') });
const NOWHERE = 'redis://127.0.0.1:1';

/** True when the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function is<T extends true>(): T | undefined {
  return undefined;
}

describe('a defined service', () => {
  const suite = useRedis();

  it('is shared by runtimes, producers and admins: producers refuse what its schema refuses, handlers get what that returns [C-SVC-1, C-SVC-2]', async () => {
    const orders = defineService({ name: 'orders', infoSchema: priced });
    const redis = suite.server().url;
    await using producer = createProducer({ redis, service: orders });
    await using runtime = createRuntime({ redis, service: orders, consumerId: 'me' });
    await using admin = createAdmin({ redis, service: orders });
    const got: { price: number; currency: string }[] = [];
    runtime.process(({ info }) => {
      got.push(info);
    });
    await runtime.start();
    await producer.add('one', { price: '12.5' });
    await producer.ensure('two', { price: '3', currency: 'CHF' });
    await eventually('both are handled', () => got.length === 2);
    expect(got).to.have.deep.members([
      { price: 12.5, currency: 'EUR' },
      { price: 3, currency: 'CHF' },
    ]);
    expect(runtime.service).to.equal('orders');
    expect(admin.service).to.equal('orders');
    expect(await admin.exists()).to.equal(true);
  });

  it('has its schema asked before anything is sent, of what JSON makes of the info [C-SVC-1]', async () => {
    const orders = defineService({ name: 'orders', infoSchema: priced });
    // No connection can be made: whatever is refused is refused before.
    await using producer = createProducer({ redis: NOWHERE, service: orders, timeoutMs: 50 });
    const wrong = { price: 7 } as unknown as { price: string };
    const refused = [
      producer.add('one', wrong),
      producer.addMany([
        { name: 'fine', info: { price: '1' } },
        { name: 'one', info: wrong },
      ]),
      producer.ensure('one', wrong),
      producer.ensureMany([{ name: 'one', info: wrong }]),
      producer.add('one', null as unknown as { price: string }),
    ];
    for (const error of await Promise.all(refused.map((call) => rejection(call)))) {
      expect(error).to.have.property('code', 'InvalidOption');
      expect(error).to.have.deep.property('details', { option: 'info', stream: 'one' });
    }
    expect((await rejection(producer.add('one', wrong))).message).to.match(
      /^expected info of one to satisfy the schema of the service orders: Info does not satisfy the schema at price: /,
    );
    expect(await rejection(producer.add('one', { price: '1' }))).to.have.property('code', 'RedisUnavailable');

    const dated = defineService({ name: 'orders', infoSchema: z.object({ at: z.string() }) });
    await using later = createProducer({ redis: suite.server().url, service: dated });
    expect(await later.add('one', { at: new Date(0) } as unknown as { at: string })).to.match(/^\d+-\d+$/);
    const slow = defineService({
      name: 'orders',
      infoSchema: z.object({ n: z.number() }).refine(async ({ n }) => n > 0),
    });
    await using asking = createProducer({ redis: NOWHERE, service: slow, timeoutMs: 50 });
    expect(await rejection(asking.add('one', { n: 0 }))).to.have.property('code', 'InvalidOption');
  });

  it('may be a name alone, and is refused when it is none [C-SVC-1]', async () => {
    const plain = defineService({ name: 'orders' });
    await using producer = createProducer({ redis: suite.server().url, service: plain });
    await producer.add('one');
    await producer.add('two', { anything: 1 });
    expect(await suite.redis().xlen('orders-input')).to.equal(2);

    const codeOf = (act: () => unknown) => {
      try {
        act();
        return 'none';
      } catch (error) {
        return (error as { code: string; message: string }).message;
      }
    };
    expect(codeOf(() => defineService({ name: '' }))).to.equal(
      'expected name to be a non-empty string, got: ""',
    );
    expect(codeOf(() => defineService({ name: 'a', infoSchema: {} as StandardSchemaV1 }))).to.equal(
      'expected infoSchema to be a Standard Schema, got: an object',
    );
    expect(codeOf(() => defineService(undefined as unknown as { name: string }))).to.match(
      /^expected definition to be an object with a name/,
    );
    const service = { nam: 'orders' } as unknown as Service;
    expect(codeOf(() => createProducer({ redis: NOWHERE, service }))).to.equal(
      'expected service to be a non-empty string, got: an object',
    );
    const both = {
      redis: NOWHERE,
      service: defineService({ name: 'a', infoSchema: priced }),
      infoSchema: priced,
    };
    expect(codeOf(() => createRuntime({ ...both, consumerId: 'me' }))).to.equal(
      'expected infoSchema to be left out, since the service has one, got: an object',
    );
  });

  it('is what a simulated world takes, whose announce() asks the schema as well [C-SVC-3]', async () => {
    const orders = defineService({ name: 'orders', infoSchema: priced });
    await using world = simulate({ seed: 3 });
    const got: number[] = [];
    const runtime = world.runtime({ service: orders });
    runtime.process(({ info }) => {
      got.push(info.price);
    });
    await world.announce('one', { price: '12.5' }, { service: orders });
    await world.until(() => got.length === 1);
    expect(got).to.deep.equal([12.5]);
    expect(await rejection(world.announce('two', { price: 7 }))).to.have.property('code', 'InvalidOption');
    const producer = world.producer({ service: orders });
    await world.until(producer.add('three', { price: '3' }));
    expect(world.letters({ service: orders })).to.deep.equal([]);
  });

  it('refuses to append what its schema of entries refuses, as consumers would read it, and handlers get what that returns [C-SVC-1, C-PRO-7]', async () => {
    const entrySchema = z.object({ price: z.coerce.number<number>().max(10) });
    const service = defineService({ name: 'orders', entrySchema });
    const redis = suite.server().url;
    await using producer = createProducer({ redis, service });
    await using runtime = createRuntime({ redis, service, consumerId: 'me', keyspaceOverride: true });
    const got: number[] = [];
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries({ schema: service.entrySchema })) got.push(fields.price);
    });
    await runtime.start();
    const error = await rejection(producer.append('one', { price: 11 }));
    expect(error).to.include({ code: 'InvalidOption' });
    expect(error)
      .to.have.property('message')
      .that.matches(
        /^expected fields of one to satisfy the schema of the service orders: they do not satisfy the schema at price/,
      );
    const many = [
      { name: 'one', fields: { price: 1 } },
      { name: 'one', fields: {} as { price: number } },
    ];
    expect(await rejection(producer.appendMany(many))).to.include({ code: 'InvalidOption' });
    expect(await suite.redis().exists('one')).to.equal(0);
    await producer.append('one', { price: 7 });
    await producer.end('one');
    await eventually('it is handled', () => got.length === 1);
    expect(got).to.deep.equal([7]);
    for (const wrong of ['schema', {}] as unknown as (typeof entrySchema)[]) {
      expect(() => defineService({ name: 'orders', entrySchema: wrong })).to.throw(
        /expected entrySchema to be a Standard Schema/,
      );
    }
  });

  it('gives types to all of them [C-SVC-2]', () => {
    const orders = defineService({ name: 'orders', infoSchema: priced });
    is<
      Same<
        typeof orders,
        Service<{ price: string; currency?: string | undefined }, { price: number; currency: string }>
      >
    >();

    const typed = (producer: Producer<{ price: string }>, runtime: Runtime<{ price: number }>) => {
      is<Same<Parameters<Parameters<typeof runtime.process>[0]>[0]['info'], { price: number }>>();
      is<Same<Parameters<typeof producer.ensure>, [name: string, info: { price: string }]>>();
      return [
        () => producer.add('one', { price: '1' }),
        () => producer.add('one', { price: '1' }, { delayMs: 5 }),
        // @ts-expect-error: no info
        () => producer.add('one'),
        // @ts-expect-error: no null
        () => producer.add('one', null),
        // @ts-expect-error: no number
        () => producer.ensure('one', { price: 1 }),
        // @ts-expect-error: no info
        () => producer.ensureMany([{ name: 'one' }]),
        () => producer.addMany([{ name: 'one', info: { price: '1' }, delayMs: 5 }]),
      ];
    };
    expect(typed).to.be.a('function');

    const made = () => {
      const producer = createProducer({ redis: NOWHERE, service: orders });
      const runtime = createRuntime({ redis: NOWHERE, service: orders });
      is<
        Same<typeof runtime extends Runtime<infer Info> ? Info : never, { price: number; currency: string }>
      >();
      // @ts-expect-error: the schema takes a text
      void producer.add('one', { price: 1 });
      for (const handle of runtime.ownedStreams()) is<Same<typeof handle.info.price, number>>();
      const bySchema = createRuntime({ redis: NOWHERE, service: 'orders', infoSchema: priced });
      bySchema.process(({ info }) => {
        is<Same<typeof info.price, number>>();
      });
      const nullable = createRuntime({ redis: NOWHERE, service: 'orders', infoSchema: priced.nullable() });
      nullable.process(({ info }) => {
        is<Same<typeof info, { price: number; currency: string } | null>>();
      });
      const plain = createRuntime({ redis: NOWHERE, service: 'orders' });
      plain.process((stream: StreamHandle<Readonly<Record<string, unknown>> | null>) => {
        is<Same<typeof stream.info, Readonly<Record<string, unknown>> | null>>();
      });
      const named = createProducer({ redis: NOWHERE, service: defineService({ name: 'orders' }) });
      void named.add('one');
      void named.add('one', null);
    };
    expect(made).to.be.a('function');

    const filled = z.object({ price: z.coerce.number<number>(), note: z.string().optional() });
    const ofEntries = () => {
      const service = defineService({ name: 'orders', entrySchema: filled });
      const producer = createProducer({ redis: NOWHERE, service });
      void producer.append('one', { price: 7 });
      // @ts-expect-error: the schema takes a number
      void producer.append('one', { price: '7' });
      // @ts-expect-error: no price
      void producer.appendMany([{ name: 'one', fields: { note: 'a' } }]);
      const runtime = createRuntime({ redis: NOWHERE, service });
      runtime.process(async (stream) => {
        for await (const { fields } of stream.entries({ schema: service.entrySchema })) {
          is<Same<typeof fields.price, number>>();
        }
      });
      const both = defineService({ name: 'orders', infoSchema: priced, entrySchema: filled });
      const strict = createProducer({ redis: NOWHERE, service: both });
      void strict.append('one', { price: 7 }, { info: { price: '7' } });
      // @ts-expect-error: no info
      void strict.append('one', { price: 7 });
      // @ts-expect-error: no info
      void strict.end('one');
      const free = createProducer({ redis: NOWHERE, service: defineService({ name: 'orders' }) });
      void free.append('one', { anything: 7, bytes: Buffer.of(1) });
      // @ts-expect-error: no text, number or bytes
      void free.append('one', { anything: {} });
    };
    expect(ofEntries).to.be.a('function');

    interface Order {
      readonly price: string;
    }
    const optional = (producer: Producer<Order | null>, added: AddedStream<Order | null>[]) => [
      () => producer.add('one'),
      () => producer.add('one', { price: '1' } satisfies Order),
      () => producer.addMany(added),
    ];
    expect(optional).to.be.a('function');
  });
});
