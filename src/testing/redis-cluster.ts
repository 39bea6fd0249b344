import { LaunchedCluster } from './cluster/launched-cluster.js';
import type { RedisCluster, StartRedisClusterOptions } from './cluster/types.js';

export type {
  AddNodeOptions,
  CutOff,
  CutOffFrom,
  RedisCluster,
  RedisClusterNode,
  ReshardOptions,
  SettledOptions,
  SlotMigration,
  StartRedisClusterOptions,
} from './cluster/types.js';

/**
 * Starts a Redis Cluster of your own on 127.0.0.1, and returns when all its nodes agree and every replica follows its master: after about
 * two seconds, for which a master waits before it serves. Its nodes die with this process, whatever ends it. Replicas stay where they
 * are put (`cluster-allow-replica-migration no`, to be changed by `config`).
 *
 * ```ts
 * await using cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 1 });
 * const client = new Cluster([...cluster.startupNodes]);
 * await cluster.failOver(await cluster.masterOf('{orders-input}'));
 * ```
 *
 * @throws {@link LauncherError} as {@link startRedis}, and `NotSettled`
 */
export function startRedisCluster(options: StartRedisClusterOptions = {}): Promise<RedisCluster> {
  return LaunchedCluster.start(options);
}
