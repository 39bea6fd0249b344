import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import type { CommandFault } from '../../src/testing/fault-proxy.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { historyOf, soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

// A command is executed and its answer is lost. Whatever the script: its effect is there once, and the runtime finds out or says
// that it does not know (contract, 'done during an outage').
describe('a reply that is lost after execution', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);

  /** Strikes the next call of a script. */
  function lose(name: ScriptName, fault: CommandFault = 'cutReply') {
    const { sha } = SCRIPTS[name];
    return proxy().arm({
      fault,
      matches: ([command = '', first]) => /^evalsha$/i.test(command) && first === sha,
    });
  }

  const through = () => ({ redis: proxy().url });
  const ops = async () => (await historyOf(suite.redis(), fleet())).map(({ op }) => op);

  for (const fault of ['cutReply', 'swallowReply'] as const) {
    describe(fault === 'cutReply' ? 'with its connection' : 'on a connection that stays open', () => {
      it('of raise: the runtime starts all the same', async () => {
        const armed = lose('raise', fault);
        const runtime = await fleet().start(through());
        expect(armed.struck).to.equal(1);
        expect(runtime.snapshot().lease.generation).to.be.greaterThan(1);
      });

      it('of refresh: the lease goes on, nothing is lost', async () => {
        const [id] = await fleet().announce(['a']);
        const { runtime, log } = await fleet().listening(through());
        await log.first('StreamAdded', 'a');
        const armed = lose('refresh', fault);
        await armed.first;
        const { generation } = runtime.snapshot().lease;
        await eventually('a new generation, confirmed', () => {
          const { lease } = runtime.snapshot();
          return lease.generation > generation && runtime.health().ready;
        });
        expect(runtime.owned('a')?.id).to.equal(id);
        expect(log.of('StreamDisowned')).to.deep.equal([]);
        expect(await ops()).to.deep.equal(['acquired']);
      });

      for (const script of ['take-locks', 'acquire'] as const) {
        it(`of ${script}: the stream is given out, once [C-ADD-2, C-ADD-5]`, async () => {
          const { runtime, log } = await fleet().listening(through());
          const armed = lose(script, fault);
          const [id] = await fleet().announce(['a']);
          await armed.first;
          await log.first('StreamAdded', 'a');
          expect(runtime.owned('a')?.id).to.equal(id);
          await runtime.done({ id: id as string });
          expect(log.added).to.deep.equal(['a']);
          expect(await ops()).to.deep.equal(['acquired', 'finished']);
        });
      }

      it('of extend-locks: the lock and the stream stay', async () => {
        const [id] = await fleet().announce(['a']);
        const { runtime, log } = await fleet().listening(through());
        await log.first('StreamAdded', 'a');
        const armed = lose('extend-locks', fault);
        await armed.first;
        await eventually('a lease that is confirmed again', () => runtime.health().ready);
        await eventually('the lock', () => suite.redis().exists(fleet().names.lock('a', id as string)));
        expect(log.of('StreamDisowned')).to.deep.equal([]);
        expect(runtime.owned('a')).not.to.equal(undefined);
      });

      it('of done: it is finished once, and the caller is told that nobody knows [C-DONE-5]', async () => {
        const [id] = await fleet().announce(['a']);
        const { runtime, log } = await fleet().listening(through());
        await log.first('StreamAdded', 'a');
        const armed = lose('done', fault);
        const error = await rejection(runtime.done({ id: id as string }));
        expect(armed.struck).to.equal(1);
        expect(isStreamwardenError(error, 'OutcomeUnknown'), String(error)).to.equal(true);
        expect(await ops()).to.deep.equal(['acquired', 'finished']);
        expect(log.of('StreamDisowned')).to.deep.equal([]);
        expect(runtime.snapshot().counters.unknownOutcomes).to.equal(1);
      });

      it('of release-locks: the stream is finished, its lock runs out', async () => {
        const [id] = await fleet().announce(['a']);
        const { runtime, log } = await fleet().listening(through());
        await log.first('StreamAdded', 'a');
        const armed = lose('release-locks', fault);
        await runtime.done({ id: id as string });
        expect(armed.struck).to.equal(1);
        await eventually(
          'no lock',
          async () => (await suite.redis().exists(fleet().names.lock('a', id as string))) === 0,
        );
        expect(await ops()).to.deep.equal(['acquired', 'finished']);
      });

      it('of give-back: the stream goes back once, with no retry spent [C-REL-3]', async () => {
        const [id] = await fleet().announce(['a']);
        const { runtime, log } = await fleet().listening(through());
        await log.first('StreamAdded', 'a');
        await runtime.pause();
        const armed = lose('give-back', fault);
        await runtime.release({ id: id as string });
        expect(armed.struck).to.equal(1);
        const entries = await suite.redis().xrange(fleet().names.lbs, '-', '+');
        expect(entries).to.have.lengthOf(1);
        expect(entries[0]?.[1].slice(-2)).to.deep.equal(['_retry_count', '0']);
        expect(log.of('StreamDisowned')).to.deep.equal([]);
        await soundHistory(suite.redis(), fleet(), [id as string]);
      });

      it('of requeue: the stream of a dead owner goes back once', async () => {
        const ids = await fleet().announce(['a']);
        const { runtime: victim, log: seen } = await fleet().listening();
        await seen.first('StreamAdded', 'a');
        const { log } = await fleet().listening(through());
        const armed = lose('requeue', fault);
        await victim.stop({ mode: 'abandon' });
        await armed.first;
        const added = await log.first('StreamAdded', 'a');
        expect(added.retryCount).to.equal(1);
        expect(await ops()).to.deep.equal(['acquired', 'requeued', 'acquired']);
        await soundHistory(suite.redis(), fleet(), ids);
      });

      it('of leave: the runtime stops, its consumer is gone', async () => {
        // Else what is lost is the answer that the script is not known, and it is not executed.
        await suite.redis().script('LOAD', SCRIPTS.leave.source);
        const runtime = await fleet().start(through());
        const armed = lose('leave', fault);
        await runtime.stop();
        expect(armed.struck).to.equal(1);
        expect(await suite.redis().xinfo('CONSUMERS', fleet().names.lbs, fleet().names.group)).to.deep.equal(
          [],
        );
      });
    });
  }

  it('of a read: the entries in it are adopted, and given out once [C-ADD-2, C-ADD-5]', async () => {
    const { runtime, log } = await fleet().listening(through());
    const armed = proxy().arm({
      fault: 'cutReply',
      matches: ([command = '']) => /^xreadgroup$/i.test(command),
    });
    // The read that is parked now has passed already; the one after it is struck.
    await fleet().announce(['a']);
    await log.first('StreamAdded', 'a');
    await armed.first;
    await fleet().announce(['b']);
    await log.first('StreamAdded', 'b');
    expect(log.added).to.deep.equal(['a', 'b']);
    expect(runtime.snapshot().owned).to.equal(2);
  });

  it('of taking more of what waits: what was read before is given out, and what was taken is adopted [C-ADD-2, C-ADD-5]', async () => {
    await suite.redis().script('LOAD', SCRIPTS.take.source);
    const { runtime, log } = await fleet().listening(through());
    await runtime.pause();
    const armed = lose('take', 'cutReply');
    await fleet().announce(['a', 'b', 'c', 'd']);
    runtime.resume();
    await armed.first;
    await eventually('all are added', () => log.added.length === 4);
    expect([...log.added].sort()).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(runtime.snapshot().owned).to.equal(4);
  });
});
