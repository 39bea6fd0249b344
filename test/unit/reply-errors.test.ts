import { expect } from 'chai';
import {
  isElsewhere,
  isMisplaced,
  isPassing,
  mayHaveExecuted,
  redirectionOf,
  redisError,
} from '../../src/redis/reply-errors.js';

/** As ioredis makes it of an error reply. */
const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
const refused = (message: string) => redisError(reply(message), 'PTTL', true);

describe('what a cluster answers instead of a reply', () => {
  describe('a redirection', () => {
    it('is read from what ioredis throws and from what we make of it', () => {
      for (const make of [reply, refused]) {
        expect(redirectionOf(make('MOVED 3999 127.0.0.1:6381'))).to.deep.equal({
          kind: 'moved',
          slot: 3999,
          address: '127.0.0.1:6381',
        });
        expect(redirectionOf(make('ASK 0 node-2.example.com:7000'))).to.deep.equal({
          kind: 'ask',
          slot: 0,
          address: 'node-2.example.com:7000',
        });
      }
    });

    it('may name an IPv6 host, or none where the cluster leaves it out', () => {
      expect(redirectionOf(reply('MOVED 1 2001:db8::1:6381'))?.address).to.equal('2001:db8::1:6381');
      expect(redirectionOf(reply('MOVED 1 :6381'))?.address).to.equal(':6381');
    });

    for (const other of [
      'CLUSTERDOWN The cluster is down',
      'TRYAGAIN Multiple keys request during rehashing of slot',
      'ERR MOVED 1 h:1',
      'MOVED',
      'MOVED x h:1',
    ]) {
      it(`is none in ${other}`, () => {
        expect(redirectionOf(reply(other))).to.equal(undefined);
        expect(redirectionOf(refused(other))).to.equal(undefined);
      });
    }

    it('is none in what is no error of Redis', () => {
      for (const none of [
        undefined,
        null,
        'MOVED 1 h:1',
        redisError(new Error('Connection is closed.'), 'GET', true),
      ])
        expect(redirectionOf(none)).to.equal(undefined);
    });
  });

  for (const [message, elsewhere, misplaced] of [
    ['MOVED 1 h:1', true, true],
    ["READONLY You can't write against a read only replica.", true, true],
    ['ASK 1 h:1', true, false],
    ['TRYAGAIN Multiple keys request during rehashing of slot', true, false],
    ['CLUSTERDOWN Hash slot not served', true, false],
    ['LOADING Redis is loading the dataset in memory', false, false],
    ['OOM command not allowed', false, false],
    ['NOSCRIPT No matching script.', false, false],
  ] as const) {
    const [code] = message.split(' ');
    it(`${code} passes, was not executed, and is ${elsewhere ? '' : 'not '}for another server to answer`, () => {
      const error = refused(message);
      expect(error).to.deep.include({ code: 'RedisRefused', details: { command: 'PTTL', reply: code } });
      expect(isPassing(error)).to.equal(true);
      expect(mayHaveExecuted(error)).to.equal(false);
      expect(isElsewhere(error)).to.equal(elsewhere);
      expect(isMisplaced(error)).to.equal(misplaced);
    });
  }

  it('an answer that never came is for nobody else to give: it may have been executed', () => {
    const error = redisError(new Error('Connection is closed.'), 'PTTL', true);
    expect(mayHaveExecuted(error)).to.equal(true);
    expect(isElsewhere(error)).to.equal(false);
  });
});
