import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeEntry, encodePayload, parseEntry } from '../../src/redis/entry.js';
import { retryCountOf } from '../../src/redis/own-fields.js';

const parse = (payload: string, ...fields: string[]) =>
  parseEntry({ id: '1-1', fields: ['lbs-input', payload, ...fields] });

function announcementOf(payload: string) {
  const parsed = parse(payload);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.announcement;
}

function problemOf(payload: string): string {
  const parsed = parse(payload);
  if (parsed.ok) throw new Error(`expected ${payload} to be refused, got: ${parsed.announcement.name}`);
  return parsed.problem;
}

describe('entries of the load balancer stream', () => {
  it('name a data stream, with Info or without', () => {
    expect(announcementOf('{"DataStreamName":"s","Info":{"a":1}}')).to.deep.equal({
      name: 's',
      info: { a: 1 },
    });
    expect(announcementOf('{"DataStreamName":"s"}')).to.deep.equal({ name: 's', info: null });
    expect(announcementOf('{"DataStreamName":"s","Info":null}')).to.deep.equal({ name: 's', info: null });
  });

  it('are read in any letter case, other members ignored, white space allowed', () => {
    expect(announcementOf(' {"datastreamNAME":"s","INFO":{},"more":[1]}\n')).to.deep.equal({
      name: 's',
      info: {},
    });
    // Go folds letters as Unicode does.
    expect(announcementOf('{"Data\u017ftreamName":"s"}').name).to.equal('s');
  });

  it('whose members come twice count the last one', () => {
    expect(announcementOf('{"DataStreamName":"a","datastreamname":"b"}').name).to.equal('b');
    expect(announcementOf('{"DataStreamName":"a","datastreamname":null}').name).to.equal('a');
  });

  it('that cannot be parsed say why', () => {
    const cases: Record<string, RegExp> = {
      '': /to be JSON/,
      'not JSON': /to be JSON/,
      '{"DataStreamName":"s"} more': /to be JSON/,
      '["s"]': /to be a JSON object, got: an array/,
      '"s"': /to be a JSON object, got: a string/,
      '7': /to be a JSON object, got: a number/,
      null: /to be a JSON object, got: null/,
      '{}': /DataStreamName to be a non-empty string, got: none/,
      '{"DataStreamName":""}': /DataStreamName to be a non-empty string/,
      '{"DataStreamName":null}': /DataStreamName to be a non-empty string/,
      '{"DataStreamName":7}': /DataStreamName to be a string, got: a number/,
      '{"DataStreamName":"s","Info":[]}': /Info to be an object, got: an array/,
      '{"DataStreamName":"s","Info":"x"}': /Info to be an object, got: a string/,
    };
    for (const [payload, problem] of Object.entries(cases))
      expect(problemOf(payload), payload).to.match(problem);
    expect(parseEntry({ id: '1-1', fields: ['other', 'x'] })).to.include({ ok: false });
    expect(parseEntry({ id: '1-1', fields: [] })).to.include({ ok: false });
  });

  it('with repeated fields count the last one', () => {
    const entry = { id: '1-1', fields: ['lbs-input', 'junk', 'lbs-input', '{"DataStreamName":"s"}'] };
    expect(parseEntry(entry)).to.have.nested.property('announcement.name', 's');
  });

  it('carry a retry count; what is none reads as 0', () => {
    const cases: [string, number][] = [
      ['3', 3],
      ['+3', 3],
      ['007', 7],
      ['-1', 0],
      ['', 0],
      ['x', 0],
      ['1.5', 0],
      [' 1', 0],
      ['1e3', 0],
      ['9'.repeat(16), 0],
    ];
    for (const [text, count] of cases) expect(retryCountOf(['_retry_count', text]), text).to.equal(count);
    expect(retryCountOf([])).to.equal(0);
    expect(retryCountOf(['_retry_count', '1', '_retry_count', '2'])).to.equal(2);
    expect(parse('junk', '_retry_count', '2')).to.include({ ok: false, retryCount: 2 });
  });

  it('come out of the codec as they went in, whatever the name and Info', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 });
    // JSON knows no -0.
    const info = fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: null });
    fc.assert(
      fc.property(name, info, (stream, value) => {
        const carried = value === null ? null : JSON.parse(JSON.stringify(value));
        const parsed = parseEntry({ id: '1-1', fields: encodeEntry(encodePayload(stream, value)) });
        expect(parsed).to.deep.equal({
          ok: true,
          announcement: { name: stream, info: carried },
          retryCount: 0,
        });
      }),
    );
  });

  it('are never a reason to throw', () => {
    const payload = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((text) => `{"DataStreamName":${text},"Info":${text}}`),
    );
    fc.assert(
      fc.property(payload, fc.array(fc.string()), (text, fields) => {
        parseEntry({ id: '1-1', fields: ['lbs-input', text, ...fields] });
      }),
    );
  });
});
