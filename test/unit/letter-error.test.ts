import { expect } from 'chai';
import { encodeLetterError, MOST_ERROR_BYTES, parseLetterError } from '../../src/redis/letter-error.js';

const recorded = (thrown: unknown) => parseLetterError(encodeLetterError(thrown));

describe('the error that a dead letter keeps', () => {
  it('has the name, the message and the stack of what was thrown [C-POI-9]', () => {
    const error = recorded(new TypeError('no such order'));
    expect(error).to.include({ name: 'TypeError', message: 'no such order' });
    expect(error?.stack).to.match(/^TypeError: no such order\n +at /);
  });

  it('is made of whatever was thrown [C-APP-1, C-POI-9]', () => {
    const hostile = Object.defineProperty(new Error('seen'), 'stack', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(recorded('a text')).to.include({ name: 'Error', message: 'a text' });
    expect(recorded(hostile)).to.deep.equal({ name: 'Error', message: 'seen', stack: null });
    expect(recorded(Object.create(null))?.message).to.equal('something that cannot be described');
    expect(recorded(undefined)?.message).to.equal('undefined');
  });

  it('holds no credentials [C-POI-9]', () => {
    const text = encodeLetterError(new Error('cannot reach postgres://ann:secret@db/orders'));
    expect(text).to.include('postgres://***@db/orders').and.not.include('secret');
  });

  it('has at most so many bytes, whatever its characters cost, and its name to the last [C-POI-9]', () => {
    for (const filling of ['x', 'ü', '\u0000', '"', '😀']) {
      const error = new RangeError(filling.repeat(20_000));
      error.stack = filling.repeat(20_000);
      const text = encodeLetterError(error);
      expect(Buffer.byteLength(text), filling).to.be.at.most(MOST_ERROR_BYTES);
      expect(parseLetterError(text), filling).to.include({ name: 'RangeError' });
      expect(parseLetterError(text)?.message.length, filling).to.be.above(100);
    }
  });

  it('is none where somebody else wrote something else', () => {
    for (const text of ['', 'null', '[]', '"x"', '{"name":1,"message":"x"}', '{"name":"x"}']) {
      expect(parseLetterError(text), text).to.equal(null);
    }
    expect(parseLetterError('{"name":"x","message":"y"}')).to.deep.equal({
      name: 'x',
      message: 'y',
      stack: null,
    });
  });
});
