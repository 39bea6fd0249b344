import { expect } from 'chai';
import type { Stores } from '../../src/actors/kernel.js';
import { isStreamwardenError, StreamwardenError } from '../../src/index.js';
import { dueConsumer } from '../../src/redis/due-consumer.js';
import { unanswered } from '../../src/redis/reply-errors.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { deadLetters } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { GoConsumer } from '../support/go-consumer.js';
import { historyOf, soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { type FleetOptions, streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';

const layout = { dlqIsLocal: false, locksAreLocal: false };
const EXCEEDED = dueConsumer('max_retries_exceeded');
const heartbeatMs = keepable(400);
const quick = { heartbeatMs, maxRetries: 0, handlerBackoff: { initialMs: 1, maxMs: 5 } };
const outOfReach = () => new StreamwardenError('RedisUnavailable', 'out of reach', { retriable: true });

/** A store whose letters are refused for as long as `isDown`. `tries`: when it was asked, on the monotonic clock. */
function breakable() {
  const state = { isDown: true, tries: [] as number[] };
  return {
    state,
    decorate: (stores: Stores): Stores => ({
      ...stores,
      deadLetters: {
        add: async (letters) => {
          state.tries.push(performance.now());
          return state.isDown ? letters.map(outOfReach) : await stores.deadLetters.add(letters);
        },
      },
    }),
  };
}

// On one server, but everything is done as in a cluster where nothing but the incarnations' own keys shares the load balancer
// stream's slot.
describe('keys that live apart', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);

  function create(options: FleetOptions<unknown> = {}, decorate: (stores: Stores) => Stores = (all) => all) {
    return fleet().create({ ...quick, ...options }, { layout, stores: decorate });
  }

  async function failing(decorate?: (stores: Stores) => Stores, options?: FleetOptions<unknown>) {
    const runtime = create(options, decorate);
    runtime.process((stream) => {
      if (stream.name.startsWith('bad')) throw new Error('no');
    });
    await runtime.start();
    return runtime;
  }

  async function listening(options?: FleetOptions<unknown>, decorate?: (stores: Stores) => Stores) {
    const runtime = create(options, decorate);
    await runtime.start();
    return { runtime, log: fleet().listen(runtime) };
  }

  const letters = () => deadLetters(suite.redis(), fleet().names.dlq);
  const dead = (runtime: TestRuntime<unknown>) => runtime.snapshot().counters.deadLettered;
  const isDue = async () =>
    (await suite.redis().xpending(fleet().names.lbs, fleet().names.group, '-', '+', 1000, EXCEEDED)).length;

  describe('the dead-letter stream', () => {
    it('is given what failed for the last time, and what cannot be parsed', async () => {
      const runtime = await failing();
      const ids = await fleet().announce(['bad']);
      const bytes = Buffer.from([0, 255, 254, 128, 10]);
      const junk = await suite.redis().xadd(fleet().names.lbs, '*', bytes, bytes, 'lbs-input', bytes);
      await eventually('both are there', () => dead(runtime) === 2);
      const found = await letters();
      expect(found.map(({ fields }) => fields._dlq_reason).sort()).to.deep.equal([
        'max_retries_exceeded',
        'unparseable',
      ]);
      const unparseable = found.find(({ fields }) => fields._dlq_reason === 'unparseable');
      expect(unparseable?.raw.slice(0, 4)).to.deep.equal([bytes, bytes, Buffer.from('lbs-input'), bytes]);
      expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(0);
      const report = await soundHistory(suite.redis(), fleet(), [...ids, junk as string]);
      expect(report.ends.deadLettered).to.equal(2);
      await eventually('no lock is left', async () => (await suite.redis().keys('*MUTEX*')).length === 0);
    });

    it('is given what an owner took with it to the grave', async () => {
      const victim = await listening();
      const ids = await fleet().announce(['last life']);
      await victim.log.first('StreamAdded');
      const other = await listening();
      await victim.runtime.stop({ mode: 'abandon' });
      await eventually('it is there', () => dead(other.runtime) === 1);
      expect(await letters()).to.have.lengthOf(1);
      expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLettered).to.equal(1);
    });

    it('that is out of reach holds nobody up; what is due waits, and is written once when it is back', async () => {
      const { state, decorate } = breakable();
      const runtime = await failing(decorate);
      const began = performance.now();
      const ids = await fleet().announce(['bad', 'bad']);
      await eventually('both wait', async () => (await isDue()) === 2);
      await eventually('both have left our hands', () => runtime.snapshot().owned === 0);
      const good = await fleet().announce(['good']);
      await eventually('others are worked on', () => runtime.snapshot().counters.finished === 1);
      await eventually('it is tried again', () => state.tries.length >= 3);
      // Until then it could as well be somebody slow who is just writing it.
      expect((state.tries[2] as number) - began).to.be.greaterThan(2 * heartbeatMs);
      expect(dead(runtime)).to.equal(0);
      expect(runtime.state).to.equal('running');
      expect(await letters()).to.deep.equal([]);
      state.isDown = false;
      await eventually('both are written', () => dead(runtime) === 2);
      expect(await letters()).to.have.lengthOf(2);
      const report = await soundHistory(suite.redis(), fleet(), [...ids, ...good]);
      expect(report.ends).to.include({ deadLettered: 2, finished: 1 });
      expect(report.chains.get(ids[0] as string)?.owners).to.equal(1);
    });

    it('that is out of reach does not hold up a stop either', async () => {
      const { decorate } = breakable();
      const runtime = await failing(decorate);
      const ids = await fleet().announce(['bad']);
      await eventually('it waits', async () => (await isDue()) === 1);
      expect(await runtime.stop()).to.deep.include({ handedOver: 0, abandoned: [] });
      // Nobody is left; whoever comes next finds it.
      const next = await failing(undefined, { autoClaim: false });
      await eventually('it is written', () => dead(next) === 1);
      expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLettered).to.equal(1);
    });

    it('gets the letter of an owner who died between deciding and writing', async () => {
      const victim = await failing((stores) => ({
        ...stores,
        due: { ...stores.due, claim: () => Promise.reject(outOfReach()) },
      }));
      const ids = await fleet().announce(['bad']);
      await eventually('it is decided', async () => (await isDue()) === 1);
      await victim.stop({ mode: 'abandon' });
      expect(await letters()).to.deep.equal([]);
      const other = await failing();
      await eventually('it is written', () => dead(other) === 1);
      expect(await letters()).to.have.lengthOf(1);
      expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLettered).to.equal(1);
    });

    it('gets at worst a second letter of an owner who died between writing and acknowledging', async () => {
      const victim = await failing((stores) => ({
        ...stores,
        due: { ...stores.due, finish: () => Promise.reject(unanswered('script finish-due-letters')) },
      }));
      const ids = await fleet().announce(['bad']);
      await eventually('it is written', async () => (await letters()).length === 1);
      await victim.stop({ mode: 'abandon' });
      const other = await failing();
      await eventually('it is acknowledged', () => dead(other) === 1);
      const [one, two, ...more] = await letters();
      expect(more).to.deep.equal([]);
      const { _failures, _dlq_error, _dlq_owner, _dlq_at, ...facts } = one?.fields ?? {};
      expect({ _failures, _dlq_owner }).to.deep.equal({ _failures: '1', _dlq_owner: victim.consumer });
      expect(_dlq_error).to.match(/^\{"name":"Error"/);
      // Whoever finds it due does not know why.
      expect(Object.keys(two?.fields ?? {})).to.deep.equal([
        'lbs-input',
        '_retry_count',
        '_dlq_at',
        '_dlq_reason',
      ]);
      expect(two?.fields).to.include(facts);
      const report = await soundHistory(suite.redis(), fleet(), ids);
      expect(report.ends.deadLettered).to.equal(1);
      expect(report.chains.get(ids[0] as string)?.owners).to.equal(1);
    });

    it('gets every letter once although a whole fleet looks for what is due', async () => {
      const { state, decorate } = breakable();
      const victim = await failing(decorate);
      const ids = await fleet().announce(streamNames(450, 'bad'));
      await eventually('all wait', async () => (await isDue()) === 450);
      await victim.stop({ mode: 'abandon' });
      expect(state.tries).not.to.deep.equal([]);
      // As unhurried as under load none takes an entry up while another one is writing its letter.
      const calm = { heartbeatMs: keepable(1000) };
      const rest = await Promise.all([1, 2, 3].map(() => failing(undefined, calm)));
      await eventually(
        'all are written',
        () => rest.reduce((sum, runtime) => sum + dead(runtime), 0) === 450,
      );
      expect(await letters()).to.have.lengthOf(450);
      expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLettered).to.equal(450);
    });

    for (const [script, most] of [
      ['claim-due-letters', 1],
      ['add-dead-letter', 2],
      ['finish-due-letters', 1],
    ] as const) {
      it(`gets the letter, ${most === 1 ? 'once' : 'at worst twice'}, when the reply of ${script} is lost`, async () => {
        const runtime = await failing(undefined, { redis: proxy().url });
        const { sha } = SCRIPTS[script];
        const armed = proxy().arm({
          fault: 'cutReply',
          matches: ([command = '', first]) => /^evalsha$/i.test(command) && first === sha,
        });
        // Else what is lost is the answer that the script is not known, and it is not executed.
        await suite.redis().script('LOAD', SCRIPTS[script].source);
        const ids = await fleet().announce(['bad']);
        await armed.first;
        await eventually(
          'the entry is gone',
          async () => (await suite.redis().xlen(fleet().names.lbs)) === 0,
        );
        expect(await letters()).to.have.lengthOf(most);
        expect(runtime.state).to.equal('running');
        expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLettered).to.equal(1);
      });
    }

    it('has what waits for it: there is nothing to claim', async () => {
      const { decorate } = breakable();
      const runtime = await failing(decorate);
      const [id] = await fleet().announce(['bad']);
      await eventually('it waits', async () => (await isDue()) === 1);
      const error = await rejection(runtime.claim({ id: id as string }));
      expect(isStreamwardenError(error, 'AlreadyClaimed'), String(error)).to.equal(true);
      expect(await isDue()).to.equal(1);
    });

    it('keeps from everybody else what has waited for it for long', async () => {
      const { decorate } = breakable();
      const victim = await failing(decorate);
      const ids = await fleet().announce(['bad']);
      await eventually('it waits', async () => (await isDue()) === 1);
      await victim.stop();
      const { lbs, group } = fleet().names;
      await suite.redis().xclaim(lbs, group, EXCEEDED, 0, ids[0] as string, 'IDLE', 60_000, 'JUSTID');
      const other = await failing(breakable().decorate);
      const scan = await eventually('a scan', () => other.snapshot().reconciler.lastScan);
      expect(scan).to.include({ pending: 1, requeued: 0, deadLettered: 0 });
      expect(await isDue()).to.equal(1);
      expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLetterDue).to.equal(1);
    });

    it('is named once while it is out of reach, and when it is back', async () => {
      const said: string[] = [];
      const note = (_fields: object, message: string) => {
        if (message.includes('can be written') || message.includes('cannot be written')) said.push(message);
      };
      const logger = { debug: note, info: note, warn: note, error: note };
      const { state, decorate } = breakable();
      const runtime = await failing(decorate, { logger });
      await fleet().announce(['bad', 'bad as well']);
      await eventually('it is tried again', () => state.tries.length >= 4);
      state.isDown = false;
      await eventually('both are written', () => dead(runtime) === 2);
      expect(said).to.deep.equal([
        'the dead-letter stream cannot be written; what is due for it waits',
        'the dead-letter stream can be written again',
      ]);
    });
  });

  describe('locks', () => {
    it('that stand keep the streams of a dead owner from being taken, for as long as they do', async () => {
      const victim = await listening({ maxRetries: 3 });
      const [id] = await fleet().announce(['one']);
      await victim.log.first('StreamAdded');
      const other = await listening({ maxRetries: 3 });
      const key = fleet().names.lock('one', id as string);
      await suite.redis().set(key, 'somebody', 'PX', 60_000);
      await victim.runtime.stop({ mode: 'abandon' });
      const asked = other.runtime.snapshot().reconciler.sweeps;
      await eventually('it is looked for', () => other.runtime.snapshot().reconciler.sweeps > asked + 4);
      expect(other.log.added).to.deep.equal([]);
      const error = await rejection(other.runtime.claim({ id: id as string }));
      expect(isStreamwardenError(error, 'OwnerAlive'), String(error)).to.equal(true);
      await suite.redis().del(key);
      expect(await other.log.first('StreamAdded', 'one')).to.include({ retryCount: 1 });
      await soundHistory(suite.redis(), fleet(), [id as string]);
    });

    it('are asked for one by one: of several the free ones are taken', async () => {
      const victim = await listening({ maxRetries: 3 });
      const ids = await fleet().announce(['locked', 'free', 'free too']);
      await victim.log.count('StreamAdded', 3);
      const other = await listening({ maxRetries: 3 });
      await suite.redis().set(fleet().names.lock('locked', ids[0] as string), 'somebody');
      await victim.runtime.stop({ mode: 'abandon' });
      await other.log.count('StreamAdded', 2);
      expect([...other.log.added].sort()).to.deep.equal(['free', 'free too']);
    });

    describe('that cannot be asked for', () => {
      const unknown = (stores: Stores): Stores => ({
        ...stores,
        group: { ...stores.group, timesToLive: async (keys) => keys.map(outOfReach) },
      });

      it('keep no stream of ours from being taken: presence decides', async () => {
        const victim = await listening({ maxRetries: 3 });
        await fleet().announce(['one']);
        await victim.log.first('StreamAdded');
        const other = await listening({ maxRetries: 3 }, unknown);
        await victim.runtime.stop({ mode: 'abandon' });
        expect(await other.log.first('StreamAdded', 'one')).to.include({ retryCount: 1 });
      });

      it('keep those of a consumer of the Go client where they are', async () => {
        const { names, announce } = fleet();
        await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
        const [id] = await announce(['of Go']);
        const go = new GoConsumer(suite.redis(), names);
        await go.age(await go.read(1), 60_000);
        const { runtime, log } = await listening({ keyspaceEvents: 'off' }, unknown);
        const scan = await eventually('a scan', () => runtime.snapshot().reconciler.lastScan);
        expect(scan).to.include({ lockAlive: 1, requeued: 0 });
        expect(log.added).to.deep.equal([]);
        expect((await historyOf(suite.redis(), fleet())).length).to.equal(0);
        const error = await rejection(runtime.claim({ id: id as string }));
        expect(isStreamwardenError(error, 'OwnerAlive'), String(error)).to.equal(true);
      });
    });

    it('of a consumer of the Go client that are gone let its streams be taken', async () => {
      const { names, announce } = fleet();
      await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
      await announce(['of Go']);
      const go = new GoConsumer(suite.redis(), names);
      await go.age(await go.read(1), 60_000);
      const { log } = await listening({ keyspaceEvents: 'off', maxRetries: 3 });
      expect(await log.first('StreamAdded', 'of Go')).to.include({ retryCount: 1 });
    });
  });
});
