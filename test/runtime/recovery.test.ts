import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { historyOf, soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const heartbeatMs = keepable(500);

describe('streams of a consumer that died', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  for (const keyspaceEvents of ['require', 'off'] as const) {
    it(`go to the others, each once, one retry spent (keyspaceEvents: '${keyspaceEvents}') [C-EXP-2, C-EXP-5, C-DEG-3]`, async () => {
      const { announce, listening, names } = fleet();
      const options = { heartbeatMs, keyspaceEvents, notificationBuffer: 1000 };
      const victim = await listening(options);
      const ids = await announce(streamNames(300));
      await victim.log.count('StreamAdded', 300);
      const others = [await listening(options), await listening(options)];

      const killedAt = performance.now();
      await victim.runtime.stop({ mode: 'abandon' });
      const added = () => others.flatMap(({ log }) => log.of('StreamAdded'));
      await eventually('all are taken over', () => added().length >= 300);
      // For whoever reads the log of a run: a heartbeat and a little is what it should take.
      if (process.env.SHOW_TIMES) console.log(`moved in ${Math.round(performance.now() - killedAt)} ms`);

      expect(added()).to.have.lengthOf(300);
      expect(new Set(added().map(({ stream }) => stream)).size).to.equal(300);
      expect(added().every(({ retryCount }) => retryCount === 1)).to.equal(true);
      const report = await soundHistory(suite.redis(), fleet(), ids);
      expect(report.recovered).to.equal(300);
      await eventually('the dead consumer leaves the group', async () => {
        const rows = (await suite.redis().xinfo('CONSUMERS', names.lbs, names.group)) as string[][];
        return rows.length === 2;
      });
    });
  }

  it('are told of once each, by the one that takes them [C-EXP-3, C-EXP-5]', async () => {
    const { announce, listening } = fleet();
    const victim = await listening({ heartbeatMs });
    await announce(streamNames(50), { of: 'victim' });
    await victim.log.count('StreamAdded', 50);
    const others = [await listening({ heartbeatMs }), await listening({ heartbeatMs })];
    await victim.runtime.stop({ mode: 'abandon' });

    const all = () => others.flatMap(({ log }) => log.all);
    await eventually('all are added', () => all().filter(({ type }) => type === 'StreamAdded').length === 50);
    const expired = others.flatMap(({ log }) => log.of('StreamExpired'));
    expect(expired.map(({ stream }) => stream).sort()).to.deep.equal(streamNames(50).sort());
    for (const one of expired) {
      expect(one).to.deep.include({
        owner: victim.runtime.consumer,
        autoClaim: true,
        count: 1,
        info: { of: 'victim' },
      });
    }
  });

  it('keep their retry count when no application ever had them [C-EXP-5]', async () => {
    const { announce, listening, create, names } = fleet();
    const { log } = await listening({ heartbeatMs, capacity: 1 });
    await announce(['blocks']);
    await log.first('StreamAdded', 'blocks');
    // Delivered, and then its reader died before it could verify anything.
    const victim = create().consumer;
    const [id] = await announce(['delivered']);
    await suite.redis().xreadgroup('GROUP', names.group, victim, 'COUNT', 1, 'STREAMS', names.lbs, '>');

    const { log: other } = await listening({ heartbeatMs });
    expect(await other.first('StreamAdded', 'delivered')).to.include({ retryCount: 0 });
    expect(id).to.be.a('string');
  });

  it('go to the dead-letter stream when their retries are used up [C-EXP-6, C-POI-2]', async () => {
    const { announce, listening, names } = fleet();
    const victim = await listening({ heartbeatMs, maxRetries: 0 });
    const ids = await announce(['last life']);
    await victim.log.first('StreamAdded');
    const other = await listening({ heartbeatMs, maxRetries: 0 });
    await victim.runtime.stop({ mode: 'abandon' });

    await eventually('it is dead-lettered', () => other.runtime.snapshot().counters.deadLettered === 1);
    const [letter] = await suite.redis().xrange(names.dlq, '-', '+');
    expect(letter?.[1]).to.include.members(['max_retries_exceeded', '_retry_count', '1']);
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.deadLettered).to.equal(1);
  });

  it('go there when four owners have died, where three retries are allowed and nothing else was begun with them [C-EXP-6, C-POI-11]', async () => {
    const { announce, listening, names } = fleet();
    let owner = await listening({ heartbeatMs: keepable(300) });
    const ids = await announce(['fatal']);
    for (const retryCount of [0, 1, 2, 3]) {
      expect(await owner.log.first('StreamAdded', 'fatal')).to.include({ retryCount });
      // At once: the last one dies in the second in which the stream is on trial.
      await owner.runtime.stop({ mode: 'abandon' });
      owner = await listening({ heartbeatMs: keepable(300) });
    }
    await eventually('it is dead-lettered', () => owner.runtime.snapshot().counters.deadLettered === 1);
    const [letter] = await suite.redis().xrange(names.dlq, '-', '+');
    expect(letter?.[1]).to.include.members(['max_retries_exceeded', '_retry_count', '4']);
    expect((await soundHistory(suite.redis(), fleet(), ids)).recovered).to.be.at.least(3);
  });

  it('are taken once however many take them [C-CLM-1]', async () => {
    const { announce, listening, create, names } = fleet();
    const victim = await listening({ heartbeatMs });
    const ids = await announce(streamNames(20));
    await victim.log.count('StreamAdded', 20);
    const claimers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        // Their own sweeps would have to wait for a long time.
        const runtime = create({
          heartbeatMs: 60_000,
          minIdleMs: 60_000,
          capacity: 1,
          keyspaceEvents: 'off',
        });
        await runtime.start();
        return runtime;
      }),
    );
    await victim.runtime.stop({ mode: 'abandon' });
    const redis = suite.redis();
    await redis.del(names.presence(victim.runtime.consumer), ...(await redis.keys('*MUTEX_KEY_SEP*')));

    const results = await Promise.allSettled(
      ids.flatMap((id) => claimers.map((claimer) => claimer.claim({ id }))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(20);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).to.include({ code: 'AlreadyClaimed' });
    }
    const requeued = (await historyOf(redis, fleet())).filter(({ op }) => op === 'requeued');
    expect(requeued).to.have.lengthOf(20);
    expect(await redis.xlen(names.lbs)).to.equal(20);
  });

  it('are not taken from an owner that is slow but alive, however often is looked [C-EXP-1, C-CLM-1]', async () => {
    const { announce, listening } = fleet();
    const owner = await listening({ heartbeatMs: keepable(1000) });
    await announce(['slow work']);
    const { id } = await owner.log.first('StreamAdded');
    const other = await listening({
      heartbeatMs: keepable(300),
      minIdleMs: keepable(300),
      reconcileEveryMs: 100,
      reconcileJitter: 0,
    });

    await eventually('many scans have seen it', () => {
      const { scans, lastScan } = other.runtime.snapshot().reconciler;
      return scans >= 8 && lastScan?.lockAlive === 1;
    });
    expect(owner.runtime.owned('slow work')?.id).to.equal(id);
    expect(other.log.all).to.deep.equal([]);
    const error = await rejection(other.runtime.claim({ id }));
    expect(error).to.include({ code: 'OwnerAlive' });
  });

  it('are known by their presence alone where no locks are kept [C-EXP-1]', async () => {
    const { announce, listening } = fleet();
    const options = { heartbeatMs, lockKeys: false };
    const victim = await listening(options);
    const ids = await announce(['unlocked']);
    const { id } = await victim.log.first('StreamAdded');
    const other = await listening(options);
    expect(await rejection(other.runtime.claim({ id }))).to.include({ code: 'OwnerAlive' });
    expect(await suite.redis().keys('*MUTEX_KEY_SEP*')).to.deep.equal([]);

    await victim.runtime.stop({ mode: 'abandon' });
    expect(await other.log.first('StreamAdded', 'unlocked')).to.include({ retryCount: 1 });
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('are scanned for at times that chance spreads', async () => {
    const { create } = fleet();
    const chances = [0, 0.25, 0.5, 0.75];
    let at = 0;
    const delays: number[] = [];
    const runtime = create({
      heartbeatMs: keepable(200),
      minIdleMs: keepable(200),
      reconcileEveryMs: 131,
      reconcileJitter: 1,
      keyspaceEvents: 'off',
      clock: {
        random: () => chances[at++ % chances.length] as number,
        setTimeout: (callback: () => void, delayMs: number) => {
          delays.push(delayMs);
          return setTimeout(callback, delayMs);
        },
        clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
      } as never,
    });
    await runtime.start();
    await eventually('some scans are over', () => runtime.snapshot().reconciler.scans >= 5);
    const possible = chances.map((chance) => 131 * (1 + chance));
    const drawn = delays.filter((delay) => possible.includes(delay));
    expect(new Set(drawn).size, `drawn: ${drawn.join(', ')}`).to.be.at.least(3);
    await runtime.stop();
  });
});
