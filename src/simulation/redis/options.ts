import type { ClusterMembership } from './cluster.js';
import type { KeyspaceSnapshot } from './data/keyspace.js';

export interface SimulatedRedisOptions {
  /** Epoch ms; a fraction is microseconds, which TIME tells. */
  now(): number;
  /** Calls `fn` at that time. Ends parked reads; without it `expire()` does. */
  schedule?(atMs: number, fn: () => void): () => void;
  /** As INFO tells it, 7.0 or newer. From 7.2 on consumers are created and shown as its source says; `npm run redis-model` compares. @defaultValue 7.0.15 */
  version?: string;
  /** What tells this server from others; its run id is made of it. @defaultValue '' */
  name?: string;
  /** It is a master of a cluster. @defaultValue it is a server of its own */
  cluster?: ClusterMembership | undefined;
  /** What scripts write with redis.log. */
  log?(level: number, text: string): void;
}

/** All data of a server at one time. */
export interface RedisSnapshot {
  readonly databases: ReadonlyMap<number, KeyspaceSnapshot>;
}

export interface RestartOptions {
  /** Data survives, as with an append-only file that is always written. @defaultValue true */
  readonly keepData?: boolean;
  /** What it has instead: the data of a replica that was promoted and lacked the last writes. */
  readonly from?: RedisSnapshot;
}
