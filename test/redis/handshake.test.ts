/** Both versions of ioredis that package.json allows connect alike, whatever they make of a socket that is open. */
import { createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { reasonOf } from '../../src/redis/failure-reason.js';
import { Link } from '../../src/redis/link.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const VERSIONS: readonly [version: string, make: (options: object) => Redis][] = [
  ['ioredis 6', (options) => new Redis(options)],
  ['ioredis 5', (options) => new Redis5(options) as unknown as Redis],
];

for (const [version, make] of VERSIONS) {
  for (const enableReadyCheck of [true, false]) {
    describe(`connecting with ${version}, ${enableReadyCheck ? 'with' : 'without'} its ready check`, () => {
      const suite = useRedis();
      let link: Link | undefined;
      const ups: number[] = [];

      beforeEach(() => {
        ups.length = 0;
      });
      afterEach(() => link?.close());

      function linkWith(options: object, connectTimeoutMs = 1000): Link {
        const { host, port } = suite.server();
        const settings = {
          host,
          port,
          lazyConnect: true,
          enableReadyCheck,
          connectionName: 'handshake',
          disableClientInfo: true,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          retryStrategy: () => null,
        };
        link = new Link({
          role: 'commands',
          makeClient: () => make({ ...settings, ...options }),
          clock: systemClock,
          logger: silentLogger,
          connectTimeoutMs,
          retryMs: 10,
          maxRetryMs: 10,
          explain: reasonOf,
        });
        link.listen({ up: (epoch) => ups.push(epoch), down: () => {} });
        return link;
      }

      for (const db of [0, 3]) {
        it(`in database ${db}: credentials that are refused are never taken for a connection, though anybody is served`, async () => {
          await suite.redis().acl('SETUSER', 'somebody', 'reset', 'on', '>right', '~*', '&*', '+@all');
          const wrong = linkWith({ username: 'somebody', password: 'wrong', db });
          expect((await rejection(wrong.whenUp())).message).to.match(/^WRONGPASS/);
          await eventually('it is refused again and again', () => wrong.refusedForMs >= 50);
          expect(ups).to.deep.equal([]);
          wrong.close();
          const right = linkWith({ username: 'somebody', password: 'right', db });
          await right.whenUp();
          expect(ups).to.deep.equal([1]);
        });
      }

      it('is refused without the password that is wanted', async () => {
        await suite.redis().config('SET', 'requirepass', 'wanted');
        try {
          const without = linkWith({});
          expect((await rejection(without.whenUp())).message).to.match(/^NOAUTH/);
          await eventually('it is refused again and again', () => without.refusedForMs >= 50);
          expect(ups).to.deep.equal([]);
        } finally {
          await suite.redis().config('SET', 'requirepass', '');
        }
      });

      it('is refused, and told why, where no connection is left', async () => {
        const [, usual] = (await suite.redis().config('GET', 'maxclients')) as [string, string];
        await suite.redis().config('SET', 'maxclients', '1');
        try {
          const late = linkWith({});
          late.open();
          await eventually('the reason is known', () =>
            /max number of clients reached/.test(late.lastError?.message ?? ''),
          );
          expect(ups).to.deep.equal([]);
        } finally {
          await suite.redis().config('SET', 'maxclients', usual);
        }
      });

      it('waits for a server that answers nothing, and for no longer than it may', async () => {
        const sockets: Socket[] = [];
        const silent = createServer((socket) => sockets.push(socket));
        await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
        const { port } = silent.address() as { port: number };
        try {
          const waiting = linkWith({ host: '127.0.0.1', port }, 50);
          expect((await rejection(waiting.whenUp())).message).to.equal('no connection within 50 ms');
          expect(ups).to.deep.equal([]);
        } finally {
          for (const socket of sockets) socket.destroy();
          silent.close();
        }
      });

      it('is connected where the name of the connection is none for the server', async () => {
        await linkWith({ connectionName: 'two words' }).whenUp();
        expect(ups).to.deep.equal([1]);
      });

      it('tries nothing that a minimal user may not, but to name the connection', async () => {
        await suite.redis().acl('LOG', 'RESET');
        await suite.redis().acl('SETUSER', 'narrow', 'reset', 'on', '>right', '~*', '+info');
        await linkWith({ username: 'narrow', password: 'right' }).whenUp();
        const log = (await suite.redis().acl('LOG')) as unknown[][];
        const refused = new Set(log.map((entry) => entry[entry.indexOf('object') + 1]));
        expect([...refused]).to.deep.equal(['client|setname']);
      });
    });
  }
}
