import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Seam } from '../../src/core/seam.js';
import type { Notification, RuntimeOptions, StopReport } from '../../src/index.js';
import { composeRuntime, type Substitutes } from '../../src/runtime/runtime.js';
import type { Runtime } from '../../src/runtime/types.js';
import { checkHistory, type HistoryReport } from '../../src/testing/history.js';
import { readHistory } from '../../src/testing/history-records.js';
import { readStanding } from '../../src/testing/standing.js';
import { ByType } from './by-type.js';
import type { SuiteCluster } from './cluster.js';
import { describePace, hangingMs, keepable } from './pace.js';
import type { SuiteRedis } from './redis.js';

type Kind = Notification['type'];
type Of<K extends Kind> = Extract<Notification, { type: K }>;

/** A runtime whose notifications are all read and kept. */
export interface Member {
  readonly runtime: Runtime & { readonly seam: Seam };
  /** Name in the consumer group. */
  readonly name: string;
  /** Everything told so far, in order. */
  readonly news: readonly Notification[];
  told<K extends Kind>(type: K): Of<K>[];
  /** Resolves as soon as `count` notifications of a kind have been told, with all of them. */
  awaitNews<K extends Kind>(type: K, count?: number): Promise<Of<K>[]>;
}

/** A server, a cluster or whatever has a URL, and a client for the suite's own looks. */
export type CrewServer =
  | Pick<SuiteRedis, 'redis' | 'server'>
  | Pick<SuiteCluster, 'redis' | 'cluster'>
  | { redis(): Redis; url(): string };

function urlOf(suite: CrewServer): string {
  if ('url' in suite) return suite.url();
  return 'cluster' in suite ? suite.cluster().url : suite.server().url;
}

export type CrewOptions = Partial<RuntimeOptions>;

/** Makes runtimes of one service on the suite's server; whatever still runs after a test is abandoned. */
export interface Crew {
  readonly service: string;
  readonly lbs: string;
  readonly group: string;
  readonly dlq: string;
  readonly historyKey: string;
  make(options?: CrewOptions, substitutes?: Substitutes): Member;
  /** The same, started. */
  start(options?: CrewOptions, substitutes?: Substitutes): Promise<Member>;
  /** Announces data streams; resolves with their entry ids. */
  announce(...names: string[]): Promise<string[]>;
  /** The options that `make` gives its runtimes. */
  options(options?: CrewOptions): RuntimeOptions;
  /** What the history says, all announced entries followed. */
  history(): Promise<HistoryReport>;
}

/** What every consumer of a crew keeps, unless it is told otherwise, in milliseconds. */
export const crewHeartbeatMs = () => keepable(600);

export function useCrew(suite: CrewServer, defaults: CrewOptions = {}): Crew {
  const service = 'orders';
  const running: Member[] = [];
  const announced: string[] = [];
  // A cluster's client takes the same commands.
  const redis = () => suite.redis() as Redis;

  beforeEach(() => {
    announced.splice(0);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ runtime }) => stopNow(runtime)));
  });

  const crew: Crew = {
    service,
    lbs: `${service}-input`,
    group: `${service}-group`,
    dlq: `${service}-input-dlq`,
    historyKey: `{${service}-input}:history`,
    options: (options = {}) => ({
      redis: urlOf(suite),
      service,
      consumerId: `pod-${randomBytes(2).toString('hex')}`,
      heartbeatMs: crewHeartbeatMs(),
      minIdleMs: keepable(1000),
      balance: 'off',
      handOverGraceMs: 1000,
      historyKey: crew.historyKey,
      ...defaults,
      ...options,
    }),
    make(options = {}, substitutes = {}) {
      const told: RuntimeOptions = { onError: () => {}, ...crew.options(options) };
      const member = memberOf(composeRuntime(told, substitutes));
      running.push(member);
      return member;
    },
    async start(options, substitutes) {
      const member = crew.make(options, substitutes);
      await member.runtime.start();
      return member;
    },
    async announce(...names) {
      const pipeline = redis().pipeline();
      for (const name of names) {
        pipeline.xadd(crew.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }));
      }
      const ids = ((await pipeline.exec()) ?? []).map(([, id]) => String(id));
      announced.push(...ids);
      return ids;
    },
    async history() {
      const records = await readHistory(redis(), crew.historyKey);
      const onStream = await readStanding(redis(), crew.lbs);
      return checkHistory({ records, announced, onStream });
    },
  };
  return crew;
}

function stopNow(runtime: Runtime): Promise<StopReport> {
  return runtime.stop({ mode: 'abandon', timeoutMs: 0 });
}

export function memberOf(runtime: Runtime & { readonly seam: Seam }): Member {
  const kept = new ByType<Notification>();
  const news = kept.all;
  const watchers = new Set<() => void>();
  void (async () => {
    for await (const notification of runtime.notifications()) {
      kept.push(notification);
      for (const look of [...watchers]) look();
    }
  })();
  const told = <K extends Kind>(type: K): Of<K>[] => kept.of(type);
  return {
    runtime,
    name: runtime.consumer,
    news,
    told,
    awaitNews(type, count = 1) {
      const timeoutMs = hangingMs();
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          watchers.delete(look);
          settle();
        };
        const look = () => {
          if (kept.count(type) >= count) finish(() => resolve(told(type)));
        };
        const timer = setTimeout(() => {
          const got = `${kept.count(type)}; state ${runtime.state}, told ${summary(news)}; ${describePace()}`;
          finish(() => reject(new Error(`expected ${count} ${type} within ${timeoutMs} ms, got: ${got}`)));
        }, timeoutMs);
        watchers.add(look);
        look();
      });
    },
  };
}

function summary(news: readonly Notification[]): string {
  const counts: Record<string, number> = {};
  for (const { type } of news) counts[type] = (counts[type] ?? 0) + 1;
  return JSON.stringify(counts);
}
