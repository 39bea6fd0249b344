import { expect } from 'chai';
import * as fc from 'fast-check';
import { lockKey, parseLockKey } from '../../src/redis/lock-key.js';
import { createNames, hashTag, incarnationName, isIncarnation } from '../../src/redis/names.js';

describe('names', () => {
  it('are those of the wire protocol', () => {
    const names = createNames({ service: 'orders' });
    expect(names).to.include({
      service: 'orders',
      lbs: 'orders-input',
      group: 'orders-group',
      dlq: 'orders-input-dlq',
      owners: '{orders-input}:owners',
      presencePrefix: '{orders-input}:presence:',
    });
    expect(names.presence('c~01234567')).to.equal('{orders-input}:presence:c~01234567');
    expect(names.scratch('c')).to.equal('{orders-input}:probe:c');
    expect(names.lock('stream', '1-2')).to.equal('stream<MUTEX_KEY_SEP>1-2');
    expect(names.keyspacePatterns(3)).to.deep.equal([
      '__keyspace@3__:*<MUTEX_KEY_SEP>*',
      '__keyspace@3__:{orders-input}:presence:*',
    ]);
  });

  it('carry the prefix, inside the tag where there is one', () => {
    const names = createNames({ service: 'orders', keyPrefix: 'app:', dlqStream: 'letters' });
    expect(names).to.include({ lbs: 'app:orders-input', dlq: 'app:letters', group: 'orders-group' });
    expect(names.owners).to.equal('{app:orders-input}:owners');
    expect(names.lock('stream', '1-2')).to.equal('app:stream<MUTEX_KEY_SEP>1-2');
    expect(names.parseLock('app:stream<MUTEX_KEY_SEP>1-2')).to.deep.equal({
      dataStream: 'stream',
      entryId: '1-2',
    });
    expect(names.parseLock('other:stream<MUTEX_KEY_SEP>1-2')).to.equal(undefined);
  });

  it('share the slot of a stream that carries a tag of its own', () => {
    const names = createNames({ service: '{shop}:orders' });
    expect(names.lbs).to.equal('{shop}:orders-input');
    expect(names.owners).to.equal('{shop}:owners');
    for (const key of [...names.endings, names.presence('x'), names.scratch('x')]) {
      expect(hashTag(key)).to.equal('{shop}');
    }
  });

  it('of hash tags follow the rules of Redis Cluster', () => {
    const cases = {
      a: '{a}',
      '{a}b': '{a}',
      'a{b}c': '{b}',
      '{a}{b}': '{a}',
      '{}a': '{{}a}',
      'a{b': '{a{b}',
      'a{}{b}': '{a{}{b}}',
    };
    for (const [key, tag] of Object.entries(cases)) expect(hashTag(key), key).to.equal(tag);
  });

  it('of locks are taken apart at the last separator', () => {
    const names = createNames({ service: 'orders' });
    expect(names.parseLock('a<MUTEX_KEY_SEP>b<MUTEX_KEY_SEP>1-2')).to.deep.equal({
      dataStream: 'a<MUTEX_KEY_SEP>b',
      entryId: '1-2',
    });
    for (const key of ['', 'a', '<MUTEX_KEY_SEP>1-2', 'MUTEX_KEY_SEP'])
      expect(names.parseLock(key), key).to.equal(undefined);
  });

  it('of locks are for everybody to make and take apart', () => {
    expect(lockKey({ stream: 'call-7', id: '1-2' })).to.equal('call-7<MUTEX_KEY_SEP>1-2');
    expect(parseLockKey(lockKey({ stream: 'call-7', id: '1-2' }, 'app:'), 'app:')).to.deep.equal({
      stream: 'call-7',
      id: '1-2',
    });
    expect(parseLockKey('call-7')).to.equal(undefined);
    for (const [parts, option] of [
      [{ stream: '', id: '1-2' }, 'stream'],
      [{ stream: 'a', id: 7 }, 'id'],
    ] as const) {
      expect(() => lockKey(parts as { stream: string; id: string }))
        .to.throw(/to be a non-empty string/)
        .that.includes({ code: 'InvalidOption' })
        .and.has.property('details')
        .that.includes({ option });
    }
  });

  it('of locks come apart as they were put together, whatever the data stream is called', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    const id = fc.tuple(fc.nat(), fc.nat()).map(([ms, sequence]) => `${ms}-${sequence}`);
    fc.assert(
      fc.property(text, fc.string(), id, (dataStream, keyPrefix, entryId) => {
        const names = createNames({ service: 's', keyPrefix });
        expect(names.parseLock(names.lock(dataStream, entryId))).to.deep.equal({ dataStream, entryId });
      }),
    );
  });

  it('that are pattern characters are taken literally in patterns', () => {
    const names = createNames({ service: 'a*b?[c]^\\', keyPrefix: '*' });
    expect(names.keyspacePatterns(0)).to.deep.equal([
      '__keyspace@0__:\\**<MUTEX_KEY_SEP>*',
      '__keyspace@0__:{\\*a\\*b\\?\\[c\\]\\^\\\\-input}:presence:*',
    ]);
  });

  it('of incarnations are told from those of other consumers', () => {
    expect(incarnationName('pod', '0a1b2c3d')).to.equal('pod~0a1b2c3d');
    expect(isIncarnation('pod~0a1b2c3d')).to.equal(true);
    for (const name of [
      'pod',
      'pod~0a1b2c3',
      'pod~0a1b2c3d4',
      'pod~0A1B2C3D',
      'redis-consumer-pod',
      '~0a1b2c3d-',
    ]) {
      expect(isIncarnation(name), name).to.equal(false);
    }
  });
});
