/** The demo's producer adds each entry once, whatever it is told. */
import { expect } from 'chai';
import { Adder, type NumberedEntry } from '../../../src/cli/demo/adding.js';
import { StreamwardenError } from '../../../src/core/errors.js';

type Answer = 'executed' | 'lost after' | 'lost before' | 'not sent' | 'half';

/** A producer before a Redis that has these streams, and answers as it is told. */
function play(...answers: Answer[]) {
  const streams = new Map<string, string[][]>();
  const announced: string[] = [];
  let ids = 0;
  const add = (name: string, fields: string[]): string => {
    streams.set(name, [...(streams.get(name) ?? []), fields]);
    ids += 1;
    return `${ids}-0`;
  };
  const failure = (sent: boolean, appended: (string | null)[], unknown: number[]) =>
    new StreamwardenError('RedisUnavailable', 'away', { details: { sent, appended, unknown } });
  const attempt = (entries: readonly { name: string; fields: string[] }[]) => {
    const answer = answers.shift() ?? 'executed';
    const all = entries.map((_, at) => at);
    const half = Math.ceil(entries.length / 2);
    const done =
      answer === 'executed' || answer === 'lost after'
        ? entries
        : answer === 'half'
          ? entries.slice(0, half)
          : [];
    const added = done.map(({ name, fields }) => add(name, fields));
    if (answer === 'not sent')
      throw failure(
        false,
        entries.map(() => null),
        [],
      );
    if (answer === 'half')
      throw failure(
        true,
        all.map((at) => added[at] ?? null),
        [],
      );
    if (answer !== 'executed')
      throw failure(
        true,
        entries.map(() => null),
        all,
      );
    return entries.map(({ name }, at) => ({ id: added[at] as string, stream: { id: name, created: true } }));
  };
  const rowsOf = (entries: readonly NumberedEntry[]) =>
    entries.map(({ name, fields }) => ({ name, fields: ['n', String(fields.n)] }));
  const adder = new Adder(
    {
      appendMany: async (entries) => attempt(rowsOf(entries as readonly NumberedEntry[])),
      end: async (name) => attempt([{ name, fields: ['_end', '1'] }])[0] as never,
      ensureMany: async (given) => given.map(({ name }) => ({ id: name, created: false })),
    },
    {
      xrevrange: (async (name: string) => {
        const fields = streams.get(name)?.at(-1);
        return fields === undefined ? [] : [['1-0', fields]];
      }) as never,
    },
    (name) => announced.push(name),
  );
  return {
    adder,
    announced,
    of: (name: string) => (streams.get(name) ?? []).map((fields) => fields.join(' ')),
  };
}

const entries = [
  { name: 'a', fields: { n: 0 } },
  { name: 'b', fields: { n: 5 } },
  { name: 'a', fields: { n: 1 } },
  { name: 'b', fields: { n: 6 } },
];

describe("the demo's producer", () => {
  for (const answers of [
    [],
    ['not sent', 'not sent'],
    ['lost after'],
    ['lost before', 'lost after'],
    ['half', 'lost before', 'not sent'],
  ] as const) {
    it(`adds each entry once, and announces it (${answers.join(', ') || 'nothing goes wrong'})`, async () => {
      const { adder, of, announced } = play(...answers);
      await adder.append(entries);
      expect(of('a')).to.deep.equal(['n 0', 'n 1']);
      expect(of('b')).to.deep.equal(['n 5', 'n 6']);
      expect(new Set(announced)).to.deep.equal(new Set(['a', 'b']));
    });
  }

  it('adds one end mark', async () => {
    for (const answer of ['executed', 'not sent', 'lost after', 'lost before'] as const) {
      const { adder, of } = play('executed', answer);
      await adder.append(entries.slice(0, 1));
      await adder.end('a');
      expect(of('a')).to.deep.equal(['n 0', '_end 1']);
    }
  });

  it('lets through what no waiting heals', async () => {
    const { adder } = play();
    const broken = new Adder(
      { ...adder, appendMany: async () => Promise.reject(new TypeError('a bug')) } as never,
      {} as never,
      () => {},
    );
    expect(await broken.append(entries).catch((error: unknown) => error)).to.be.instanceOf(TypeError);
  });
});
