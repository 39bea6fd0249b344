import type { Redis } from 'ioredis';
import type { Notification, Runtime, RuntimeOptions } from '../../src/index.js';
import { createNames, type Names } from '../../src/redis/names.js';
import { composeRuntime, type Substitutes } from '../../src/runtime/runtime.js';
import { addLeakSource } from './leaks.js';
import { NotificationLog } from './notification-log.js';
import { keepable } from './pace.js';
import type { SuiteRedis } from './redis.js';
import { trackedClock } from './tracked-clock.js';

/** What there is to know of a runtime whatever its `Info` is. */
type AnyRuntime = Pick<Runtime, 'state' | 'consumer' | 'stop'>;

/** Runtimes that have been made and have not ended, and those that ended and left timers behind. */
const made = new Map<AnyRuntime, { readonly timers: () => number }>();

addLeakSource(() =>
  [...made].flatMap(([runtime, { timers }]) => {
    const hasEnded = runtime.state === 'stopped' || runtime.state === 'failed';
    if (hasEnded && timers() === 0) made.delete(runtime);
    if (!made.has(runtime) || runtime.state === 'idle') return [];
    const what = hasEnded ? `${timers()} timers of runtime` : 'runtime';
    const close = async () => {
      await runtime.stop({ mode: 'abandon' });
      made.delete(runtime);
    };
    return [[runtime, { label: `${what} ${runtime.consumer} (${runtime.state})`, close }] as const];
  }),
);

export type FleetOptions<TInfo> = Partial<RuntimeOptions<TInfo>>;
export type TestRuntime<TInfo = Readonly<Record<string, unknown>>> = ReturnType<
  typeof composeRuntime<TInfo, unknown>
>;

/** Consumers of one service, made for one test. */
export interface Fleet {
  readonly service: string;
  readonly names: Names;
  readonly historyKey: string;
  /** Makes a runtime that is abandoned after the test, unless it was stopped in it. */
  create<TInfo = Readonly<Record<string, unknown>>>(
    options?: FleetOptions<TInfo>,
    substitutes?: Substitutes,
  ): TestRuntime<TInfo>;
  /** The same, started. */
  start<TInfo = Readonly<Record<string, unknown>>>(
    options?: FleetOptions<TInfo>,
  ): Promise<TestRuntime<TInfo>>;
  /** The same, with its notifications being read. */
  listening<TInfo = Readonly<Record<string, unknown>>>(
    options?: FleetOptions<TInfo>,
  ): Promise<{ runtime: TestRuntime<TInfo>; log: NotificationLog }>;
  listen(runtime: { notifications(): AsyncIterable<Notification> }): NotificationLog;
  /** Adds entries as any producer of the protocol does. Returns their ids. */
  announce(names: readonly string[], info?: object | null): Promise<string[]>;
}

let fleets = 0;

/** Gives each test of the surrounding suite a service of its own. */
export function useFleet(suite: SuiteRedis): () => Fleet {
  let fleet: Fleet | undefined;
  let ofTest: AnyRuntime[] = [];

  beforeEach(() => {
    fleets += 1;
    fleet = makeFleet(suite, `service-${process.pid}-${fleets}`, (runtime) => ofTest.push(runtime));
  });

  afterEach(async () => {
    const all = ofTest;
    ofTest = [];
    await Promise.all(all.map((runtime) => runtime.stop({ mode: 'abandon' })));
  });

  return () => {
    if (fleet === undefined) throw new Error('expected useFleet() to be asked inside a test, got: outside');
    return fleet;
  };
}

function makeFleet(suite: SuiteRedis, service: string, keep: (runtime: AnyRuntime) => void): Fleet {
  const names = createNames({ service });
  const historyKey = `{${names.lbs}}:history`;
  let count = 0;

  function create<TInfo>(options: FleetOptions<TInfo> = {}, substitutes: Substitutes = {}) {
    count += 1;
    const clock = trackedClock(options.clock);
    const runtime = composeRuntime<TInfo, unknown>(
      {
        redis: suite.server().url,
        service,
        consumerId: `consumer-${count}`,
        historyKey,
        heartbeatMs: keepable(1000),
        handOverGraceMs: 1000,
        onError: () => {},
        ...options,
        clock,
      },
      substitutes,
    );
    keep(runtime);
    made.set(runtime, { timers: () => clock.running });
    return runtime;
  }

  async function start<TInfo>(options?: FleetOptions<TInfo>) {
    const runtime = create(options);
    await runtime.start();
    return runtime;
  }

  const listen = (runtime: { notifications(): AsyncIterable<Notification> }) =>
    new NotificationLog(runtime.notifications());

  return {
    service,
    names,
    historyKey,
    create,
    start,
    async listening(options) {
      const runtime = await start(options);
      return { runtime, log: listen(runtime) };
    },
    listen,
    announce: (streams, info) => announce(suite.redis(), names.lbs, streams, info),
  };
}

async function announce(
  redis: Redis,
  lbs: string,
  streams: readonly string[],
  info: object | null = null,
): Promise<string[]> {
  const pipeline = redis.pipeline();
  for (const name of streams) {
    const payload = info === null ? { DataStreamName: name } : { DataStreamName: name, Info: info };
    pipeline.xadd(lbs, '*', 'lbs-input', JSON.stringify(payload));
  }
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, id]) => {
    if (error) throw error;
    return id as string;
  });
}

/** `prefix-1` to `prefix-<count>`. */
export function streamNames(count: number, prefix = 'stream'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}
