import { expect } from 'chai';
import type { Runtime, StopReport, StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { historyOf, soundHistory } from '../support/history.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('stopping', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** Everything that a consumer may leave behind. */
  async function traces(consumer: string): Promise<object> {
    const { names } = fleet();
    const redis = suite.redis();
    const rows = (await redis.xinfo('CONSUMERS', names.lbs, names.group)) as string[][];
    return {
      inGroup: rows.some((row) => row.includes(consumer)),
      presence: await redis.exists(names.presence(consumer)),
      locks: await redis.keys('*MUTEX_KEY_SEP*'),
    };
  }
  const none = { inGroup: false, presence: 0, locks: [] };

  function connectionsClosed(consumer: string): Promise<unknown> {
    return eventually('its connections are closed', async () => {
      return !String(await suite.redis().client('LIST')).includes(`streamwarden:${consumer}:`);
    });
  }

  it('hands every stream over, no retry spent, and leaves nothing behind [C-STOP-1, C-STOP-2]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    const ids = await announce(streamNames(250));
    await log.count('StreamAdded', 250);
    const handles = [...runtime.ownedStreams()] as StreamHandle[];
    const signals = handles.map(({ signal }) => signal);

    const report = await runtime.stop();

    expect(report).to.deep.equal({ mode: 'handOver', handedOver: 250, stragglers: [], abandoned: [] });
    expect(signals.every(({ aborted, reason }) => aborted && reason.code === 'RuntimeStopped')).to.equal(
      true,
    );
    expect(await traces(runtime.consumer)).to.deep.equal(none);
    await connectionsClosed(runtime.consumer);
    const next = await listening();
    const added = await next.log.count('StreamAdded', 250);
    expect(added.every(({ retryCount }) => retryCount === 0)).to.equal(true);
    expect((await soundHistory(suite.redis(), fleet(), ids)).handedOver).to.equal(250);
  });

  it('gives back what was delivered to it unheard, and what is parked goes out after what it owned [C-STOP-2, C-NAME-7]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    await announce(['twin', 'twin']);
    await eventually('one is parked', () => runtime.snapshot().counters.parked === 1);
    await runtime.pause();
    await announce(['unheard']);
    await suite
      .redis()
      .xreadgroup('GROUP', names.group, runtime.consumer, 'COUNT', 1, 'STREAMS', names.lbs, '>');

    expect(await runtime.stop()).to.deep.include({ handedOver: 2, abandoned: [] });
    expect(await traces(runtime.consumer)).to.deep.equal(none);
    expect(log.added).to.deep.equal(['twin']);
    const next = await listening();
    const added = await next.log.count('StreamAdded', 2);
    expect(added.every(({ retryCount }) => retryCount === 0)).to.equal(true);
  });

  it('swallows nothing that is added meanwhile [C-STOP-2]', async () => {
    const { announce, start, listening } = fleet();
    for (const round of [1, 2, 3, 4, 5]) {
      const runtime = await start();
      const adding = announce(streamNames(20, `round-${round}`));
      const stopping = runtime.stop();
      await Promise.all([adding, stopping, announce([`late-${round}`])]);
      await announce([`after-${round}`]);
    }
    const { log } = await listening();
    const added = await log.count('StreamAdded', 5 * 22);
    expect(added.every(({ retryCount }) => retryCount === 0)).to.equal(true);
    expect(new Set(log.added).size).to.equal(110);
  });

  it("with 'finish' waits for the handlers, and reads nothing new [C-STOP-4]", async () => {
    const { announce, create, names } = fleet();
    const runtime = create();
    const finish = new Map<string, () => void>();
    runtime.process(({ name }) => new Promise<void>((resolve) => finish.set(name, resolve)));
    await runtime.start();
    const ids = await announce(['one', 'two']);
    await eventually('both run', () => finish.size === 2);

    const stopping = runtime.stop({ mode: 'finish' });
    await announce(['three']);
    expect(runtime.state).to.equal('draining');
    expect(runtime.owned('one')?.signal.aborted).to.equal(false);
    const until = runtime.owned('one')?.validUntil ?? 0;
    await eventually('the lease is kept', () => (runtime.owned('one')?.validUntil ?? 0) > until);
    finish.get('one')?.();
    finish.get('two')?.();

    expect(await stopping).to.deep.equal({ mode: 'finish', handedOver: 0, stragglers: [], abandoned: [] });
    expect(finish.size).to.equal(2);
    expect(await suite.redis().xlen(names.lbs), 'three is left for others').to.equal(1);
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(2);
  });

  it("with 'finish' hands over what is left when its time is over [C-STOP-4]", async () => {
    const { announce, create, listening } = fleet();
    const runtime = create({ heartbeatMs: keepable(300), handOverGraceMs: keepable(500) });
    runtime.process(
      ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await runtime.start();
    await announce(['endless']);
    await eventually('it runs', () => runtime.owned('endless') !== undefined);

    const report = await runtime.stop({ mode: 'finish', timeoutMs: keepable(2000) });
    expect(report).to.deep.equal({ mode: 'finish', handedOver: 1, stragglers: [], abandoned: [] });
    const { log } = await listening();
    expect(await log.first('StreamAdded', 'endless')).to.include({ retryCount: 0 });
  });

  it('names handlers that ignore their signal, and hands their streams over all the same [C-STOP-1, C-STOP-3, C-LOST-4, C-HAND-4]', async () => {
    const { announce, create, listening } = fleet();
    const runtime = create({ handOverGraceMs: 100 });
    let release = () => {};
    let begun = 0;
    runtime.process(({ name, signal }) => {
      begun += 1;
      return name === 'deaf'
        ? new Promise<void>((resolve) => {
            release = resolve;
          })
        : new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    await runtime.start();
    await announce(['deaf', 'good']);
    await eventually('both run', () => begun === 2);

    expect(await runtime.stop()).to.deep.equal({
      mode: 'handOver',
      handedOver: 2,
      stragglers: ['deaf'],
      abandoned: [],
    });
    const { log } = await listening();
    await log.count('StreamAdded', 2);
    release();
    expect((await historyOf(suite.redis(), fleet())).filter(({ op }) => op === 'finished')).to.deep.equal([]);
  });

  it('waits no longer for handlers than they need [C-STOP-2, C-HAND-5]', async () => {
    const { announce, create } = fleet();
    const runtime = create({ handOverGraceMs: 60_000 });
    runtime.process(
      ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await runtime.start();
    await announce(['quick']);
    await eventually('it runs', () => runtime.owned('quick') !== undefined);
    const { handedOver, stragglers } = await runtime.stop();
    expect({ handedOver, stragglers }).to.deep.equal({ handedOver: 1, stragglers: [] });
  });

  it("with 'abandon' tells Redis nothing, names what it left, and closes everything [C-STOP-1, C-STOP-5]", async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ heartbeatMs: 5000 });
    const [id] = (await announce(['left'])) as [string];
    await log.first('StreamAdded', 'left');
    const { signal } = runtime.owned('left') as StreamHandle;

    expect(await runtime.stop({ mode: 'abandon' })).to.deep.equal({
      mode: 'abandon',
      handedOver: 0,
      stragglers: [],
      abandoned: ['left'],
    });
    expect(signal.aborted).to.equal(true);
    expect(await suite.redis().exists(names.presence(runtime.consumer), names.lock('left', id))).to.equal(2);
    expect(await suite.redis().xpending(names.lbs, names.group, id, id, 1)).to.have.lengthOf(1);
  });

  it('spends the retry of a handler that had failed before [C-STOP-2]', async () => {
    const { announce, create, listening } = fleet();
    const runtime = create({ handlerBackoff: { initialMs: 60_000, maxMs: 60_000 } });
    runtime.process(() => {
      throw new Error('no');
    });
    await runtime.start();
    await announce(['failed']);
    await eventually('the handler has failed', () => runtime.snapshot().counters.handlerFailures === 1);
    expect((await runtime.stop()).handedOver).to.equal(1);
    const { log } = await listening();
    expect(await log.first('StreamAdded', 'failed')).to.include({ retryCount: 1 });
  });

  it('twice is the same as once [C-STOP-1]', async () => {
    const { start } = fleet();
    const runtime = await start();
    const [one, two] = await Promise.all([runtime.stop(), runtime.stop()]);
    expect(one).to.deep.equal(two);
    expect(await runtime.stop()).to.deep.equal(one);
    expect(runtime.state).to.equal('stopped');
    expect(await runtime.closed).to.deep.equal({ error: null });
  });

  it('can be made harder, not softer, while it is under way [C-STOP-7]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    runtime.process(
      ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await runtime.start();
    await announce(['endless']);
    await eventually('it runs', () => runtime.owned('endless') !== undefined);

    const finishing = runtime.stop({ mode: 'finish' });
    const handingOver = runtime.stop({ mode: 'handOver' });
    const softer = runtime.stop({ mode: 'finish' });
    const expected: StopReport = { mode: 'handOver', handedOver: 1, stragglers: [], abandoned: [] };
    expect(await Promise.all([finishing, handingOver, softer])).to.deep.equal([expected, expected, expected]);
  });

  for (const [how, stop] of [
    ['when its time is over', (runtime: Runtime) => runtime.stop({ timeoutMs: 300 })],
    [
      'when it is told not to wait any longer',
      async (runtime: Runtime) => {
        const waiting = runtime.stop();
        await runtime.stop({ mode: 'abandon' });
        return waiting;
      },
    ],
  ] as const) {
    it(`abandons what a handler holds on to ${how} [C-STOP-5, C-STOP-6, C-STOP-7]`, async () => {
      const { announce, create, listening } = fleet();
      const runtime = create({ heartbeatMs: keepable(500), handOverGraceMs: 60_000 });
      let release = () => {};
      runtime.process(
        () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
      );
      await runtime.start();
      await announce(['held']);
      await eventually('it runs', () => runtime.owned('held') !== undefined);

      expect(await stop(runtime)).to.deep.include({ handedOver: 0, abandoned: ['held'] });
      release();
      const { log } = await listening({ heartbeatMs: keepable(500) });
      expect(await log.first('StreamAdded', 'held')).to.include({ retryCount: 1 });
    });
  }

  it('is given the time that the last call asks for [C-STOP-7]', async () => {
    const { announce, create } = fleet();
    const runtime = create({ handOverGraceMs: 60_000 });
    let release = () => {};
    runtime.process(() => new Promise<void>((resolve) => (release = resolve)));
    await runtime.start();
    await announce(['held']);
    await eventually('it runs', () => runtime.owned('held') ?? null);
    const patient = runtime.stop({ timeoutMs: 60_000 });
    const began = performance.now();
    const report = await runtime.stop({ timeoutMs: 200 });
    expect(performance.now() - began).to.be.within(195, allowedMs(200));
    expect(report).to.deep.include({ handedOver: 0, abandoned: ['held'] });
    expect(await patient).to.deep.equal(report);
    release();
  });

  it("takes a minute more with 'finish' unless it is told otherwise [C-STOP-6]", async () => {
    const { announce, create } = fleet();
    const delays: number[] = [];
    const clock = {
      setTimeout: (callback: () => void, delayMs: number) => {
        delays.push(delayMs);
        return setTimeout(callback, delayMs);
      },
      clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
    } as never;
    // Not one that a slow machine keeps: its other timers must stay short beside the minute.
    const heartbeatMs = 1000;
    const runtime = create({ heartbeatMs, handOverGraceMs: 2000, clock });
    await runtime.start();
    await announce(['held']);
    await eventually('it is owned', () => runtime.owned('held') ?? null);
    const stopping = runtime.stop({ mode: 'finish' });
    const long = await eventually('it waits for what is owned', () => {
      const longer = delays.filter((delay) => delay > 30_000);
      return longer.length > 1 && longer;
    });
    const whole = 60_000 + 2000 + 5 * heartbeatMs;
    expect(long[0]).to.be.within(whole - 1000, whole);
    const finishing = whole - 2000 - heartbeatMs;
    expect(long.at(-1)).to.be.within(finishing - 1000, finishing);
    await runtime.owned('held')?.done();
    expect(await stopping).to.deep.equal({ mode: 'finish', handedOver: 0, stragglers: [], abandoned: [] });
  });

  it('during start() ends the start without an error and closes everything [C-STOP-8]', async () => {
    const { create } = fleet();
    const runtime = create();
    const starting = runtime.start();
    await runtime.stop();
    expect(await starting).to.equal('stopped');
    expect(runtime.state).to.equal('stopped');
    expect(await runtime.closed).to.deep.equal({ error: null });
  });

  it('before start() leaves nothing to start [C-STOP-8]', async () => {
    const { create } = fleet();
    const runtime = create();
    expect(await runtime.stop()).to.deep.equal({
      mode: 'handOver',
      handedOver: 0,
      stragglers: [],
      abandoned: [],
    });
    expect(await runtime.start()).to.equal('stopped');
  });

  it('happens at the end of a block that owns the runtime [C-STOP-9]', async () => {
    const { create } = fleet();
    let consumer = '';
    let closed: Promise<unknown> = Promise.resolve();
    {
      await using runtime = create();
      await runtime.start();
      ({ consumer, closed } = runtime);
    }
    expect(await closed).to.deep.equal({ error: null });
    expect(await traces(consumer)).to.deep.equal(none);
    await connectionsClosed(consumer);
  });

  it('rejects what is asked of the runtime afterwards [C-STA-5, C-TERM-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    const [id] = (await announce(['over'])) as [string];
    await log.first('StreamAdded', 'over');
    const handle = runtime.owned('over') as StreamHandle;
    await runtime.stop();
    for (const asked of [runtime.done({ id }), handle.done(), handle.release(), runtime.start()]) {
      expect(await rejection(asked))
        .to.have.property('code')
        .that.is.oneOf(['StreamNotOwned', 'RuntimeStopped']);
    }
    expect(runtime.health()).to.deep.include({ live: true, ready: false });
  });
});

describe('starting', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('twice is the same as once [C-STA-5]', async () => {
    const { create } = fleet();
    const runtime = create();
    expect(runtime.state).to.equal('idle');
    const first = runtime.start();
    expect(runtime.start()).to.equal(first);
    await first;
    expect(runtime.state).to.equal('running');
    await runtime.start();
    expect(runtime.health()).to.deep.equal({ live: true, ready: true, reasons: [] });
  });
});
