import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createProducer, isStreamwardenError } from '../../src/index.js';
import { startRedis } from '../../src/testing/index.js';
import { makeCertificate } from '../support/certificate.js';
import { crewHeartbeatMs, type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('where and how a runtime connects', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { historyKey: undefined as unknown as string });

  async function announce(redis: Redis, lbs: string, name: string): Promise<void> {
    await redis.xadd(lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }));
  }

  /** One owner dies, the next one takes over and finishes. */
  async function crashAndRecovery(redis: Redis, lbs: string, make: () => Promise<Member>): Promise<void> {
    const victim = await make();
    await announce(redis, lbs, 'one');
    await victim.awaitNews('StreamAdded');
    const heir = await make();
    await victim.runtime.stop({ mode: 'abandon' });
    const [added] = await heir.awaitNews('StreamAdded');
    expect(added).to.include({ stream: 'one', retryCount: 1 });
    await heir.runtime.owned('one')?.done();
    await heir.runtime.stop();
    expect(await redis.xlen(lbs)).to.equal(0);
  }

  const connectionsOf = async ({ name }: Member, redis: Redis = suite.redis()) => {
    const list = (await redis.client('LIST')) as string;
    return list.split('\n').filter((line) => line.includes(`name=streamwarden:${name}:`));
  };

  it('works in database 3, events of that database included', async () => {
    const redis = suite.connect({ db: 3 });
    const url = `${suite.server().url}/3`;
    const watcher = await crew.start({ redis: url });
    await watcher.runtime.pause();
    await crashAndRecovery(redis, crew.lbs, () => crew.start({ redis: url }));
    expect(watcher.runtime.snapshot().counters.keyspaceEvents).to.be.above(0);
    expect(await suite.redis().keys('*')).to.deep.equal([]);
  });

  it('puts keyPrefix before every key of the protocol', async () => {
    const { host, port } = suite.server();
    const target = { host, port, keyPrefix: 'app:' };
    const redis = suite.redis();
    const member = await crew.start({ redis: target });
    await announce(redis, 'app:orders-input', 'one');
    await member.awaitNews('StreamAdded');
    expect((await redis.keys('*')).filter((key) => !/^(\{app:orders-input\}:|app:)/.test(key))).to.deep.equal(
      [],
    );
    expect(await redis.keys('app:one<MUTEX_KEY_SEP>*')).to.have.length(1);
    await member.runtime.owned('one')?.done();
    await redis.xadd('app:orders-input', '*', 'lbs-input', 'junk');
    await eventually(
      'the dead letter has the prefix',
      async () => (await redis.xlen('app:orders-input-dlq')) === 1,
    );
    await member.runtime.stop();
    await redis.flushall();
    await crashAndRecovery(redis, 'app:orders-input', () => crew.start({ redis: target }));
  });

  it('takes a keyPrefix that is full of pattern characters literally', async () => {
    const { host, port } = suite.server();
    const member = await crew.start({ redis: { host, port, keyPrefix: 'a*[b]?\\' } });
    const before = member.runtime.snapshot().counters.keyspaceEvents;
    const key = 'a*[b]?\\x<MUTEX_KEY_SEP>1-1';
    await suite.redis().set(key, 'somebody', 'PX', 1);
    await suite.redis().set('aXXbX\\x<MUTEX_KEY_SEP>1-1', 'no', 'PX', 1);
    await eventually('the expiry is heard', async () => {
      await suite.redis().mget(key, 'aXXbX\\x<MUTEX_KEY_SEP>1-1');
      return member.runtime.snapshot().counters.keyspaceEvents > before;
    });
  });

  it('takes plain ioredis options', async () => {
    const { host, port } = suite.server();
    await crashAndRecovery(suite.redis(), crew.lbs, () => crew.start({ redis: { host, port } }));
  });

  it('authenticates with the password of the URL', async () => {
    await using server = await startRedis({ password: 'pass word/1' });
    const redis = new Redis(server.url);
    try {
      await crashAndRecovery(redis, crew.lbs, () => crew.start({ redis: server.url }));
    } finally {
      redis.disconnect();
    }
  });

  it('says at once that the password is wrong, and does not repeat it', async () => {
    await using server = await startRedis({ password: 'right' });
    const lines: unknown[] = [];
    const log = (fields: object, message: string) => lines.push({ ...fields, message });
    const { runtime } = crew.make({
      redis: server.url.replace(':right@', ':hunter2@'),
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const began = performance.now();
    const error = await rejection(runtime.start());
    expect(performance.now() - began).to.be.below(allowedMs(0));
    expect(isStreamwardenError(error)).to.equal(true);
    expect(error.message).to.match(/WRONGPASS|invalid/);
    const everything = JSON.stringify([error.message, String(error.stack), error, lines, runtime.snapshot()]);
    expect(everything).not.to.include('hunter2');
  });

  it('speaks TLS to a server with a certificate of its own, by URL and by options', async () => {
    await using certificate = await makeCertificate();
    await using server = await startRedis({ tls: certificate });
    const tls = { ca: certificate.cert };
    const redis = new Redis(server.url, { tls });
    try {
      const { host, port } = server;
      await crashAndRecovery(redis, crew.lbs, () => crew.start({ redis: { host, port, tls } }));
      const template = new Redis(server.url, { tls, lazyConnect: true });
      await crashAndRecovery(redis, crew.lbs, () => crew.start({ redis: template }));
      const trusting = crew.make({ redis: server.url, startTimeoutMs: 300 });
      const error = await rejection(trusting.runtime.start());
      expect(isStreamwardenError(error, 'StartTimeout'), error.message).to.equal(true);
      expect(error.message).to.match(/certificate/);
    } finally {
      redis.disconnect();
    }
  });

  it('uses a given client as a template only: it is neither used nor closed, and its settings do not leak in', async () => {
    const { host, port } = suite.server();
    const template = new Redis({
      host,
      port,
      connectionName: 'the-application',
      // Shorter than any parked read.
      commandTimeout: 100,
      enableAutoPipelining: true,
      maxRetriesPerRequest: null,
      retryStrategy: () => 10,
      stringNumbers: true,
    });
    try {
      await template.ping();
      await crashAndRecovery(suite.redis(), crew.lbs, () => crew.start({ redis: template }));
      const member = await crew.start({ redis: template });
      const ids = async () => (await connectionsOf(member)).map((line) => line.split(' ')[0]).sort();
      const before = await ids();
      expect(before).to.have.length(3);
      // A parked read lasts longer than the template's commandTimeout, which would have the connection replaced.
      const { validUntil } = member.runtime.snapshot().lease;
      await eventually('two heartbeats have passed', () => {
        return (member.runtime.snapshot().lease.validUntil ?? 0) >= (validUntil ?? 0) + 2 * crewHeartbeatMs();
      });
      expect(await ids()).to.deep.equal(before);
      expect(member.runtime.snapshot().failures).to.deep.equal([]);
      const list = (await suite.redis().client('LIST')) as string;
      const own = list.split('\n').filter((line) => line.includes('name=the-application '));
      expect(own, 'the application has its own connection alone').to.have.length(1);
      // ioredis 5 may name the connection only after that.
      expect(own[0]).to.match(/ cmd=(ping|client\|setname) /);

      await member.runtime.stop();
      expect(template.status).to.equal('ready');
      expect(await template.ping()).to.equal('PONG');
      expect(template.options).to.include({ connectionName: 'the-application', commandTimeout: 100 });
    } finally {
      template.disconnect();
    }
  });

  it('honours the keyPrefix of a given client', async () => {
    const { host, port } = suite.server();
    const template = new Redis({ host, port, keyPrefix: 'app:', lazyConnect: true });
    await crashAndRecovery(suite.redis(), 'app:orders-input', () => crew.start({ redis: template }));
    expect(template.status).to.equal('wait');
  });

  it('a producer shares prefix and database with the runtime', async () => {
    const { host, port } = suite.server();
    const redis = { host, port, keyPrefix: 'app:', db: 2 };
    const member = await crew.start({ redis });
    await using producer = createProducer({ redis, service: crew.service });
    const id = await producer.add('one', { colour: 'green' });
    const [added] = await member.awaitNews('StreamAdded');
    expect(added).to.deep.include({ stream: 'one', id, info: { colour: 'green' } });
  });

  it('waits for Redis and gives up after startTimeoutMs [C-STA-2]', async () => {
    const stopped = await startRedis();
    await stopped.stop();
    // Long enough for an attempt to fail.
    const startTimeoutMs = keepable(300);
    const { runtime } = crew.make({ redis: stopped.url, startTimeoutMs });
    const began = performance.now();
    const error = await rejection(runtime.start());
    expect(isStreamwardenError(error, 'StartTimeout'), error.message).to.equal(true);
    expect(error.message).to.match(new RegExp(`within ${startTimeoutMs} ms: .*ECONNREFUSED`));
    expect(performance.now() - began).to.be.within(startTimeoutMs - 10, allowedMs(startTimeoutMs));
    expect(runtime.state).to.equal('failed');
    expect((await runtime.closed).error).to.equal(error);
  });

  it('starts when Redis comes up late [C-STA-2]', async () => {
    const server = await startRedis();
    try {
      await server.kill();
      const member = crew.make({ redis: server.url });
      let isStarted = false;
      const starting = member.runtime.start().then(() => {
        isStarted = true;
      });
      await eventually('a connection has been refused', () =>
        member.runtime.health().reasons.some((reason) => reason.startsWith('no connection to Redis')),
      );
      expect(isStarted).to.equal(false);
      await server.restart();
      await starting;
      expect(member.runtime.state).to.equal('running');
      await member.runtime.stop();
    } finally {
      await server.stop();
    }
  });
});
