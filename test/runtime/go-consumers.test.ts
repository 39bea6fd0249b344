import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { GoConsumer } from '../support/go-consumer.js';
import { hangingMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('consumers of the Go client in the same group', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** A group in which a Go consumer has read these streams and holds their locks. */
  async function goOwns(
    streams: readonly string[],
    lockMs?: number,
  ): Promise<{ go: GoConsumer; ids: string[] }> {
    const { announce, names } = fleet();
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    await announce(streams);
    const go = new GoConsumer(suite.redis(), names);
    const ids = await go.read(streams.length, lockMs);
    await go.age(ids, 60_000);
    return { go, ids };
  }

  it('have their streams taken over as soon as a lock expires', async () => {
    const { listening, names } = fleet();
    const { go, ids } = await goOwns(['gone', 'here'], hangingMs());
    const { log, runtime } = await listening({ heartbeatMs: keepable(400) });
    await eventually('the first scan is over', () => runtime.snapshot().reconciler.scans > 0);
    await suite.redis().pexpire(names.lock('gone', ids[0] as string), 20);

    expect(await log.first('StreamExpired', 'gone')).to.include({
      owner: go.name,
      id: ids[0],
      autoClaim: true,
    });
    expect(await log.first('StreamAdded', 'gone')).to.include({ retryCount: 1 });
    expect(log.all).to.have.lengthOf(2);
    expect(await suite.redis().pttl(names.lock('here', ids[1] as string))).to.be.above(0);
  });

  it('have their streams taken over by the scan alone where there are no events [C-DEG-3]', async () => {
    const { listening } = fleet();
    const { ids } = await goOwns(streamNames(120));
    const { log, runtime } = await listening({
      heartbeatMs: keepable(400),
      keyspaceEvents: 'off',
      scanBatch: 7,
    });
    expect(runtime.snapshot().recovery).to.equal('polling');

    await log.count('StreamAdded', 120);
    expect(log.of('StreamExpired').map(({ id }) => id)).to.have.members(ids);
    expect(log.of('StreamAdded').every(({ retryCount }) => retryCount === 1)).to.equal(true);
  });

  it('have their streams left alone by the scan until these have been idle for long enough', async () => {
    const { listening, names } = fleet();
    const { go, ids } = await goOwns(['young', 'old']);
    await go.age([ids[0] as string], 5_000);
    const { log, runtime } = await listening({
      heartbeatMs: keepable(300),
      minIdleMs: 30_000,
      reconcileEveryMs: 100,
      keyspaceEvents: 'off',
    });
    await log.first('StreamAdded', 'old');
    const { scans } = runtime.snapshot().reconciler;
    await eventually('more scans', () => runtime.snapshot().reconciler.scans > scans + 3);
    expect(log.added).to.deep.equal(['old']);
    await go.age([ids[0] as string], 40_000);
    await log.first('StreamAdded', 'young');
    expect(await suite.redis().xpending(names.lbs, names.group, '-', '+', 10, go.name)).to.deep.equal([]);
  });

  it('keep their streams for as long as they prolong their locks', async () => {
    const { listening, names } = fleet();
    const { go, ids } = await goOwns(['slow'], hangingMs());
    const { log, runtime } = await listening({
      heartbeatMs: keepable(300),
      minIdleMs: keepable(300),
      reconcileEveryMs: 100,
    });
    await eventually('many scans have seen it', () => {
      const { scans, lastScan } = runtime.snapshot().reconciler;
      return scans >= 8 && lastScan?.lockAlive === 1;
    });
    expect(log.all).to.deep.equal([]);
    const [row] = (await suite.redis().xpending(names.lbs, names.group, '-', '+', 1)) as [string, string][];
    expect(row).to.include.members([ids[0] as string, go.name]);
  });

  it('have large entries taken over by their names alone: one whose lock stands is left, and what is told has no info [C-POI-6]', async () => {
    const { listening, names } = fleet();
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    const large = (name: string, bytes: number) =>
      JSON.stringify({
        Info: { DataStreamName: 'another', filling: 'x'.repeat(bytes) },
        DataStreamName: name,
      });
    for (const [name, bytes] of [
      ['alive', 100_000],
      ['gone', 100_000],
      ['huge', 1_500_000],
      ['small', 1_000],
    ] as const) {
      await suite.redis().xadd(names.lbs, '*', 'lbs-input', large(name, bytes));
    }
    const go = new GoConsumer(suite.redis(), names);
    const ids = await go.read(10);
    await go.lock('alive', ids[0] as string, hangingMs());
    await go.age(ids, 60_000);
    const { log, runtime } = await listening({ heartbeatMs: keepable(400) });
    await log.count('StreamAdded', 2);
    await log.count('StreamExpired', 3);
    const told = log
      .of('StreamExpired')
      .map(({ stream, info, retryCount }) => [stream, info !== null, retryCount]);
    expect(told).to.have.deep.members([
      ['gone', false, 0],
      ['huge', false, 0],
      ['small', true, 0],
    ]);
    expect(log.added.sort()).to.deep.equal(['gone', 'small']);
    expect(runtime.owned('gone')?.info).to.have.property('filling');
    // Whoever reads it dead-letters it, like any other of its size.
    await eventually('it is a dead letter', async () => (await suite.redis().xlen(names.dlq)) === 1);
    const rows = (await suite.redis().xpending(names.lbs, names.group, '-', '+', 10, go.name)) as unknown[];
    expect(rows).to.have.length(1);
  });

  it('see every stream of ours locked while it is owned', async () => {
    const { announce, listening, names } = fleet();
    const { log } = await listening({ heartbeatMs: keepable(500) });
    const ids = await announce(streamNames(5));
    await log.count('StreamAdded', 5);
    for (const [index, id] of ids.entries()) {
      const key = names.lock(`stream-${index + 1}`, id);
      expect(await suite.redis().set(key, 'go', 'PX', 1000, 'NX'), key).to.equal(null);
    }
  });

  it('hold up a stream while they hold the lock of its very entry', async () => {
    const { announce, listening, names } = fleet();
    const { log, runtime } = await listening({ heartbeatMs: keepable(400) });
    await runtime.pause();
    const [id] = (await announce(['locked'])) as [string];
    await suite.redis().set(names.lock('locked', id), 'go', 'PX', 60_000);
    runtime.resume();
    await eventually('it waits', () => runtime.snapshot().waiting === 1);
    await suite.redis().del(names.lock('locked', id));
    expect(await log.first('StreamAdded', 'locked')).to.include({ retryCount: 0 });
  });
});
