import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { historyOf, soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('finishing a stream', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('acknowledges and deletes its entry, and releases its lock and its name [C-DONE-1, C-HAND-7]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    const ids = await announce(['one', 'two']);
    await log.count('StreamAdded', 2);
    const redis = suite.redis();
    const [id] = ids as [string, string];
    expect(await redis.exists(names.lock('one', id))).to.equal(1);
    expect(await redis.hget(names.owners, 'one')).to.equal(id);

    await runtime.done({ id });

    expect(await redis.xrange(names.lbs, id, id)).to.deep.equal([]);
    expect(await redis.xpending(names.lbs, names.group, id, id, 1)).to.deep.equal([]);
    expect(await redis.exists(names.lock('one', id))).to.equal(0);
    expect(await redis.hget(names.owners, 'one')).to.equal(null);
    expect(await redis.xlen(names.lbs), 'the other one stays').to.equal(1);
    expect(runtime.owned('one')).to.equal(undefined);
    await soundHistory(redis, fleet(), ids);
  });

  it('releases the lock only after the entry is no longer pending [C-DONE-1]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    await announce(['watched']);
    const { id } = await log.first('StreamAdded', 'watched');
    const commands: string[] = [];
    const monitor = await suite.connect().monitor();
    monitor.on('monitor', (_time: string, args: string[]) => commands.push(args.join(' ')));

    await runtime.done({ id });
    await eventually('the monitor has seen the release', () =>
      commands.some((one) => /^del .*MUTEX_KEY_SEP/i.test(one)),
    );
    monitor.disconnect();

    const at = (pattern: RegExp) => commands.findIndex((one) => pattern.test(one));
    const lock = names.lock('watched', id);
    expect(at(/^xack /i))
      .to.be.at.least(0)
      .and.below(at(/^xdel /i));
    expect(at(/^xdel /i)).to.be.below(
      commands.findIndex((one) => one.toLowerCase() === `del ${lock}`.toLowerCase()),
    );
  });

  it('can be done once only [C-DONE-2]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce(['once', 'again']);
    await log.count('StreamAdded', 2);
    const [once, again] = [runtime.owned('once'), runtime.owned('again')];

    await once?.done();
    const after = await rejection(once?.done() ?? Promise.resolve());
    expect(isStreamwardenError(after, 'StreamNotOwned')).to.equal(true);

    const first = again?.done();
    const during = await rejection(again?.done() ?? Promise.resolve());
    expect(isStreamwardenError(during, 'StreamNotOwned')).to.equal(true);
    await first;
    const finished = (await historyOf(suite.redis(), fleet())).filter(({ op }) => op === 'finished');
    expect(finished).to.have.lengthOf(2);
  });

  it('is refused for what this consumer does not own [C-DONE-2]', async () => {
    const { announce, listening, names } = fleet();
    const { log, runtime } = await listening({ capacity: 1 });
    const [, id] = await announce(['mine', 'not mine']);
    await log.first('StreamAdded', 'mine');
    const other = await listening();
    await other.log.first('StreamAdded', 'not mine');

    for (const unknown of [id as string, '1-1', 'no id at all']) {
      const error = await rejection(runtime.done({ id: unknown }));
      expect(error).to.include({ code: 'StreamNotOwned', retriable: false });
    }
    expect(await suite.redis().xlen(names.lbs)).to.equal(2);
  });

  it('many at once takes them off one by one', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ notificationBuffer: 1000 });
    const ids = await announce(streamNames(1000));
    await log.count('StreamAdded', 1000);

    await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));

    const redis = suite.redis();
    expect(await redis.xlen(names.lbs)).to.equal(0);
    expect(await redis.xpending(names.lbs, names.group)).to.deep.equal([0, null, null, null]);
    expect(await redis.keys('*MUTEX_KEY_SEP*')).to.deep.equal([]);
    expect(await redis.hkeys(names.owners)).to.deep.equal(['']);
    expect(runtime.snapshot()).to.deep.include({ owned: 0, streams: [] });
    await soundHistory(redis, fleet(), ids);
  });

  it('leaves it as it was for others when it had been taken over [C-DONE-4, C-LOST-2]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    await announce(['taken']);
    const { id } = await log.first('StreamAdded', 'taken');
    // As a consumer of the Go client does, which looks at no presence.
    await suite.redis().xclaim(names.lbs, names.group, 'somebody-else', 0, id);

    const error = await rejection(runtime.done({ id }));
    expect(error).to.include({ code: 'StreamNotOwned' });
    expect(await suite.redis().xlen(names.lbs)).to.equal(1);
    expect(await log.first('StreamDisowned', 'taken')).to.include({ reason: 'takenOver' });
  });
});
