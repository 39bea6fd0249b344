import { expect } from 'chai';
import { dataReaderMachine } from '../../../src/machines/data-reader.machine.js';
import { Fold } from './fold.js';

const begun = { type: 'iterating.begun' };
const ended = { type: 'iterating.ended' };
const failed = { type: 'round.failed', error: { code: 'RedisUnavailable', message: 'no answer' }, chance: 1 };
const fold = () => new Fold(dataReaderMachine, { place: '' });

describe('data reader machine', () => {
  it('reads while somebody iterates', () => {
    const one = fold();
    expect(one.value).to.equal('quiet');
    expect(one.send(begun).value).to.equal('reading');
    expect(one.told).to.deep.equal(['resume']);
    expect(one.send(ended).value).to.equal('quiet');
  });

  it('waits ever longer when Redis fails, up to a second [C-DATA-7]', () => {
    const one = fold().send(begun);
    const waits: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      one.send(failed);
      expect(one.value).to.equal('backingOff');
      waits.push(one.timers.retryDelay as number);
      one.elapse('retryDelay');
      expect(one.told).to.deep.equal(['resume']);
    }
    expect(waits).to.deep.equal([40, 80, 160, 320, 640, 1000, 1000, 1000]);
    expect(one.context.error).to.deep.equal(failed.error);
  });

  it('begins with the shortest wait again once a round has succeeded', () => {
    const one = fold().send(begun, failed);
    one.elapse('retryDelay').send({ type: 'round.answered' });
    expect(one.context).to.include({ failures: 0, error: null });
    expect(one.send(failed).timers).to.deep.equal({ retryDelay: 40 });
  });

  it('waits no longer when there is a connection again, nor when nobody iterates', () => {
    expect(fold().send(begun, failed, { type: 'connection.up' }).value).to.equal('reading');
    const one = fold().send(begun, failed, ended);
    expect(one.value).to.equal('quiet');
    expect(one.timers).to.deep.equal({});
    expect(one.context).to.include({ failures: 0, error: null });
    const again = fold().send(begun, failed, { type: 'connection.up' }, ended);
    expect(again.context).to.include({ failures: 0, error: null });
  });
});
