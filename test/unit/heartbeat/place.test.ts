import { expect } from 'chai';
import type { Redis, RedisOptions } from 'ioredis';
import { placeOf, problemForThread } from '../../../src/heartbeat/place.js';
import { compileOptions } from '../../../src/runtime/options.js';

const connected = (options: RedisOptions, stream: object = { remoteAddress: '10.0.0.7', remotePort: 6390 }) =>
  ({ options, stream }) as unknown as Redis;

describe('where the heartbeat thread connects to', () => {
  it('is where the commands are connected, as the same user', () => {
    const options = { host: 'redis.example', port: 6379, username: 'orders', password: 'secret', db: 3 };
    expect(placeOf(connected(options), 'name')).to.deep.equal({
      at: { host: '10.0.0.7', port: 6390 },
      tls: undefined,
      username: 'orders',
      password: 'secret',
      database: 3,
      name: 'name',
    });
  });

  it('is a socket of the file system where that is one', () => {
    expect(placeOf(connected({ path: '/run/redis.sock' }, {}), '').at).to.deep.equal({
      path: '/run/redis.sock',
    });
  });

  it('asks for the certificate of the name that was asked for, unless TLS was told another one', () => {
    const tls = { ca: 'text' };
    expect(placeOf(connected({ host: 'redis.example', tls }), '').tls).to.deep.equal({
      servername: 'redis.example',
      ca: 'text',
    });
    expect(placeOf(connected({ host: '10.1.1.1', tls }), '').tls).to.deep.equal({ ca: 'text' });
    const named = { ...tls, servername: 'other.example' };
    expect(placeOf(connected({ host: 'redis.example', tls: named }), '').tls).to.deep.equal(named);
  });

  it('has to be plain data: a thread cannot be handed a function [C-THR-6]', () => {
    const tls = { ca: 'text', checkServerIdentity: () => undefined };
    const problem = 'one whose tls.checkServerIdentity cannot be handed to a thread';
    expect(problemForThread({ tls })).to.equal(problem);
    expect(problemForThread({ tls: { ca: 'text' } })).to.equal(undefined);
    const redis = { host: 'redis.example', tls };
    const options = { redis, service: 'orders' };
    expect(() => compileOptions({ ...options, heartbeat: 'thread' })).to.throw(problem);
    expect(() => compileOptions(options)).not.to.throw();
  });

  it('is asked for with maxBlockedMs only where there is a thread [C-THR-6]', () => {
    const options = { redis: 'redis://localhost', service: 'orders' };
    expect(() => compileOptions({ ...options, maxBlockedMs: 5000 })).to.throw(
      "expected maxBlockedMs to be left out, unless heartbeat is 'thread', got: 5000",
    );
    expect(compileOptions({ ...options, heartbeat: 'thread', maxBlockedMs: 5000 }).maxBlockedMs).to.equal(
      5000,
    );
  });
});
