import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { parked } from '../support/parked.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('capacity', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('is never exceeded while done() makes room [C-CAP-1, C-HAND-7]', async () => {
    const { announce, create } = fleet();
    const ids = await announce(streamNames(300));
    const runtime = create({ capacity: 7 });
    const notifications = runtime.notifications();
    await runtime.start();

    let owned = 0;
    let most = 0;
    let finished = 0;
    const finishing: Promise<void>[] = [];
    while (finished + owned < 300) {
      const { value } = await notifications.next();
      if (value?.type !== 'StreamAdded') throw new Error(`expected StreamAdded, got: ${value?.type}`);
      owned += 1;
      most = Math.max(most, owned);
      const { id } = value;
      // It has ended, at the latest, when done() resolves; room before that would be room too early.
      finishing.push(
        new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
          owned -= 1;
          finished += 1;
          await runtime.done({ id });
        }),
      );
    }
    await Promise.all(finishing);

    expect(most).to.be.within(2, 7);
    const report = await soundHistory(suite.redis(), fleet(), ids);
    expect(report.ends.finished).to.equal(300);
    expect(mostAtOnce(await historyLines())).to.be.at.most(7);
  });

  it('keeps what does not fit on the stream for others [C-CAP-1]', async () => {
    const { announce, listening, names } = fleet();
    await announce(streamNames(10));
    const { log } = await listening({ capacity: 3 });
    await log.count('StreamAdded', 3);

    const other = await listening();
    await other.log.count('StreamAdded', 7);
    expect(log.added).to.deep.equal(streamNames(3));
    expect(await suite.redis().xlen(names.lbs)).to.equal(10);
  });

  it('is what the handlers may do at once, when a processor is attached [C-HAND-1]', async () => {
    const { announce, create } = fleet();
    const ids = await announce(streamNames(60));
    const runtime = create();
    let running = 0;
    let most = 0;
    let mostOwned = 0;
    runtime.process(
      async () => {
        running += 1;
        most = Math.max(most, running);
        mostOwned = Math.max(mostOwned, runtime.snapshot().owned);
        await new Promise<void>((resolve) => setImmediate(resolve));
        running -= 1;
      },
      { concurrency: 4 },
    );
    await runtime.start();
    await eventually('all are finished', () => runtime.snapshot().counters.finished === 60);

    expect(most).to.equal(4);
    expect(mostOwned).to.be.at.most(4);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('is lowered by a processor that is attached while a read is parked [C-HAND-1]', async () => {
    const { start, names } = fleet();
    const runtime = await start();
    await parked(suite.redis(), runtime.consumer);
    const held: (() => void)[] = [];
    runtime.process(() => new Promise<void>((resolve) => held.push(resolve)), { concurrency: 2 });
    await eventually('the parked read is ended', async () => (await unblocks()) > 0);
    await parked(suite.redis(), runtime.consumer);
    // At once, so that a read that still asks for more is answered with more.
    const adding = suite.redis().multi();
    for (const name of streamNames(50)) {
      adding.xadd(names.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }));
    }
    await adding.exec();

    await eventually('two handlers run', () => held.length === 2);
    const [count] = (await suite.redis().xpending(names.lbs, names.group)) as [number];
    expect(count).to.equal(2);
    for (const resolve of held) resolve();
  });

  async function unblocks(): Promise<number> {
    const stats = await suite.redis().info('commandstats');
    return Number(/^cmdstat_client\|unblock:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  }

  async function historyLines(): Promise<string[]> {
    return await suite.redis().lrange(fleet().historyKey, 0, -1);
  }
});

/** Redis's own account: how many were owned at most. */
function mostAtOnce(lines: readonly string[]): number {
  let owned = 0;
  let most = 0;
  for (const line of lines) {
    owned += (JSON.parse(line) as { op: string }).op === 'acquired' ? 1 : -1;
    most = Math.max(most, owned);
  }
  return most;
}
