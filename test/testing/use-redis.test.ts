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

describe('what a suite leaves on its server', () => {
  const messes: readonly [string, (suite: ReturnType<typeof useRedis>) => Promise<unknown>][] = [
    ['settings', ({ redis }) => redis().config('SET', 'notify-keyspace-events', 'KEA', 'maxmemory', '100mb')],
    ['a script', ({ redis }) => redis().script('LOAD', 'return 1')],
    ['users', ({ redis }) => redis().acl('SETUSER', 'somebody', 'on', 'nopass', '+@all')],
    ['no password for the default user', ({ redis }) => redis().acl('SETUSER', 'default', '-@admin')],
    ['a master to follow', ({ redis }) => redis().replicaof('127.0.0.1', 1)],
    ['a pause', ({ redis }) => redis().client('PAUSE', 60_000, 'WRITE')],
    ['nothing, it is frozen', ({ server }) => server().pause()],
    ['nothing, it is gone', ({ server }) => server().kill()],
  ];

  for (const [what, make] of messes) {
    describe(what, () => {
      describe('first', () => {
        const suite = useRedis();
        it('is left behind', () => make(suite));
      });

      describe('then', () => {
        const { redis } = useRedis();
        it('is not what the next one finds', async () => {
          expect(await redis().config('GET', 'notify-keyspace-events')).to.deep.equal([
            'notify-keyspace-events',
            '',
          ]);
          expect(await redis().config('GET', 'maxmemory')).to.deep.equal(['maxmemory', '0']);
          expect(await redis().script('EXISTS', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db')).to.deep.equal([
            0,
          ]);
          const users = (await redis().acl('LIST')) as string[];
          expect(users).to.have.length(1);
          expect(users[0]).to.match(/^user default on nopass .*\+@all/);
          expect((await redis().role())[0]).to.equal('master');
          expect(await redis().set('a', 'b')).to.equal('OK');
        });
      });
    });
  }
});
