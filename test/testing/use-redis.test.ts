import { expect } from 'chai';
import { useRedis } from '../support/redis.js';

describe('useRedis', () => {
  const { server, redis, connect } = useRedis();
  let pid: number | undefined;

  for (const attempt of ['first', 'second']) {
    it(`gives the ${attempt} test an empty database on the suite's server`, async () => {
      expect(await redis().dbsize()).to.equal(0);
      await connect().set('left', 'behind');
      expect(await redis().dbsize()).to.equal(1);
      pid ??= server().pid;
      expect(server().pid).to.equal(pid);
    });
  }
});
