import { expect } from 'chai';
import { Checkpoint, keysOf, StaleOwner } from '../../examples/checkpointed-worker/checkpoint.js';
import { ended, outputOf, useExamples } from '../support/examples.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('the example checkpointed-worker', () => {
  const { start } = useExamples();
  const { server, redis } = useRedis();

  it('has every owner go on where the last one stopped, and refuses a stale one [C-OVL-4, C-OVL-7]', async () => {
    const example = start('checkpointed-worker', { REDIS_URL: server().url });
    await ended(example);
    const owners = [
      ...example.stdout.matchAll(/^(\w) owns orders-eu, token (\S+), and goes on after (\d+)-0$/gm),
    ];
    expect(owners, outputOf(example)).to.have.length(4);
    const [first, afterCrash, afterHandOver, afterFreeze] = owners.map(([, , , after]) => Number(after));
    expect([first, afterCrash, afterFreeze]).to.deep.equal([0, 190, 590]);
    // Whoever is told to stop finishes what it is at, and may have begun the next batch by then.
    expect(afterHandOver).to.be.oneOf([400, 410]);

    // Not what it prints, but what is there.
    const results = (await redis().lrange('{orders-eu}:results', 0, -1)).map((result) => result.split(' '));
    expect(results.map(([message]) => message)).to.deep.equal(
      Array.from({ length: 800 }, (_, index) => `${index + 1}-0`),
    );
    const turns = results.map(([, worker]) => worker).filter((worker, at, all) => worker !== all[at - 1]);
    expect(turns).to.deep.equal(owners.map(([, worker]) => worker));
    expect(await redis().hgetall('{orders-eu}:checkpoint')).to.deep.equal({
      token: owners[3]?.[2],
      position: '800-0',
    });
    expect(example.stdout).to.match(
      new RegExp(`^${owners[2]?.[1]} is refused: the write after 590-0 was refused$`, 'm'),
    );
    expect(example.stdout).to.include('800 of 800 messages written, each once and in order');
    expect(await redis().xlen('orders-input'), 'nothing is left to process').to.equal(0);
  });

  describe('its checkpoint', () => {
    const open = (fencingToken: string) => Checkpoint.open(redis(), { name: 'data', fencingToken });
    const results = () => redis().lrange(keysOf('data')[1], 0, -1);

    it('belongs to the newest owner from the moment that one opens it', async () => {
      const old = await open('9-0');
      await old.commit('1-0', ['one']);
      const young = await open('10-0');
      expect(young.position).to.equal('1-0');
      expect(await rejection(old.commit('2-0', ['two']))).to.be.instanceOf(StaleOwner);
      expect(await rejection(open('9-18446744073709551615'))).to.be.instanceOf(StaleOwner);
      await young.commit('2-0', ['two']);
      expect(await results()).to.deep.equal(['one', 'two']);
    });

    it('is not moved by two owners with the same token, each on its own', async () => {
      const one = await open('10-0');
      const other = await open('10-0');
      await one.commit('2-0', ['one', 'two']);
      expect(await rejection(other.commit('1-0', ['one']))).to.be.instanceOf(StaleOwner);
      expect(await results()).to.deep.equal(['one', 'two']);
    });

    it('is moved once by a command that is sent again, because its reply got lost', async () => {
      const [owner, again] = [await open('10-0'), await open('10-0')];
      await owner.commit('1-0', ['one']);
      await again.commit('1-0', ['one']);
      expect(await results()).to.deep.equal(['one']);
    });
  });
});
