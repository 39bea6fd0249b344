import { expect } from 'chai';
import fc from 'fast-check';
import { StreamwardenError } from '../../src/core/errors.js';
import { fromJson, isSameJson, type Json, toJson } from '../../src/replay/json-safe.js';

/** As a file carries it. */
function throughText(value: unknown): unknown {
  return fromJson(JSON.parse(JSON.stringify(toJson(value))) as Json);
}

describe('values in recordings', () => {
  it('come back as they were', () => {
    const value = {
      text: 'ä "quoted" \n',
      numbers: [0, -1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      big: 2n ** 80n,
      nothing: null,
      at: new Date(5),
      bytes: Buffer.from([0, 255]),
      map: new Map<unknown, unknown>([['a', { b: [1] }]]),
      set: new Set([1, 'x']),
      $tagged: { $number: 'no number' },
    };
    expect(throughText(value)).to.deep.equal(value);
  });

  it('come back whatever plain data they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const encoded = toJson(value);
        expect(isSameJson(encoded, JSON.parse(JSON.stringify(encoded)) as Json)).to.equal(true);
        expect(isSameJson(toJson(throughText(value)), encoded)).to.equal(true);
      }),
    );
  });

  it('come back as errors with everything that a machine may ask of one', () => {
    const cause = new TypeError('why');
    const error = new StreamwardenError('RedisUnavailable', 'gone', {
      retriable: true,
      cause,
      details: { sent: true },
    });
    const back = throughText(error) as StreamwardenError & { cause: Error };
    expect(back).to.be.an('error');
    expect(back).to.include({
      name: 'RedisUnavailable',
      message: 'gone',
      code: 'RedisUnavailable',
      retriable: true,
    });
    expect(back.details).to.deep.equal({ sent: true });
    expect(back.cause).to.be.an('error').that.includes({ name: 'TypeError', message: 'why' });
    expect(toJson(back)).to.deep.equal(toJson(error));
  });

  it('hold no credentials and no stack', () => {
    const error = new Error('AUTH me secret failed for redis://me:secret@host/0');
    const text = JSON.stringify(toJson({ error, lastError: { message: error.message } }));
    expect(text).not.to.include('secret');
    expect(text).not.to.include('json-safe.test');
  });

  it('leave out what JSON leaves out, and mark it where a place has to be kept', () => {
    expect(toJson({ a: undefined, b: () => {}, c: 1 })).to.deep.equal({ c: 1 });
    expect(throughText([undefined, 1])).to.deep.equal([undefined, 1]);
  });

  it('end somewhere, even where data go round in circles', () => {
    const ring: { next?: unknown } = {};
    ring.next = ring;
    expect(() => JSON.stringify(toJson(ring))).not.to.throw();
  });

  it('cannot touch what all objects share', () => {
    const value = fromJson(JSON.parse('{"__proto__":{"polluted":true}}') as Json) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
  });
});
