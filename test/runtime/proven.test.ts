import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const heartbeatMs = keepable(400);
const provenAfterMs = heartbeatMs;

describe('a stream that one owner holds for provenAfterMs', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('survives any number of owners that die, one after the other [C-EXP-8]', async () => {
    const { announce, listening, names } = fleet();
    const options = { heartbeatMs, provenAfterMs, maxRetries: 1 };
    await announce(['long']);
    for (let life = 0; life < 4; life += 1) {
      const { runtime, log } = await listening(options);
      const added = await log.first('StreamAdded', 'long');
      // With maxRetries 1 a second death in a row would be the end of it.
      expect(added.retryCount).to.equal(life === 0 ? 0 : 1);
      if (life > 0) await marked(names, 0);
      await runtime.stop({ mode: 'abandon' });
    }
    const survivor = await listening(options);
    expect((await survivor.log.first('StreamAdded', 'long')).retryCount).to.equal(1);
    expect(await suite.redis().xlen(names.dlq)).to.equal(0);
  });

  it('that has nothing to its account is not marked, and costs no command', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ heartbeatMs, provenAfterMs: 100 });
    const before = await calls();
    await announce(['fresh', 'other']);
    await log.count('StreamAdded', 2);
    await beats(runtime, 4);
    expect(await calls()).to.equal(before);
    await marked(names, 1);
  });

  it('is marked together with the others: one script for 200 of them', async () => {
    const { listening, names } = fleet();
    const redis = suite.redis();
    await redis.xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    for (let n = 0; n < 150; n += 1) {
      await redis.xadd(
        names.lbs,
        '*',
        'lbs-input',
        JSON.stringify({ DataStreamName: `s${n}` }),
        '_retry_count',
        '1',
      );
    }
    const before = await calls();
    const { log } = await listening({
      heartbeatMs,
      provenAfterMs: heartbeatMs * 3,
      notificationBuffer: 1000,
    });
    await log.count('StreamAdded', 150);
    await marked(names, 0);
    // All were there within half a heartbeat or two: as many scripts at most, and each a claim an entry.
    expect(((await calls()) - before) / 150).to.be.at.most(1);
  });

  async function marked(names: { lbs: string; group: string }, mark: number): Promise<void> {
    await eventually(`all are marked with ${mark}`, async () => {
      const rows = (await suite.redis().xpending(names.lbs, names.group, '-', '+', 1000)) as unknown[][];
      return rows.length > 0 && rows.every((row) => row[3] === mark);
    });
  }

  /** How often Redis has been asked to mark an entry. */
  async function calls(): Promise<number> {
    const stats = await suite.redis().info('commandstats');
    return Number(/cmdstat_xclaim:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  async function beats(
    runtime: { seam: { on(event: 'heartbeat', listener: () => void): unknown } },
    count: number,
  ) {
    let heard = 0;
    runtime.seam.on('heartbeat', () => {
      heard += 1;
    });
    await eventually(`${count} heartbeats`, () => heard >= count);
  }
});
