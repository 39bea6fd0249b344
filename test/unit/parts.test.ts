/** Small pure parts of the runtime that have no file of their own to be tested in. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { systemClock } from '../../src/core/clock.js';
import { StreamwardenError } from '../../src/core/errors.js';
import { commandTimeoutFor } from '../../src/redis/connections.js';
import { withDeadline } from '../../src/redis/deadline.js';
import { suffices, widen } from '../../src/redis/keyspace-config.js';
import {
  isPassing,
  mayHaveExecuted,
  neverSent,
  redisError,
  replyOf,
  unanswered,
} from '../../src/redis/reply-errors.js';
import { rejection } from '../support/rejection.js';
import { trackedClock } from '../support/tracked-clock.js';

describe('notify-keyspace-events', () => {
  it('suffices with K, E and x, or with A for all classes', () => {
    for (const setting of ['KEx', 'xKE', 'AKE', 'KEA', 'g$lszxeKE', 'AKEx'])
      expect(suffices(setting), setting).to.equal(true);
    for (const setting of ['', 'K', 'KE', 'Kx', 'Ex', 'A', 'AK', 'kex', 'KEX'])
      expect(suffices(setting), setting).to.equal(false);
  });

  it('is widened by what is missing, and nothing is dropped', () => {
    expect(widen('')).to.equal('KEx');
    expect(widen('Kg$')).to.equal('Kg$Ex');
    expect(widen('A')).to.equal('AKE');
    expect(widen('AKE')).to.equal('AKE');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'KEg$lshzxetdmnA') }), (setting) => {
        const wide = widen(setting);
        expect(suffices(wide)).to.equal(true);
        for (const letter of setting) expect(wide).to.include(letter);
        expect(widen(wide)).to.equal(wide);
      }),
    );
  });
});

describe('what Redis or ioredis says of a failure', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

  it('is passing where time or a failover heals it', () => {
    for (const text of [
      'LOADING Redis is loading',
      "READONLY You can't write",
      'OOM command not allowed',
      'NOGROUP No such',
      'MISCONF Errors',
      'BUSY Redis is busy',
      'CLUSTERDOWN x',
      'UNBLOCKED x',
    ]) {
      const error = redisError(reply(text), 'XADD', true);
      expect(error, text).to.include({ code: 'RedisRefused', retriable: true });
      expect(isPassing(error)).to.equal(true);
      expect(replyOf(error)).to.equal(text.split(' ')[0]);
      expect(mayHaveExecuted(error)).to.equal(false);
    }
  });

  it('is for good where it is not', () => {
    for (const text of [
      'WRONGTYPE Operation against',
      'ERR unknown command',
      'NOAUTH Authentication required.',
    ]) {
      const error = redisError(reply(text), 'XADD', true);
      expect(error, text).to.include({ code: 'RedisRefused', retriable: false });
    }
  });

  it('is a lack of permission, inside a script as well', () => {
    for (const text of [
      "NOPERM this user has no permissions to run the 'xadd' command",
      "ERR The user executing the script can't run this command or subcommand script: abc, on @user_script:1.",
      "ERR ACL failure in script: User me has no permissions to run the 'xadd' command script: abc",
    ]) {
      const error = redisError(reply(text), 'script done', true);
      expect(error, text).to.include({ code: 'PermissionDenied', retriable: false });
      expect(replyOf(error)).to.equal('NOPERM');
    }
  });

  it('is a refusal of the lease where a script of ours says so', () => {
    expect(redisError(reply('SWLAPSED presence has expired'), 'x', true)).to.deep.include({
      code: 'LeaseRefused',
      retriable: true,
      details: { command: 'x', reply: 'SWLAPSED', reason: 'lapsed' },
    });
    expect(redisError(reply('SWSTALE 17'), 'x', true).details).to.include({
      reason: 'stale',
      generation: 17,
    });
    const mismatch = redisError(reply('SWPROTOCOL owners are written in another format: v2'), 'x', true);
    expect(mismatch).to.include({ code: 'ProtocolMismatch', retriable: false });
    expect(mismatch.message).to.equal('owners are written in another format: v2');
  });

  it('tells never sent from no answer', () => {
    expect(mayHaveExecuted(unanswered('XADD'))).to.equal(true);
    expect(mayHaveExecuted(neverSent('XADD'))).to.equal(false);
    const refused = new Error('connect ECONNREFUSED 127.0.0.1:1');
    expect(mayHaveExecuted(redisError(refused, 'XADD', false))).to.equal(false);
    const notWriteable = new Error("Stream isn't writeable and enableOfflineQueue options is false");
    expect(mayHaveExecuted(redisError(notWriteable, 'XADD', true))).to.equal(false);
    // The connection was up when it was given to ioredis: it may have left.
    expect(mayHaveExecuted(redisError(new Error('Connection is closed.'), 'XADD', true))).to.equal(true);
    for (const error of [unanswered('x'), neverSent('x')]) expect(isPassing(error)).to.equal(true);
  });

  it('does not repeat credentials', () => {
    const cause = new Error('getaddrinfo ENOTFOUND redis://user:secret@host');
    expect(neverSent('XADD', cause).message).not.to.include('secret');
    expect(redisError(reply("ERR unknown command 'AUTH user secret'"), 'x', true).message).not.to.include(
      'secret',
    );
  });

  it('stays what it is when it is ours already, and is never mistaken when it is a bug', () => {
    const ours = new StreamwardenError('RuntimeStopped', 'x');
    expect(redisError(ours, 'XADD', true)).to.equal(ours);
    expect(isPassing(new TypeError('a bug'))).to.equal(false);
    expect(replyOf(new TypeError('a bug'))).to.equal(undefined);
  });
});

describe('a deadline', () => {
  it('lets an answer through and leaves no timer', async () => {
    const clock = trackedClock();
    expect(await withDeadline(clock, 10_000, Promise.resolve(7), () => new Error('late'))).to.equal(7);
    expect(clock.running).to.equal(0);
  });

  it('rejects with what is made when it passes', async () => {
    const never = new Promise<never>(() => {});
    expect((await rejection(withDeadline(systemClock, 1, never, () => new Error('late')))).message).to.equal(
      'late',
    );
  });

  it('lets an answer win that came while the event loop was blocked', async () => {
    const answer = new Promise((resolve) => setTimeout(resolve, 5, 'in time'));
    const waiting = withDeadline(systemClock, 1, answer, () => new Error('late'));
    const until = performance.now() + 30;
    while (performance.now() < until);
    expect(await waiting).to.equal('in time');
  });

  it('of a command is well below a third of the lease', () => {
    for (const heartbeat of [400, 2000, 600_000])
      expect(commandTimeoutFor(heartbeat)).to.be.below(heartbeat / 3);
  });
});
