/** Credentials that change while processes run: where Redis is may be a function, which is asked at every connection. */
import { expect } from 'chai';
import type { RedisOptions } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { type Clock, createProducer, type RedisTarget } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const USER = 'service';

/** Ten seconds pass in one. Redis's own clock runs as ever. */
const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 10,
  random: () => Math.random(),
  setTimeout: (callback, ms) => setTimeout(callback, ms / 10),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

describe('credentials that are rotated', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: keepable(1000) });
  let password = '';
  let rotations = 0;

  /** The old password is no good any more, and whoever came with it is disconnected, as a managed server does with an expired token. */
  async function rotate(): Promise<void> {
    rotations += 1;
    password = `secret-${rotations}`;
    await suite.redis().call('ACL', 'SETUSER', USER, 'reset', 'on', `>${password}`, '~*', '&*', '+@all');
    await suite.redis().call('CLIENT', 'KILL', 'USER', USER);
  }

  const place = (secret = password): RedisOptions => {
    const { host, port } = suite.server();
    return { host, port, username: USER, password: secret };
  };
  const url = () => `redis://${USER}:${password}@${suite.server().host}:${suite.server().port}`;

  beforeEach(rotate);

  const sources: readonly [how: string, source: () => RedisTarget | Promise<RedisTarget>][] = [
    ['options, at once', place],
    ['a URL, later', async () => url()],
  ];
  for (const [how, source] of sources) {
    it(`are asked for at every connection (${how}): a live runtime goes on with the new ones, and nothing is lost [C-CON-1]`, async () => {
      let asked = 0;
      const ours = await crew.start({
        redis: () => {
          asked += 1;
          return source();
        },
      });
      await crew.announce('one');
      await ours.awaitNews('StreamAdded');
      const before = asked;
      expect(before).to.be.at.least(3);
      await rotate();
      await eventually('it is back', () => asked > before && ours.runtime.health().ready);
      expect(ours.told('StreamDisowned')).to.deep.equal([]);
      await ours.runtime.owned('one')?.done();
      expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
    });
  }

  it('are asked for by a producer as well [C-CON-1]', async () => {
    await using producer = createProducer({ redis: async () => place(), service: crew.service });
    await producer.add('one');
    await rotate();
    await eventually('the connection is made anew', () => producer.add('two').then(Boolean, () => false));
    expect(await suite.redis().xlen(crew.lbs)).to.be.at.least(2);
  });

  it('that cannot be had just now are asked for again, and health() says why [C-CON-2]', async () => {
    let isThere = true;
    const ours = await crew.start({
      redis: async () => {
        if (isThere) return place();
        throw new Error('ENOENT: /var/run/secrets/redis');
      },
    });
    isThere = false;
    await rotate();
    await eventually('it says why', () =>
      ours.runtime.health().reasons.some((why) => why.includes('redis() failed: ENOENT')),
    );
    expect(ours.runtime.health()).to.include({ live: true, ready: false });
    isThere = true;
    await eventually('it is back', () => ours.runtime.health().ready);
  });

  it('that are wrong for a moment are no reason for start() to give up [C-CON-2]', async () => {
    let asked = 0;
    await crew.start({
      redis: () => {
        asked += 1;
        return place(asked < 4 ? 'the last one' : password);
      },
    });
    expect(asked).to.be.at.least(4);
  });

  it('that never come are a StartTimeout, which says so [C-CON-2]', async () => {
    const { runtime } = crew.make({ redis: () => new Promise(() => {}), startTimeoutMs: keepable(1500) });
    const error = await rejection(runtime.start());
    expect(error).to.include({ code: 'StartTimeout' });
    expect(error.message).to.match(/redis\(\) has not answered within \d+ ms/);
  });

  const unfit: readonly [what: string, answer: unknown, said: RegExp][] = [
    ['options of another client', { url: 'redis://h' }, /it has url/],
    ['another function', () => place(), /a function/],
    ['nothing', undefined, /none of these/],
    ['a prefix of keys', { host: 'h', keyPrefix: 'app:' }, /keyPrefix/],
    ['a cluster where it was not said', 'redis-cluster://127.0.0.1:1', /a cluster; set clusterMode/],
  ];
  for (const [what, answer, said] of unfit) {
    it(`where the function gives ${what}, start() and add() say so at once [C-CON-3]`, async () => {
      const redis = () => answer as RedisTarget;
      const producer = createProducer({ redis, service: crew.service });
      for (const begun of [crew.make({ redis }).runtime.start(), producer.add('one')]) {
        const error = await rejection(begun);
        expect(error).to.include({ code: 'InvalidOption' });
        expect(error.message)
          .to.match(/^expected redis\(\) to give where Redis is, got: /)
          .and.match(said);
      }
      await producer.close();
    });
  }

  it('a class is no such function [C-CON-3]', () => {
    class Place {}
    expect(() => crew.make({ redis: Place as unknown as () => RedisTarget })).to.throw(
      /a class; give an instance/,
    );
  });

  const clients: readonly [version: string, client: () => RedisTarget][] = [
    ['ioredis 6', place],
    ['ioredis 5', () => new Redis5({ ...place(), lazyConnect: true } as object) as unknown as RedisTarget],
  ];
  for (const [version, client] of clients) {
    it(`where there is no function (${version}): a password that goes on being refused makes live false, since only a restart helps [C-CON-4]`, async () => {
      const ours = await crew.start({
        redis: client(),
        clock: fastClock,
        heartbeatMs: keepable(4000),
        minIdleMs: 60_000,
      });
      expect(ours.runtime.health()).to.include({ live: true, ready: true });
      await rotate();
      await eventually('it is refused', () => /WRONGPASS/.test(ours.runtime.health().reasons.join()));
      expect(ours.runtime.health()).to.include({ live: true, ready: false });
      await eventually('it is refused for good', () => !ours.runtime.health().live);
      expect(ours.runtime.health().reasons.join()).to.include('start with others');
      // It goes on trying all the same: somebody may take the rotation back.
      await suite.redis().call('ACL', 'SETUSER', USER, `>secret-${rotations - 1}`);
      await eventually('it is back', () => ours.runtime.health().live && ours.runtime.state !== 'failed');
      await eventually('its lease holds', () => ours.runtime.snapshot().lease.certain);
    });

    it(`a password that is wrong from the start is refused at once (${version}) [C-STA-3]`, async () => {
      const redis = client();
      await rotate();
      expect(await rejection(crew.make({ redis }).runtime.start()))
        .to.include({ code: 'PermissionDenied' })
        .and.have.property('message')
        .that.matches(/WRONGPASS/);
    });
  }
});
