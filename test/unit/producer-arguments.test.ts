import { expect } from 'chai';
import fc from 'fast-check';
import { compareFencingTokens, isStreamwardenError } from '../../src/index.js';
import { encodeEntry, parseEntry } from '../../src/redis/entry.js';
import { addedEntriesOf, type NewStream } from '../../src/runtime/new-stream.js';
import { simulate } from '../../src/simulation/index.js';
import { hostile, refuses } from '../support/hostile-values.js';
import { rejection } from '../support/rejection.js';

const circle: Record<string, unknown> = {};
circle.itself = circle;
let deep: object = {};
for (let level = 0; level < 20_000; level += 1) deep = { deep };

const uncarried: readonly [what: string, info: unknown][] = [
  ['a bigint', { price: 10n }],
  ['a circle', circle],
  ['what is nested without end', deep],
  ['a toJSON that throws', { toJSON: refuses }],
  ['a toJSON that gives a text', new Date(0)],
  ['a toJSON that gives nothing', { toJSON: () => undefined }],
  [
    'a getter that throws',
    {
      get price() {
        return refuses();
      },
    },
  ],
  ['a proxy that throws', new Proxy({}, { get: refuses, ownKeys: refuses })],
];

describe('what a producer is given', () => {
  for (const [what, info] of uncarried) {
    it(`is refused before anything is sent where it holds ${what} [C-PRO-1]`, async () => {
      await using world = simulate();
      const producer = world.producer({ service: 'orders' });
      const wrong = { name: 'order', info } as NewStream;
      for (const call of [
        () => producer.add(wrong.name, wrong.info),
        () => producer.addMany([{ name: 'fine' }, wrong]),
      ]) {
        const error = await rejection(world.until<unknown>(call()));
        expect(error).to.include({ code: 'InvalidOption' });
        // Since Node 26 JSON carries what is nested without end, and only our own limit refuses it.
        expect(error.message).to.match(
          /^expected info of order to be an object that (JSON can carry|is nested at most 64 deep)/,
        );
      }
      expect(world.trace().some((line) => /xadd/i.test(line))).to.equal(false);
      await producer.close();
    });
  }

  it('either becomes an entry that can be read, or is refused as a wrong option, whatever it is [C-PRO-1]', () => {
    fc.assert(
      fc.property(
        fc.oneof(hostile, fc.record({ value: fc.record({ name: fc.string(), info: fc.object() }) })),
        ({ value: stream }) => {
          let payloads: string[];
          try {
            payloads = addedEntriesOf([stream as NewStream], 1_048_576).map(({ payload }) => payload);
          } catch (error) {
            expect(isStreamwardenError(error, 'InvalidOption')).to.equal(true);
            return;
          }
          const parsed = parseEntry({ id: '1-1', fields: encodeEntry(payloads[0] as string) });
          expect(parsed.ok).to.equal(true);
        },
      ),
    );
  });
});

describe('arguments of a runtime that are wrong', () => {
  it('are told as such, whatever they are [C-APP-4]', async () => {
    await using world = simulate();
    const runtime = world.runtime({ service: 'orders' });
    await world.advance('1 s');
    for (const wrong of [undefined, null, 5, {}, { id: 5n }, { id: Symbol('x') }, Object.create(null)]) {
      for (const call of ['done', 'release', 'claim'] as const) {
        expect(await rejection(runtime[call](wrong as { id: string }))).to.include({ code: 'InvalidOption' });
      }
    }
    for (const wrong of [Symbol('x'), Object.create(null), 0, 1n]) {
      expect(() => runtime.process(() => {}, { concurrency: wrong as number }))
        .to.throw()
        .with.property('code', 'InvalidOption');
      expect(() => runtime.process(wrong as () => void))
        .to.throw()
        .with.property('code', 'InvalidOption');
      expect(() => compareFencingTokens(wrong as string, '1-1'))
        .to.throw()
        .with.property('code', 'InvalidOption');
    }
  });
});
