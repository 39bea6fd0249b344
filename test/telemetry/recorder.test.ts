import { expect } from 'chai';
import type { MetricsRecorder } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

type Method = keyof MetricsRecorder;

/** Keeps what it is told, by its own `this`. */
class Kept implements MetricsRecorder {
  readonly calls: [Method, Record<string, unknown>][] = [];

  of(method: Method): Record<string, unknown>[] {
    return this.calls.filter(([name]) => name === method).map(([, facts]) => facts);
  }

  recordStartupRecovery = (facts: object) => this.#keep('recordStartupRecovery', facts);
  recordReconciliationScan = (facts: object) => this.#keep('recordReconciliationScan', facts);
  recordClaimAttempt = (facts: object) => this.#keep('recordClaimAttempt', facts);
  recordLockExtensionAttempt = (facts: object) => this.#keep('recordLockExtensionAttempt', facts);
  recordLockReleaseAttempt = (facts: object) => this.#keep('recordLockReleaseAttempt', facts);
  recordStreamProcessingStart = (facts: object) => this.#keep('recordStreamProcessingStart', facts);
  recordStreamProcessingEnd = (facts: object) => this.#keep('recordStreamProcessingEnd', facts);
  recordKspNotification = (facts: object) => this.#keep('recordKspNotification', facts);
  recordReQueue = (facts: object) => this.#keep('recordReQueue', facts);
  recordDLQRouting = (facts: object) => this.#keep('recordDLQRouting', facts);
  recordMasterKeyspaceSetup = (facts: object) => this.#keep('recordMasterKeyspaceSetup', facts);

  recordLockAcquisitionAttempt(facts: object): void {
    this.#keep('recordLockAcquisitionAttempt', facts);
  }

  #keep(method: Method, facts: object): void {
    this.calls.push([method, facts as Record<string, unknown>]);
  }
}

describe('a recorder of metrics', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('is told of starting, working, giving back and dead-lettering [C-REC-1]', async () => {
    const recorder = new Kept();
    const runtime = fleet().create({ recorder, maxRetries: 0, handlerBackoff: { initialMs: 1, maxMs: 1 } });
    runtime.process(async ({ name, signal }) => {
      if (name === 'bad') throw new Error('no');
      if (name === 'stays') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await runtime.start();
    await fleet().announce(['good', 'bad', 'stays']);
    await eventually('the bad one is dead-lettered', () => recorder.of('recordDLQRouting').length === 1);
    const missing = await rejection(runtime.claim({ id: '1-1' }));
    expect(missing).to.have.property('code', 'AlreadyClaimed');
    await eventually('the first scan is over', () => recorder.of('recordStartupRecovery').length > 0);
    await eventually('locks are prolonged', () => recorder.of('recordLockExtensionAttempt').length > 0);
    await runtime.stop();

    expect(recorder.of('recordMasterKeyspaceSetup')[0])
      .to.include({ error: null })
      .and.to.have.property('master');
    expect(recorder.of('recordStartupRecovery')).to.have.length(1);
    expect(recorder.of('recordStartupRecovery')[0]).to.include({
      requeued: 0,
      deadLettered: 0,
      ownerAlive: 0,
      error: null,
    });
    const acquired = recorder.of('recordLockAcquisitionAttempt');
    expect(acquired.reduce((sum, { owned }) => sum + Number(owned), 0)).to.equal(3);
    expect(recorder.of('recordClaimAttempt')).to.have.length(1);
    expect(recorder.of('recordClaimAttempt')[0]).to.include({ id: '1-1', error: 'AlreadyClaimed' });
    expect(recorder.of('recordDLQRouting')).to.deep.equal([{ reason: 'failed', count: 1 }]);
    expect(recorder.of('recordLockExtensionAttempt')[0]).to.include({ missing: 0, foreign: 0, error: null });
    expect(recorder.of('recordReQueue').filter(({ requeued }) => requeued === 1)).to.have.length(1);

    const begun = recorder.of('recordStreamProcessingStart').map(({ stream }) => stream);
    expect(begun.toSorted()).to.deep.equal(['bad', 'good', 'stays']);
    const ended = recorder.of('recordStreamProcessingEnd').map(({ stream, outcome }) => [stream, outcome]);
    expect(Object.fromEntries(ended)).to.deep.equal({ bad: 'failed', good: 'done', stays: 'aborted' });
    for (const { durationMs } of recorder.of('recordStreamProcessingEnd'))
      expect(durationMs).to.be.at.least(0);
  });

  it('is told of what an application has that reads notifications [C-REC-1]', async () => {
    const recorder = new Kept();
    const { runtime, log } = await fleet().listening({ recorder });
    const [id] = await fleet().announce(['one', 'two']);
    await log.count('StreamAdded', 2);
    await runtime.done({ id: id as string });
    await runtime.stop({ mode: 'abandon' });
    const ended = recorder.of('recordStreamProcessingEnd').map(({ stream, outcome }) => [stream, outcome]);
    expect(Object.fromEntries(ended)).to.deep.equal({ one: 'done', two: 'aborted' });
  });

  it('that throws disturbs nothing, and is logged [C-APP-2]', async () => {
    const recorder: MetricsRecorder = new Proxy(
      {},
      { get: () => () => Promise.reject(new Error('no room')) },
    );
    const throwing: MetricsRecorder = new Proxy(
      {},
      {
        get: () => () => {
          throw new Error('no room');
        },
      },
    );
    for (const given of [recorder, throwing]) {
      const lines: string[] = [];
      const note = (_fields: object, message: string) => void lines.push(message);
      const runtime = fleet().create({
        recorder: given,
        logger: { debug: () => {}, info: () => {}, warn: note, error: note },
      });
      const done: string[] = [];
      runtime.process(({ name }) => void done.push(name));
      await runtime.start();
      await fleet().announce(['one']);
      await eventually('it is done', async () => (await suite.redis().xlen(fleet().names.lbs)) === 0);
      await runtime.stop();
      expect(done).to.deep.equal(['one']);
      expect(lines).to.include('a recorder of metrics threw');
    }
  });
});
