import { SentinelStand } from './sentinel/sentinel-stand.js';
import type { RedisSentinels, StartRedisSentinelsOptions } from './sentinel/types.js';

export type { RedisSentinels, StartRedisSentinelsOptions } from './sentinel/types.js';

/**
 * Starts a master, its replicas and the Sentinels that watch them on 127.0.0.1, and returns when the Sentinels know one another and
 * every replica follows. Sentinels are `redis-server --sentinel`, made to look and talk more often than usual where the version can
 * (Redis 7.0 and newer). All die with this process, whatever ends it.
 *
 * ```ts
 * await using stand = await startRedisSentinels();
 * const client = new Redis({ sentinels: [...stand.addresses], name: stand.masterName });
 * await stand.killMaster();
 * ```
 *
 * @throws {@link LauncherError} as {@link startRedis}, and `NotSettled`
 */
export function startRedisSentinels(options: StartRedisSentinelsOptions = {}): Promise<RedisSentinels> {
  return SentinelStand.start(options);
}
