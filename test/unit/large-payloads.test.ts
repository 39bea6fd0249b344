import { expect } from 'chai';
import fc from 'fast-check';
import { announcedName } from '../../src/redis/announced-name.js';
import { encodeEntry, encodePayload, entryBytes, parseEntry } from '../../src/redis/entry.js';
import { isNestedTooDeep, MOST_NESTED } from '../../src/redis/json-depth.js';
import { withLargeIntegersAsText } from '../../src/redis/large-integers.js';
import { PageSize } from '../../src/redis/page-size.js';

const nested = (depth: number, [open, close]: readonly [string, string]) =>
  `${open.repeat(depth)}1${close.repeat(depth)}`;
const problemOf = (payload: string) => {
  const parsed = parseEntry({ id: '1-1', fields: encodeEntry(payload) });
  return parsed.ok ? undefined : parsed.problem;
};

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('a payload', () => {
  it('is nested up to a depth, counted before it is parsed [C-POI-7]', () => {
    const payload = (depth: number) => `{"DataStreamName":"a","Info":${nested(depth - 1, ['{"a":', '}'])}}`;
    expect(problemOf(payload(MOST_NESTED))).to.equal(undefined);
    expect(problemOf(payload(MOST_NESTED + 1))).to.equal('expected lbs-input to be nested at most 64 deep');
    expect(problemOf(payload(10_000))).to.match(/nested/);
    expect(isNestedTooDeep(nested(65, ['[', ']']))).to.equal(true);
    // What stands in a text, and what stands side by side, is not nested.
    expect(isNestedTooDeep(JSON.stringify({ a: '\\"[{'.repeat(1000) }))).to.equal(false);
    expect(isNestedTooDeep(JSON.stringify(Array(1000).fill({ a: [] })))).to.equal(false);
  });

  it('is as deep as it looks, whatever it is', () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 70, depthSize: 'max' },
        fc.string(),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 2 }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.nat(70), (inner, more) => {
        let document = inner;
        for (let at = 0; at < more; at += 1) document = at % 2 ? [document] : { document };
        expect(isNestedTooDeep(JSON.stringify(document))).to.equal(depthOf(document) > MOST_NESTED);
      }),
    );
  });

  it('has a name of a length that heartbeats can carry [C-POI-7]', () => {
    expect(problemOf(encodePayload('n'.repeat(65_536)))).to.equal(undefined);
    expect(problemOf(encodePayload('ü'.repeat(32_769)))).to.equal(
      'expected DataStreamName to have at most 65536 bytes, got: 65538',
    );
  });

  it('has the name that parsing it finds, without being parsed [C-POI-6]', () => {
    const nameOf = (payload: string) => announcedName(encodeEntry(payload));
    const parsedName = (payload: string) => {
      const parsed = parseEntry({ id: '1-1', fields: encodeEntry(payload) });
      return parsed.ok ? parsed.announcement.name : '';
    };
    const members = fc.constantFrom(
      'DataStreamName',
      'datastreamname',
      'DATAſTREAMNAME',
      'Info',
      'DataStreamNam',
      'a',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('":{[', '\\"', 'DataStreamName', '\u2028'),
    );
    const values = fc.oneof(
      texts,
      fc.constant(null),
      fc.dictionary(members, fc.oneof(texts, fc.array(texts))),
    );
    const spaces = fc.constantFrom(undefined, 1, '\t');
    const escaped = (json: string) =>
      json.replace(
        /[a-z](?=[^"]*":)/gi,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    fc.assert(
      fc.property(
        fc.dictionary(members, values),
        texts,
        spaces,
        fc.boolean(),
        (document, name, space, isEscaped) => {
          const valid = {
            ...document,
            Info: { inner: document },
            DataStreamName: `n${name}`,
            datastreamname: null,
          };
          const json = JSON.stringify(valid, null, space);
          const payload = isEscaped ? escaped(json) : json;
          const found = parsedName(payload);
          fc.pre(found !== '');
          expect(nameOf(payload)).to.equal(found);
        },
      ),
      { numRuns: 500 },
    );
    for (const payload of [
      '',
      '{}',
      '[',
      '"DataStreamName":"a"',
      '{"DataStreamName"',
      '{"DataStreamName":"',
      '{"DataStreamName":7}',
      '[{"DataStreamName":"a"}]',
    ]) {
      expect(nameOf(payload), payload).to.equal('');
    }
    expect(nameOf(encodePayload('n'.repeat(65_536)))).to.have.length(65_536);
    expect(nameOf(encodePayload('n'.repeat(65_537)))).to.equal('');
    expect(announcedName(['other', '{"DataStreamName":"a"}'])).to.equal('');
  });

  it('has as many bytes as Redis holds, without the fields that are ours', () => {
    expect(
      entryBytes(['a', 'üü', '_retry_count', '12', '_delivery_count', '3', '_dlq_reason', 'x']),
    ).to.equal(5);
    // Bytes that are no UTF-8 count as one each, as Redis has them.
    expect(entryBytes(['a', Buffer.from([0xff, 0xfe, 0x41]).toString()])).to.equal(4);
  });
});

