import { expect } from 'chai';
import { Checkpoint, keysOf, StaleOwner } from '../../examples/fenced-redis/checkpoint.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('the example fenced-redis', () => {
  const { redis } = useRedis();

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
