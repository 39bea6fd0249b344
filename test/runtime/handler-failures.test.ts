import { expect } from 'chai';
import { type StreamRef, UnrecoverableError } from '../../src/index.js';
import { deadLetters } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { historyOf, soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const quick = { handlerBackoff: { initialMs: 1, maxMs: 5 } };

/** When an entry was added, epoch milliseconds. */
const timeOf = (id = '') => Number(id.split('-')[0]);

describe('a handler that fails', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  for (const [how, fail] of [
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ] as const) {
    it(`spends a retry when it ${how}, until there are none left [C-HAND-3, C-POI-2]`, async () => {
      const { announce, create, names } = fleet();
      const runtime = create({ ...quick, maxRetries: 2 });
      const counts: number[] = [];
      runtime.process((stream) => {
        counts.push(stream.retryCount);
        return fail();
      });
      await runtime.start();
      const ids = await announce(['bad']);

      await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
      expect(counts).to.deep.equal([0, 1, 2]);
      const [letter] = await deadLetters(suite.redis(), names.dlq);
      const { _dlq_at: at, _dlq_error: error, ...fields } = letter?.fields ?? {};
      expect(fields).to.deep.equal({
        'lbs-input': '{"DataStreamName":"bad"}',
        _retry_count: '3',
        _failures: '3',
        _dlq_owner: runtime.consumer,
        _dlq_reason: 'max_retries_exceeded',
      });
      // Within the script that wrote it, which asks for the time first.
      expect(Number(at)).to.be.within(timeOf(ids[0]), timeOf(letter?.id));
      expect(JSON.parse(error ?? '')).to.include({ name: 'Error', message: 'no' });
      expect(JSON.parse(error ?? '').stack).to.match(/^Error: no\n +at /);
      expect(await suite.redis().xlen(names.lbs)).to.equal(0);
      expect(runtime.snapshot().counters).to.include({ handlerFailures: 3, requeued: 2, deadLettered: 1 });
      const report = await soundHistory(suite.redis(), fleet(), ids);
      expect(report.ends.deadLettered).to.equal(1);
      await eventually(
        'its locks are released',
        async () => (await suite.redis().keys('*MUTEX*')).length === 0,
      );
    });
  }

  it('keeps its stream, lock and all, until the back-off is over [C-HAND-3]', async () => {
    const { announce, create, names } = fleet();
    const runtime = create({ handlerBackoff: { initialMs: 60_000, maxMs: 60_000 } });
    runtime.process(() => {
      throw new Error('no');
    });
    await runtime.start();
    const [id] = (await announce(['kept'])) as [string];
    await eventually('the handler has failed', () => runtime.snapshot().counters.handlerFailures === 1);

    expect(runtime.snapshot().streams).to.deep.include.members([
      { ...runtime.snapshot().streams[0], name: 'kept', state: 'backingOff' },
    ]);
    const until = runtime.owned('kept')?.validUntil ?? 0;
    await eventually('heartbeats go on', () => (runtime.owned('kept')?.validUntil ?? 0) > until + 1000);
    expect(await suite.redis().pttl(names.lock('kept', id))).to.be.above(0);
    expect((await historyOf(suite.redis(), fleet())).map(({ op }) => op)).to.deep.equal(['acquired']);
  });

  it('waits for a time that doubles and is drawn by chance [C-HAND-3]', async () => {
    const delays: number[] = [];
    const { announce, create } = fleet();
    const runtime = create({
      maxRetries: 4,
      handlerBackoff: { initialMs: 8, maxMs: 40 },
      clock: { random: () => 0.5 } as never,
      logger: {
        debug: () => {},
        info: () => {},
        error: () => {},
        warn: (fields) => {
          if (typeof fields.delayMs === 'number') delays.push(fields.delayMs);
        },
      },
    });
    runtime.process(() => Promise.reject(new Error('no')));
    await runtime.start();
    await announce(['slow']);
    await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
    // Three quarters of 8, 16, 32, 40 (64), 40 (128).
    expect(delays).to.deep.equal([6, 12, 24, 30, 30]);
  });

  it('has its application asked for the delay, where handlerBackoff is a function [C-HAND-3]', async () => {
    const asked: unknown[] = [];
    const { announce, create } = fleet();
    const runtime = create({
      maxRetries: 2,
      handlerBackoff: (attempt, error) => {
        asked.push([attempt, (error as Error).message]);
        return attempt;
      },
      onError: () => undefined,
    });
    runtime.process(() => Promise.reject(new Error('no')));
    await runtime.start();
    await announce(['asked']);
    await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
    expect(asked).to.deep.equal([
      [1, 'no'],
      [2, 'no'],
      [3, 'no'],
    ]);
  });

  it('may finish or release its stream itself during the back-off [C-HAND-3]', async () => {
    const { announce, create, names } = fleet();
    const runtime = create({ handlerBackoff: { initialMs: 60_000, maxMs: 60_000 } });
    runtime.process(() => Promise.reject(new Error('no')));
    await runtime.start();
    await announce(['by hand']);
    await eventually('the handler has failed', () => runtime.snapshot().counters.handlerFailures === 1);
    await runtime.owned('by hand')?.done();
    expect(await suite.redis().xlen(names.lbs)).to.equal(0);
  });

  it('keeps every field of the entry, byte for byte and in order, on requeue and in the dead-letter stream', async () => {
    const { create, names } = fleet();
    const bytes = Buffer.from([0, 255, 128, 10, 13, 200]);
    const payload = '{ "dataSTREAMname" : "odd", "INFO":{"k":1}, "extra": [1] }';
    const original = [
      Buffer.from('first'),
      bytes,
      bytes,
      Buffer.from('binary name'),
      Buffer.from('lbs-input'),
      Buffer.from(payload),
      Buffer.from('traceparent'),
      Buffer.from('00-ab-cd-01'),
      Buffer.from('twice'),
      Buffer.from('1'),
      Buffer.from('twice'),
      Buffer.from('2'),
    ];
    const runtime = create({ ...quick, maxRetries: 1, dlqStream: 'letters' });
    runtime.process(() => Promise.reject(new Error('no')));
    await runtime.start();
    await suite.redis().xadd(names.lbs, '*', ...original);

    await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
    const [letter] = await deadLetters(suite.redis(), 'letters');
    expect(letter?.raw.slice(0, original.length)).to.deep.equal(original);
    const added = letter?.raw.slice(original.length).map(String) ?? [];
    expect(added.filter((_, index) => index % 2 === 0)).to.deep.equal([
      '_retry_count', '_failures', '_dlq_error', '_dlq_owner', '_dlq_at', '_dlq_reason',
    ]); // biome-ignore format: one list
    expect(await suite.redis().exists(names.dlq)).to.equal(0);
  });

  it('spends no retry with what it throws once its signal has aborted [C-HAND-5, C-LOST-4]', async () => {
    const { announce, create } = fleet();
    const runtime = create({ ...quick });
    let began = () => {};
    const running = new Promise<void>((resolve) => {
      began = resolve;
    });
    runtime.process(
      (stream) =>
        new Promise((_resolve, reject) => {
          stream.signal.addEventListener('abort', () => reject(stream.signal.reason as Error));
          began();
        }),
    );
    await runtime.start();
    await announce(['aborted']);
    await running;

    expect(await runtime.stop()).to.deep.equal({
      mode: 'handOver',
      handedOver: 1,
      stragglers: [],
      abandoned: [],
    });
    const { log } = await fleet().listening();
    expect(await log.first('StreamAdded', 'aborted')).to.include({ retryCount: 0 });
    expect(runtime.snapshot().counters.handlerFailures).to.equal(0);
  });

  for (const [what, thrown] of [
    ['an UnrecoverableError', new UnrecoverableError('there is no such order')],
    ['an error that says so', Object.assign(new Error('there is no such order'), { unrecoverable: true })],
  ] as const) {
    it(`dead-letters the stream at once when it throws ${what}, its retry count as it was [C-FAIL-3]`, async () => {
      const { announce, create, listen, names } = fleet();
      const runtime = create({
        handlerBackoff: { initialMs: 60_000, maxMs: 60_000 },
        onError: () => undefined,
      });
      const log = listen(runtime);
      const aborted: unknown[] = [];
      runtime.process(({ signal }) => {
        signal.addEventListener('abort', () => aborted.push(signal.reason));
        throw thrown;
      });
      await runtime.start();
      const [id] = await announce(['hopeless']);
      await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);

      const [letter] = await deadLetters(suite.redis(), names.dlq);
      expect(letter?.fields).to.include({ _retry_count: '0', _failures: '1', _dlq_reason: 'rejected' });
      expect(JSON.parse(letter?.fields._dlq_error ?? '')).to.include({ message: thrown.message });
      const [failed] = log.all.flatMap((told) => (told.type === 'StreamFailed' ? [told] : []));
      expect(failed).to.include({
        stream: 'hopeless',
        id,
        error: thrown,
        failures: 1,
        deaths: 0,
        retryAt: null,
      });
      expect(log.all.find(({ type }) => type === 'StreamDeadLettered')).to.include({
        stream: 'hopeless',
        id,
        reason: 'rejected',
        letterId: letter?.id,
        count: 1,
      });
      expect(aborted).to.have.length(1);
      expect(aborted[0]).to.include({ code: 'StreamReleased', cause: thrown });
      expect(await suite.redis().xlen(names.lbs)).to.equal(0);
      expect(runtime.snapshot().counters.handlerFailures).to.equal(1);
    });
  }

  it('that cannot be asked whether a try can succeed spends a retry, like any other', async () => {
    const { announce, create, names } = fleet();
    const runtime = create({ ...quick, maxRetries: 0, onError: () => undefined });
    const hostile = Object.defineProperty(new Error('no'), 'unrecoverable', {
      get: () => {
        throw new Error('nor this');
      },
    });
    runtime.process(() => Promise.reject(hostile));
    await runtime.start();
    await announce(['bad']);
    await eventually('it is dead-lettered', () => runtime.snapshot().counters.deadLettered === 1);
    const [letter] = await deadLetters(suite.redis(), names.dlq);
    expect(letter?.fields).to.include({ _retry_count: '1', _dlq_reason: 'max_retries_exceeded' });
  });

  it('may still be finished by whoever is told of it, although no try can succeed [C-FAIL-3]', async () => {
    const { announce, create, names } = fleet();
    const runtime = create({
      ...quick,
      onError: (_error, { stream }) => void runtime.owned(stream)?.done(),
    });
    runtime.process(() => Promise.reject(new UnrecoverableError('no')));
    await runtime.start();
    await announce(['bad']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(await suite.redis().xlen(names.dlq)).to.equal(0);
  });

  it('fills the dead-letter stream to its cap, and what is trimmed is counted [C-POI-4]', async () => {
    const { announce, create, names } = fleet();
    const warnings: string[] = [];
    const note = (_fields: object, message: string) => void warnings.push(message);
    const runtime = create({
      ...quick,
      maxRetries: 0,
      dlqMaxLen: 200,
      logger: { debug: () => {}, info: () => {}, warn: note, error: note },
    });
    runtime.process(() => Promise.reject(new Error('no')));
    await runtime.start();
    await announce(streamNames(500));
    await eventually('all are dead-lettered', () => runtime.snapshot().counters.deadLettered === 500);

    const length = await suite.redis().xlen(names.dlq);
    expect(length).to.be.below(500);
    expect(runtime.snapshot().counters.deadLettersTrimmed).to.equal(500 - length);
    expect(warnings).to.include('the dead-letter stream is nearly full');
    expect(warnings.some((text) => text.includes('trimmed away'))).to.equal(true);
  });

  it('loses no dead letter where there is no cap', async () => {
    const { announce, create, names } = fleet();
    const runtime = create({ ...quick, maxRetries: 0, dlqMaxLen: 0 });
    runtime.process(() => Promise.reject(new Error('no')));
    await runtime.start();
    await announce(streamNames(300));
    await eventually('all are dead-lettered', () => runtime.snapshot().counters.deadLettered === 300);
    expect(await suite.redis().xlen(names.dlq)).to.equal(300);
    expect(runtime.snapshot().counters.deadLettersTrimmed).to.equal(0);
  });

  it('is told with the error: to the log, to onError, to whoever reads, in the snapshot and in a recording [C-FAIL-1]', async () => {
    const { announce, create, listen } = fleet();
    const lines: Readonly<Record<string, unknown>>[] = [];
    const line = () => {};
    const heard: [unknown, StreamRef][] = [];
    const runtime = create({
      handlerBackoff: { initialMs: 20, maxMs: 20 },
      logger: { debug: line, info: line, error: line, warn: (fields) => lines.push(fields) },
      onError: (error, stream) => {
        heard.push([error, stream]);
        throw new Error('an onError that throws is logged, and nothing else');
      },
    });
    const log = listen(runtime);
    const thrown = Object.assign(new Error('the payment is late'), { code: 'ELATE' });
    runtime.process(({ retryCount }) => {
      if (retryCount === 0) throw thrown;
    });
    await runtime.start();
    const [id] = await announce(['one']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);

    const ref = { stream: 'one', id, info: null, retryCount: 0 };
    expect(heard).to.deep.equal([[thrown, ref]]);
    expect(lines.filter(({ err }) => err === thrown)).to.have.length(1);
    const [failed] = log.all.flatMap((told) => (told.type === 'StreamFailed' ? [told] : []));
    expect(failed).to.deep.include({ ...ref, error: thrown });
    expect(Number(failed?.retryAt) - Number(failed?.at)).to.be.within(10, 20);
    expect(runtime.snapshot().failures).to.have.length(1);
    expect(runtime.snapshot().failures[0]).to.deep.include({
      child: `handler/${id}`,
      error: { code: 'ELATE', message: 'the payment is late' },
    });
  });
});