describe('large integers in a payload [C-POI-8]', () => {
  const infoOf = (info: string, how?: 'text') => {
    const entry = { id: '1-1', fields: ['lbs-input', `{"DataStreamName":"a","Info":${info}}`] };
    const parsed = parseEntry(entry, how);
    return parsed.ok ? parsed.announcement.info : parsed.problem;
  };

  it('are rounded, or text of their digits, and nothing else is changed', () => {
    const info =
      '{"id":9223372036854775807,"-":-9007199254740993,"safe":9007199254740991,"e":1e30,"f":0.12345678901234567890,"t":"9223372036854775807","\\"9223372036854775807":[18446744073709551615]}';
    expect(infoOf(info)).to.deep.include({ id: 2 ** 63 });
    expect(infoOf(info, 'text')).to.deep.equal({
      id: '9223372036854775807',
      '-': '-9007199254740993',
      safe: 9007199254740991,
      e: 1e30,
      f: 0.12345678901234568,
      t: '9223372036854775807',
      '"9223372036854775807': ['18446744073709551615'],
    });
  });

  it('are all that is changed in JSON', () => {
    // Larger ones are written with an exponent.
    const isLarge = (value: unknown) =>
      Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(Number(value)) < 1e21;
    fc.assert(
      fc.property(fc.json(), (json) => {
        const expected = JSON.parse(json, (_, value) => (isLarge(value) ? String(value) : value)) as unknown;
        expect(JSON.parse(withLargeIntegersAsText(json))).to.deep.equal(expected);
      }),
    );
  });

  it('in a text of any length cost time in proportion to it', () => {
    const text = `"${'\\\\'.repeat(500_000)}",1234567890123456789`;
    expect(withLargeIntegersAsText(text).endsWith('"1234567890123456789"')).to.equal(true);
  });
});

describe('the size of pages [C-SIZE-1]', () => {
  it('grows while full ones arrive quickly, and shrinks with every one that does not', () => {
    const size = new PageSize(100);
    const first = size.bytes;
    size.arrived(first, 90);
    expect(size.bytes).to.equal(2 * first);
    size.arrived(10, 1);
    size.arrived(size.bytes, 150);
    expect(size.bytes).to.equal(2 * first);
    size.arrived(size.bytes, 250);
    expect(size.bytes).to.equal(first);
    for (let at = 0; at < 20; at += 1) size.shrink();
    expect(size.bytes).to.equal(16_384);
    expect(size.isLeast).to.equal(true);
    for (let at = 0; at < 20; at += 1) size.arrived(size.bytes, 0);
    expect(size.bytes).to.equal(1_048_576);
  });
});
