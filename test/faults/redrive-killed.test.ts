import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Cluster, Redis } from 'ioredis';
import type { JsonLineProcess } from '../../src/testing/json-line-process.js';
import type { RedisServer } from '../../src/testing/redis-server.js';
import { type Cli, useCli } from '../support/cli.js';
import { useCluster } from '../support/cluster.js';
import { fillDeadLetters } from '../support/dead-letters.js';
import { slowness } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

const COUNT = 10_000;
const LBS = 'orders-input';
const DLQ = 'orders-input-dlq';
/** Who has told nothing for so long waits for Redis, on a quiet machine; elsewhere he may not have had the time to ask. */
const QUIET_MS = 250;

const numbered = Array.from({ length: COUNT }, (_, index) => `stream-${index}`);

interface Announced {
  readonly names: readonly string[];
  readonly retryCounts: ReadonlySet<string>;
}

async function announced(redis: Redis | Cluster): Promise<Announced> {
  const entries = await redis.xrange(LBS, '-', '+');
  return {
    names: entries.map(([, fields]) => JSON.parse(fields[1] ?? '').DataStreamName),
    retryCounts: new Set(entries.map(([, fields]) => fields[fields.indexOf('_retry_count') + 1] as string)),
  };
}

describe('dlq redrive of 10,000 letters, killed again and again and then run to its end', () => {
  const cli = useCli();

  /**
   * Kills it so many milliseconds after it has told of the first letter. A pipe holds the output of some hundred letters and then it has to wait
   * for us, so that is in the middle however slow we are.
   */
  async function killAfter(url: string, afterMs: number): Promise<void> {
    const one = await begun(url);
    if (afterMs > 0) await delay(afterMs);
    one.kill('SIGKILL');
    await one.exit;
  }

  /** Kills it when it waits for the load balancer stream's server, which does what it was asked only after that. */
  async function killWaiting(url: string, home: Pick<RedisServer, 'pause' | 'resume'>): Promise<void> {
    const one = await begun(url);
    await home.pause();
    let told = -1;
    while (told !== one.lines.length) {
      told = one.lines.length;
      await delay(QUIET_MS * slowness());
    }
    one.kill('SIGKILL');
    await one.exit;
    home.resume();
  }

  async function begun(url: string): Promise<JsonLineProcess> {
    const one = spawnRedrive(cli, url);
    await one.waitFor(({ type }) => type === 'Redriven', { name: 'the first letter is redriven' });
    return one;
  }

  /** Kills it time and again. Resolves with how many letters were announced and there at the same time, after one of the deaths. */
  async function survives(
    redis: Redis | Cluster,
    url: string,
    home: Pick<RedisServer, 'pause' | 'resume'>,
  ): Promise<number> {
    await fillDeadLetters(redis, DLQ, COUNT);
    let left = COUNT;
    let both = 0;
    const deaths = [() => killAfter(url, 0), () => killWaiting(url, home), () => killAfter(url, 5)];
    for (const die of deaths) {
      await die();
      const before = left;
      left = await redis.xlen(DLQ);
      expect(left, 'it was killed half way').to.be.within(1, before - 1);
      both = Math.max(both, left + (await redis.xlen(LBS)) - COUNT);
    }
    const last = spawnRedrive(cli, url);
    expect(await last.exit, last.stderr).to.deep.equal({ code: 0, signal: null });
    expect(await redis.xlen(DLQ)).to.equal(0);
    const { names, retryCounts } = await announced(redis);
    expect(names).to.have.length(COUNT);
    // Their order is that of the letters: what was announced before a death was the oldest.
    expect(names).to.deep.equal(numbered);
    expect(retryCounts).to.deep.equal(new Set(['0']));
    return both;
  }

  describe('on one server', () => {
    const { redis, server } = useRedis();
    it('leaves every letter on the load balancer stream, once, with a retry count of 0', async () => {
      expect(await survives(redis(), server().url, server())).to.equal(0);
    });
  });

  describe('on a cluster, the two streams on different masters', () => {
    const { redis, cluster } = useCluster();
    it('leaves every letter on the load balancer stream, once, with a retry count of 0', async () => {
      const [home, elsewhere] = [await cluster().masterOf(LBS), await cluster().masterOf(DLQ)];
      expect(home.address).to.not.equal(elsewhere.address);
      const both = await survives(redis(), cluster().url, home.server);
      expect(both, 'a death fell between announcing and deleting').to.be.above(0);
      const marks = await home.call('KEYS', '*:redriven:*');
      expect(marks, 'there is a mark for each').to.have.length(COUNT);
    });
  });
});

function spawnRedrive(cli: Cli, url: string) {
  return cli.spawn(['dlq', 'redrive', '--service', 'orders', '--all', '--yes', '--json'], {
    env: { REDIS_URL: url },
  });
}
