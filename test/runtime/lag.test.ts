import { once } from 'node:events';
import { expect } from 'chai';
import type { EntriesOptions, Entry, Lag, StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

/** What a handler waits for. */
class Gate {
  #open: () => void = () => {};
  #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }

  async passed(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await Promise.race([this.#opened, once(signal, 'abort')]);
  }
}

describe('lag', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  async function append(key: string, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1)
      ids.push((await suite.redis().xadd(key, '*', 'n', String(n))) as string);
    return ids;
  }

  async function reading(
    each: (entry: Entry, stream: StreamHandle) => unknown,
    options: EntriesOptions = {},
    runtimeOptions = {},
  ) {
    const runtime = fleet().create(runtimeOptions);
    runtime.process(async (stream) => {
      for await (const entry of stream.entries(options)) await each(entry, stream as StreamHandle);
    });
    await runtime.start();
    const lagOf = (name: string): Lag | null | undefined =>
      runtime.snapshot().streams.find((stream) => stream.name === name)?.lag;
    return { runtime, lagOf };
  }

  /** How often the server has been asked for what streams know of themselves. */
  async function asked(): Promise<number> {
    const info = await suite.redis().info('commandstats');
    return Number(/cmdstat_xinfo\|stream:calls=(\d+)/.exec(info)?.[1] ?? 0);
  }

  it('is what is there and has not been committed, with its age, until it is [C-LAG-1, C-LAG-2]', async () => {
    const [first] = await append('orders', 10);
    const gate = new Gate();
    const { runtime, lagOf } = await reading((_, { signal }) => gate.passed(signal));
    await fleet().announce(['orders']);
    await eventually('the lag is known', () => lagOf('orders')?.entries === 10);
    const lag = lagOf('orders') as Lag;
    expect(lag.isExact).to.equal(true);
    const age = Date.now() - Number(first?.split('-')[0]);
    expect(lag.ms).to.be.within(0, age);
    await eventually('the process says it', () => runtime.snapshot().lag?.entries === 10);
    expect(runtime.snapshot().lag).to.include({ behind: 1, unknown: 0, isExact: true });
    await append('orders', 5);
    await eventually('it grows', () => lagOf('orders')?.entries === 15);
    expect(lagOf('orders')?.ms).to.be.greaterThan(lag.ms as number);
    gate.open();
    await eventually('it is gone', () => lagOf('orders')?.entries === 0);
    expect(lagOf('orders')).to.deep.equal({ entries: 0, isExact: true, ms: 0 });
    await eventually('the process says that', () => runtime.snapshot().lag?.entries === 0);
    expect(runtime.snapshot().lag).to.deep.equal({ entries: 0, isExact: true, ms: 0, behind: 0, unknown: 0 });
  });

  it('costs nothing where readers wait at the end of their streams [C-LAG-2]', async () => {
    const { runtime, lagOf } = await reading(() => {});
    await fleet().announce(['a', 'b', 'c']);
    await eventually('all have been looked at', () => ['a', 'b', 'c'].every((name) => lagOf(name)?.ms === 0));
    // Finding out where to begin may ask. Later on quiet streams are looked at in crowds.
    const before = await asked();
    let looks = 0;
    let { at } = runtime.snapshot();
    await eventually('some time has passed', () => {
      const now = runtime.snapshot().at;
      if (now - at < 1000) return false;
      at = now;
      looks += 1;
      return looks === 7;
    });
    expect(await asked()).to.equal(before);
  });

  it('leaves out what was trimmed, and is about right behind a position of which nothing is known [C-LAG-1]', async () => {
    const ids = await append('orders', 300);
    const gate = new Gate();
    let calls = 0;
    const first = await reading(
      async (entry, { signal }) => {
        calls += 1;
        if (calls > 150) await gate.passed(signal);
        else await entry.commit();
      },
      { commit: 'manual', count: 50 },
    );
    await fleet().announce(['orders']);
    await eventually('half is committed', () => calls === 151 && (first.lagOf('orders')?.entries ?? 0) > 0);
    await first.runtime.stop();
    const again = new Gate();
    const second = await reading((_, { signal }) => again.passed(signal), { count: 50 });
    await eventually('the next one knows something', () => (second.lagOf('orders')?.entries ?? 0) > 0);
    const about = second.lagOf('orders') as Lag;
    expect(about.isExact).to.equal(false);
    expect(about.entries).to.be.within(1, 299);
    await suite.redis().xtrim('orders', 'MINID', ids[290] as string);
    await eventually('what is gone does not count', () => second.lagOf('orders')?.entries === 10);
    expect(second.lagOf('orders')?.isExact).to.equal(true);
  });

  it('has no age where ids are no times [C-LAG-1]', async () => {
    await suite.redis().xadd('orders', '1-1', 'n', '1');
    await suite.redis().xadd('orders', '1-2', 'n', '2');
    const gate = new Gate();
    const { runtime, lagOf } = await reading((_, { signal }) => gate.passed(signal));
    await fleet().announce(['orders']);
    await eventually('the lag is known', () => lagOf('orders')?.entries === 2);
    expect(lagOf('orders')?.ms).to.equal(null);
    await eventually('the process has none either', () => runtime.snapshot().lag?.ms === null);
  });

  it('of a handler that throws stays, while its stream waits to be tried again [C-LAG-3]', async () => {
    await append('orders', 4);
    const runtime = fleet().create({ handlerBackoff: { initialMs: 10_000, maxMs: 10_000 } });
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries()) if (fields.n === '1') throw new Error('a poison');
    });
    const log = fleet().listen(runtime);
    await runtime.start();
    await fleet().announce(['orders']);
    await eventually('it has failed', () => log.of('StreamFailed').length === 1);
    await eventually('what is left is behind', () => runtime.snapshot().streams[0]?.lag?.entries === 3);
    expect(runtime.snapshot().streams[0]?.lag?.isExact).to.equal(true);
  });

  it('is said by the process to all others [C-LAG-4]', async () => {
    await append('orders', 3);
    const gate = new Gate();
    const { runtime } = await reading((_, { signal }) => gate.passed(signal));
    await fleet().announce(['orders']);
    await eventually('the others know', async () => {
      const [member] = await runtime.fleet();
      return member?.process?.lag?.entries === 3;
    });
    const [member] = await runtime.fleet();
    expect(member?.process?.lag).to.include({ behind: 1 });
    expect(member?.process?.lag?.ms).to.be.a('number');
  });

  it('is unknown where XINFO STREAM is not permitted, and said so [C-LAG-5]', async () => {
    await append('orders', 3);
    await suite.redis().acl('SETUSER', 'default', '-xinfo|stream');
    const gate = new Gate();
    const { runtime, lagOf } = await reading((_, { signal }) => gate.passed(signal));
    await fleet().announce(['orders']);
    await eventually('it is owned', () => lagOf('orders') === null);
    await eventually('it is unknown', () => runtime.snapshot().lag?.unknown === 1);
    expect(runtime.snapshot().lag).to.include({ isExact: false });
    await eventually('its health says so', () =>
      runtime.health().reasons.some((reason) => reason.includes('XINFO STREAM is not permitted')),
    );
    expect(runtime.health().ready).to.equal(true);
    await suite.redis().acl('SETUSER', 'default', '+xinfo|stream');
  });
});
