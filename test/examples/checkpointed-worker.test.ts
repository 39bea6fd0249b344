import { expect } from 'chai';
import { ended, outputOf, useExamples } from '../support/examples.js';
import { useRedis } from '../support/redis.js';

describe('the example checkpointed-worker', () => {
  const { start } = useExamples();
  const { server, redis } = useRedis();

  it('has every owner go on where the last one stopped, and writes each result once [C-OVL-4, C-DATA-1, C-DATA-2]', async () => {
    const example = start('checkpointed-worker', { REDIS_URL: server().url });
    await ended(example);
    const owners = [
      ...example.stdout.matchAll(/^(\w) owns orders-eu, token (\S+), and goes on with (\d+)$/gm),
    ];
    expect(owners, outputOf(example)).to.have.length(4);
    const [first, afterCrash, afterHandOver, afterFreeze] = owners.map(([, , , n]) => Number(n));
    expect(first).to.equal(1);
    // Repeated is what was not committed, and nothing is left out.
    expect(afterCrash).to.be.within(2, 200);
    expect(afterHandOver).to.be.within(400, 500);
    expect(afterFreeze).to.be.within(402, 600);

    // Not what it prints, but what is there.
    const results = await redis().xrange('orders-eu:results', '-', '+');
    expect(results.map(([, [, n]]) => Number(n))).to.deep.equal(Array.from({ length: 800 }, (_, n) => n + 1));
    const entries = await redis().xrange('orders-eu', '-', '+');
    expect(results.map(([id]) => id)).to.deep.equal(entries.slice(0, -1).map(([id]) => id));
    const turns = results.map(([, fields]) => fields[3]).filter((worker, at, all) => worker !== all[at - 1]);
    expect(turns).to.deep.equal(owners.map(([, worker]) => worker));
    expect(example.stdout).to.match(
      new RegExp(`^${owners[2]?.[1]} works on orders-eu no longer: Stream\\w+$`, 'm'),
    );
    expect(example.stdout).to.include('800 of 800 results written, each once and in order');
    expect(await redis().xlen('orders-input'), 'nothing is left to process').to.equal(0);
  });
});
