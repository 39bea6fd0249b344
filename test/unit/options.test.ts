import { hostname } from 'node:os';
import { expect } from 'chai';
import { Cluster } from 'ioredis';
import {
  createProducer,
  createRuntime,
  isStreamwardenError,
  type ProcessOptions,
  type RuntimeOptions,
} from '../../src/index.js';
import { compileOptions } from '../../src/runtime/options.js';
import { rejection } from '../support/rejection.js';

const BASE: RuntimeOptions = { redis: 'redis://127.0.0.1:1', service: 'orders', consumerId: 'pod' };

/** What is said of options; fails when nothing is. */
function problemOf(options: object, environment: NodeJS.ProcessEnv = {}): string {
  try {
    compileOptions({ ...BASE, ...options } as RuntimeOptions, environment);
  } catch (error) {
    if (!isStreamwardenError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
  throw new Error('expected these options to be refused, got: none of it');
}

const compiled = (options: object = {}) => compileOptions({ ...BASE, ...options } as RuntimeOptions, {});

describe('options', () => {
  const integers: Record<string, [min: number, max: number, byDefault: number]> = {
    capacity: [1, 1_000_000, 10_000],
    heartbeatMs: [200, 600_000, 2000],
    reconcileEveryMs: [100, 86_400_000, 60_000],
    minIdleMs: [1, 86_400_000, 30_000],
    scanBatch: [1, 500, 50],
    maxRetries: [0, 1_000_000, 3],
    provenAfterMs: [100, 86_400_000, 60_000],
    dlqMaxLen: [0, 1_000_000_000, 10_000],
    notificationBuffer: [1, 1_000_000, 500],
    handOverGraceMs: [0, 600_000, 5000],
    startTimeoutMs: [0, 3_600_000, 30_000],
  };
  for (const [name, [min, max, byDefault]] of Object.entries(integers)) {
    it(`${name} is an integer from ${min} to ${max}`, () => {
      for (const wrong of [
        min - 1,
        max + 1,
        1.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        '1000',
        null,
        true,
        [],
        10n,
      ]) {
        const shown = { string: '"1000"', bigint: '10n' }[typeof wrong as string];
        const got = Array.isArray(wrong) ? 'an array' : (shown ?? String(wrong));
        expect(problemOf({ [name]: wrong })).to.equal(
          `InvalidOption: expected ${name} to be an integer from ${min} to ${max}, got: ${got}`,
        );
      }
      // Together with what it has to agree with.
      const others =
        name === 'heartbeatMs' ? { minIdleMs: 86_400_000 } : name === 'minIdleMs' ? { heartbeatMs: 200 } : {};
      const least = name === 'minIdleMs' ? 200 : min;
      expect(compiled({ ...others, [name]: least })).to.include({ [name]: least });
      expect(compiled({ ...others, [name]: max })).to.include({ [name]: max });
      expect(compiled()).to.include({ [name]: byDefault });
    });
  }

  for (const name of ['lockKeys', 'autoClaim', 'keyspaceOverride']) {
    it(`${name} is true or false`, () => {
      for (const wrong of ['true', 1, null, {}]) {
        expect(problemOf({ [name]: wrong })).to.match(
          new RegExp(`^InvalidOption: expected ${name} to be true or false, got: `),
        );
      }
    });
  }

  const choices = {
    keyspaceEvents: "'require', 'prefer', 'off'",
    onUncertain: "'continue', 'abort'",
    onInvalidInfo: "'deadLetter', 'deliver'",
  };
  for (const [name, values] of Object.entries(choices)) {
    it(`${name} is one of ${values}`, () => {
      expect(problemOf({ [name]: 'no' })).to.equal(
        `InvalidOption: expected ${name} to be one of ${values}, got: "no"`,
      );
      expect(problemOf({ [name]: true })).to.equal(
        `InvalidOption: expected ${name} to be one of ${values}, got: true`,
      );
    });
  }

  for (const name of ['service', 'consumerId', 'dlqStream', 'historyKey']) {
    it(`${name} is a non-empty string`, () => {
      for (const [wrong, got] of [
        ['', '""'],
        [7, '7'],
        [null, 'null'],
        [() => '', 'a function'],
      ] as const) {
        expect(problemOf({ [name]: wrong })).to.equal(
          `InvalidOption: expected ${name} to be a non-empty string, got: ${got}`,
        );
      }
    });
  }

  it('reconcileJitter is a number from 0 to 1', () => {
    for (const wrong of [-0.1, 1.1, '0.5', Number.NaN]) {
      expect(problemOf({ reconcileJitter: wrong })).to.match(
        /^InvalidOption: expected reconcileJitter to be a number from 0 to 1, got: /,
      );
    }
    expect(compiled({ reconcileJitter: 0 })).to.include({ reconcileJitter: 0 });
  });

  it('logger, clock and infoSchema are objects that can do what is asked of them', () => {
    const log = () => {};
    expect(problemOf({ logger: { debug: log, info: log, warn: log } })).to.equal(
      'InvalidOption: expected logger to be an object with debug, info, warn and error, got: an object',
    );
    expect(problemOf({ clock: { now: Date.now } })).to.equal(
      'InvalidOption: expected clock to be a Clock, got: an object',
    );
    expect(problemOf({ infoSchema: {} })).to.equal(
      'InvalidOption: expected infoSchema to be a Standard Schema, got: an object',
    );
    for (const name of ['logger', 'clock', 'infoSchema']) {
      for (const wrong of [null, 'x', 7])
        expect(problemOf({ [name]: wrong })).to.match(/^InvalidOption: expected /);
    }
  });

  it('are an object', () => {
    for (const wrong of [undefined, null, 'redis://x', 7]) {
      expect(() => createRuntime(wrong as never)).to.throw(/^expected options to be an object, got: /);
    }
  });

  describe('redis', () => {
    const expected =
      'a URL (redis://…, rediss://…, redis-cluster://host:port,…, redis-sentinel://host:port,…/NAME), ioredis options that name a host, port, path or sentinels, an ioredis client or cluster, or a function that gives one of these';
    const cluster = () => new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });

    it('is a URL, options or a client', () => {
      for (const [wrong, got] of [
        ['localhost', '"localhost" (it begins with none of the schemes)'],
        [6379, '6379'],
        [null, 'null'],
        [undefined, 'undefined'],
        ['http://x', '"http://x" (it begins with none of the schemes)'],
        [{}, 'an object (it names no host, port, path or sentinels)'],
      ] as const) {
        expect(problemOf({ redis: wrong })).to.equal(
          `InvalidOption: expected redis to be ${expected}, got: ${got}`,
        );
      }
      for (const right of [
        'redis://h',
        'rediss://h:1/2',
        '/tmp/redis.sock',
        'unix:///tmp/redis.sock',
        'redis-cluster://me:secret@h1:7000,h2',
        'rediss-sentinel://s1,s2:5000/main/3',
        { host: 'h' },
        { sentinels: [{ host: 's1', port: 1 }], name: 'main' },
        new URL('redis://h'),
        cluster(),
      ]) {
        compiled({ redis: right });
      }
    });

    it('that cannot be read is refused like any other option', () => {
      expect(problemOf({ redis: 'redis://host:port' })).to.equal(
        `InvalidOption: expected redis to be ${expected}, got: "redis://host:port" (it is no URL; characters such as / and @ in a password are percent-encoded)`,
      );
    });

    it('of several hosts that is not well-formed is refused like any other option', () => {
      for (const wrong of ['redis-cluster://h:port', 'redis-sentinel://s1,s2', 'redis-clusters://h']) {
        expect(problemOf({ redis: wrong })).to.equal(
          `InvalidOption: expected redis to be ${expected}, got: "${wrong}" (its hosts, name or credentials are malformed)`,
        );
      }
    });

    it('that is a cluster which cannot be copied is refused', () => {
      expect(problemOf({ redis: new Cluster([], { lazyConnect: true }) })).to.match(
        /^InvalidOption: expected redis to be a cluster with startup nodes/,
      );
    });

    it('says what it is; clusterMode only says what it has to be [C-CLU-1]', () => {
      const clusters = ['redis-cluster://h', cluster()];
      const singles = ['redis://h', 'redis-sentinel://s/main', { host: 'h' }];
      for (const redis of clusters) {
        for (const clusterMode of [undefined, 'oss'])
          expect(compiled({ redis, clusterMode }).layout.locksAreLocal).to.equal(false);
        expect(problemOf({ redis, clusterMode: 'singleShard' })).to.equal(
          'InvalidOption: expected clusterMode to be \'oss\' or left out since redis is a cluster, got: "singleShard"',
        );
      }
      for (const redis of singles) {
        for (const clusterMode of [undefined, 'singleShard'])
          expect(compiled({ redis, clusterMode }).layout.locksAreLocal).to.equal(true);
        expect(problemOf({ redis, clusterMode: 'oss' })).to.match(
          /^ClusterClientRequired: expected redis to be a cluster .*, got: a single server$/,
        );
      }
    });

    it('that is a cluster has its dead letters apart, unless both streams share a hash tag', () => {
      const redis = 'redis-cluster://h';
      expect(compiled({ redis }).layout.dlqIsLocal).to.equal(false);
      expect(compiled({ redis, dlqStream: '{orders-input}-dlq' }).layout.dlqIsLocal).to.equal(true);
      expect(compiled({ redis, service: '{shop}:orders' }).layout.dlqIsLocal).to.equal(true);
      expect(compiled({ redis, service: '{shop}:orders', dlqStream: 'letters' }).layout.dlqIsLocal).to.equal(
        false,
      );
      expect(compiled({ redis: 'redis://h' }).layout.dlqIsLocal).to.equal(true);
    });

    it('says which database events are listened to in', () => {
      expect(compiled({ redis: 'redis://h/7' }).database).to.equal(7);
      expect(compiled({ redis: { host: 'h', db: 3 } }).database).to.equal(3);
      expect(compiled({ redis: 'redis-sentinel://s/main/4' }).database).to.equal(4);
      expect(compiled({ redis: 'redis-cluster://h' }).database).to.equal(0);
      expect(compiled().database).to.equal(0);
    });

    it('never appears with its credentials', () => {
      for (const wrong of [
        'http://user:hunter2@host',
        'redis://user:hun ter2@host',
        'redis://user:hunter2 @host',
        'user:hunter2@host:6379',
        'redis://user:hunter2@host:port',
        'redis://user:hun/ter2@host:port',
        'redis-cluster://user:hunter2@host:port',
        'redis-sentinel://user:hunter2@host',
      ]) {
        expect(problemOf({ redis: wrong })).to.match(/got: "\*\*\*@host/);
        expect(problemOf({ redis: wrong })).not.to.match(/hun|ter2/);
      }
      expect(problemOf({ service: 7, redis: 'redis://user:hunter2@host' })).not.to.include('hunter2');
      const nowhere = new Cluster([], { lazyConnect: true, redisOptions: { password: 'hunter2' } });
      expect(problemOf({ redis: nowhere })).not.to.include('hunter2');
    });
  });

  describe('together', () => {
    it('minIdleMs is at least heartbeatMs', () => {
      expect(problemOf({ heartbeatMs: 5000, minIdleMs: 4999 })).to.equal(
        'InvalidOption: expected minIdleMs to be at least heartbeatMs (5000), got: 4999',
      );
      expect(compiled({ heartbeatMs: 5000, minIdleMs: 5000 })).to.include({ minIdleMs: 5000 });
    });

    for (const name of ['readRetry', 'handlerBackoff']) {
      it(`${name}.maxMs is at least ${name}.initialMs`, () => {
        expect(problemOf({ [name]: { initialMs: 200, maxMs: 100 } })).to.equal(
          `InvalidOption: expected ${name}.maxMs to be at least ${name}.initialMs (200), got: 100`,
        );
        expect(problemOf({ [name]: { initialMs: 60_000 } })).to.equal(
          `InvalidOption: expected ${name}.maxMs to be at least ${name}.initialMs (60000), got: 30000`,
        );
        expect(problemOf({ [name]: { initialMs: 0 } })).to.equal(
          `InvalidOption: expected ${name}.initialMs to be an integer from 1 to 3600000, got: 0`,
        );
        expect(problemOf({ [name]: 7 })).to.match(
          new RegExp(`^InvalidOption: expected ${name} to be an object with .*, got: 7$`),
        );
      });
    }

    it('readRetry.attempts is -1 or more', () => {
      expect(compiled().readRetry).to.deep.equal({ attempts: -1, initialMs: 100, maxMs: 30_000 });
      expect(compiled({ readRetry: { attempts: 0 } }).readRetry.attempts).to.equal(0);
      expect(problemOf({ readRetry: { attempts: -2 } })).to.equal(
        'InvalidOption: expected readRetry.attempts to be an integer from -1 to 1000000, got: -2',
      );
    });

    it('dlqStream is another stream than the load balancer stream', () => {
      expect(problemOf({ dlqStream: 'orders-input' })).to.equal(
        'InvalidOption: expected dlqStream to be another stream than the load balancer stream, got: "orders-input"',
      );
      expect(compiled({ dlqStream: 'letters' }).names.dlq).to.equal('letters');
    });

    it('historyKey has the hash tag of the load balancer stream', () => {
      expect(problemOf({ historyKey: 'history' })).to.equal(
        'InvalidOption: expected historyKey to be a key with the hash tag {orders-input}, got: "history"',
      );
      expect(compiled({ historyKey: '{orders-input}:history' }).historyKey).to.equal(
        '{orders-input}:history',
      );
      expect(compiled({ service: '{shop}:orders', historyKey: 'h{shop}' }).historyKey).to.equal('h{shop}');
    });

    it('a service whose stream cannot share a slot with its presence is refused', () => {
      expect(problemOf({ service: 'a}b' })).to.match(
        /^InvalidOption: expected service to be free of '}' unless /,
      );
      expect(problemOf({ service: '{}b}' })).to.match(
        /^InvalidOption: expected service to be free of '}' unless /,
      );
      compiled({ service: '{a}b' });
    });
  });

  describe('that are unknown', () => {
    it('suggest the nearest one', () => {
      const cases = {
        heartBeatMs: 'heartbeatMs',
        maxRetry: 'maxRetries',
        lockkeys: 'lockKeys',
        dlqStreams: 'dlqStream',
      };
      for (const [wrong, right] of Object.entries(cases)) {
        expect(problemOf({ [wrong]: 1 })).to.equal(
          `InvalidOption: unknown option ${wrong}; did you mean ${right}?`,
        );
      }
    });

    it('suggest nothing when nothing is near', () => {
      expect(problemOf({ zzzzzzzzzz: 1 })).to.equal('InvalidOption: unknown option zzzzzzzzzz');
    });

    it('are told where they belong, when they belong to something else', () => {
      expect(problemOf({ concurrency: 5 })).to.equal(
        'InvalidOption: unknown option concurrency; it belongs to process(handler, { concurrency })',
      );
      expect(problemOf({ timeoutMs: 5 })).to.equal(
        'InvalidOption: unknown option timeoutMs; it belongs to createProducer()',
      );
      expect(() =>
        createProducer({ redis: BASE.redis, service: 'orders', consumerId: 'me' } as never),
      ).to.throw(/^unknown option consumerId; it belongs to createRuntime\(\)$/);
      expect(() => createProducer({ redis: BASE.redis, service: 'orders', delayMs: 5 } as never)).to.throw(
        /^unknown option delayMs; it belongs to producer\.add\(/,
      );
    });

    it('are refused by process() as well, whatever they belong to', () => {
      const process = (options: unknown) => () =>
        createRuntime(BASE).process(() => undefined, options as ProcessOptions);
      expect(process({ capacity: 5 })).to.throw(/^unknown option capacity; it belongs to createRuntime\(\)$/);
      expect(process({ concurency: 5 })).to.throw(/^unknown option concurency; did you mean concurrency\?$/);
      expect(process(5)).to.throw(/^expected options to be an object, got: 5$/);
      expect(process({ concurrency: 0 })).to.throw(
        /^expected concurrency to be an integer from 1 up, got: 0$/,
      );
      expect(process({ concurrency: 2 })).to.not.throw();
    });

    it('are refused by what takes few: an option of another call would be without effect', async () => {
      const runtime = createRuntime(BASE);
      const producer = createProducer({ redis: BASE.redis, service: 'orders' });
      const messageOf = async (promise: Promise<unknown>) => (await rejection(promise)).message;
      expect(await messageOf(runtime.releaseMany(() => true, { delayMs: 5 } as never))).to.equal(
        'unknown option delayMs; it belongs to producer.add(name, info, { delayMs })',
      );
      expect(await messageOf(producer.add('order-1', null, { afterMs: 5 } as never))).to.equal(
        'unknown option afterMs; it belongs to release(stream, { afterMs })',
      );
      await producer.close();
    });

    it('are found inside others as well', () => {
      expect(problemOf({ readRetry: { attempt: 3 } })).to.equal(
        'InvalidOption: unknown option readRetry.attempt; did you mean attempts?',
      );
      expect(problemOf({ handlerBackoff: { attempts: 3 } })).to.match(
        /^InvalidOption: unknown option handlerBackoff.attempts/,
      );
    });
  });

  describe('consumerId', () => {
    const idIn = (environment: NodeJS.ProcessEnv, consumerId?: string) => {
      const { consumerId: _given, ...rest } = BASE;
      return compileOptions({ ...rest, ...(consumerId === undefined ? {} : { consumerId }) }, environment)
        .consumerId;
    };

    it('is taken from POD_NAME, else from POD_IP', () => {
      expect(idIn({ POD_NAME: 'orders-1', POD_IP: '10.0.0.1' })).to.equal('redis-consumer-orders-1');
      expect(idIn({ POD_NAME: '', POD_IP: '10.0.0.1' })).to.equal('redis-consumer-10.0.0.1');
      expect(idIn({ POD_NAME: 'orders-1' }, 'mine')).to.equal('mine');
    });

    it('is made of host name and process id where there is no pod [C-STA-1]', () => {
      expect(idIn({})).to.equal(`redis-consumer-${hostname()}-${process.pid}`);
      expect(idIn({ POD_NAME: '', POD_IP: '' })).to.equal(idIn({}));
    });
  });

  it('what names no stream is told what was wanted, and what came', async () => {
    const runtime = createRuntime(BASE);
    const wanted = 'expected stream to be a handle, a notification or an object with an id';
    for (const call of ['done', 'release', 'claim'] as const) {
      const say = async (given: unknown) => (await rejection(runtime[call](given as never))).message;
      expect(await say('order-1')).to.equal(
        `${wanted} (owned(name) has the handle of a stream by its name), got: "order-1"`,
      );
      expect(await say(undefined)).to.equal(
        `${wanted} (owned(name) has none for a stream that is not owned here), got: undefined`,
      );
      expect(await say({ stream: 'order-1' })).to.equal(`${wanted}, got: an object`);
    }
    expect(() => runtime.process('handler' as never)).to.throw(
      /^expected handler to be a function, got: "handler"$/,
    );
  });

  it('are judged before anything is connected, and a runtime that is not started connects nothing [C-STA-1]', async () => {
    const sockets = () =>
      process.getActiveResourcesInfo().filter((kind) => /^TCP|^Pipe(Connect|$)|GetAddrInfo/.test(kind))
        .length;
    const before = sockets();
    const runtime = createRuntime(BASE);
    const producer = createProducer({ redis: 'redis://127.0.0.1:1', service: 'orders' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(sockets()).to.equal(before);
    expect(runtime.state).to.equal('idle');
    await runtime.stop();
    await producer.close();
    expect(sockets()).to.equal(before);
  });

  it('of a producer follow the same rules', () => {
    expect(() => createProducer({ redis: 'redis://h', service: 'orders', timeoutMs: 0 })).to.throw(
      'expected timeoutMs to be an integer from 1 to 3600000, got: 0',
    );
    expect(() => createProducer({ redis: 'redis://h', servise: 'orders' } as never)).to.throw(/service/);
  });
});
