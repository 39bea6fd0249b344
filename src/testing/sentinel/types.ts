import type { RedisBinary } from '../redis-binary.js';
import type { RedisServer } from '../redis-server.js';
import type { ServerConfigOptions } from '../server-config.js';

/** Options of {@link startRedisSentinels}. What is not named here goes to the data servers, as {@link ServerConfigOptions} say. */
export interface StartRedisSentinelsOptions
  extends Pick<ServerConfigOptions, 'config' | 'appendOnly' | 'password'> {
  /** How many Sentinels watch. More than half of them must agree on a failover. @defaultValue 3 */
  readonly sentinels?: number;
  /** How many replicas the master has. @defaultValue 1 */
  readonly replicas?: number;
  /** What the Sentinels call the master. @defaultValue 'main' */
  readonly masterName?: string;
  /** `down-after-milliseconds`: silence after which a server is taken for dead. @defaultValue 1000 */
  readonly downAfterMs?: number;
  /** @defaultValue the one that {@link findRedisBinary} finds */
  readonly binary?: RedisBinary;
  /** Milliseconds in which all must stand, and in which each later operation must be settled. @defaultValue 120000 */
  readonly timeoutMs?: number;
}

/**
 * A master, its replicas and the Sentinels that watch them, on 127.0.0.1. Operations resolve when all agree again, and reject with
 * {@link LauncherError} `NotSettled` when they do not in time.
 */
export interface RedisSentinels extends AsyncDisposable {
  readonly masterName: string;
  /** The data servers; the first one was the master at the start. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** Addresses of the Sentinels: what ioredis takes as `sentinels`. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** `redis-sentinel://[:password@]host:port,host:port…/NAME`; the password is that of the data servers. */
  readonly url: string;
  /** The server that most Sentinels name. */
  master(): Promise<RedisServer>;
  /** Has the Sentinels promote a replica while the master lives (`SENTINEL FAILOVER`). Resolves with the new master. */
  failOver(): Promise<RedisServer>;
  /** SIGKILL for the master; waits for the Sentinels to promote a replica. Resolves with the new master. */
  killMaster(): Promise<RedisServer>;
  /** Starts a data server or a Sentinel again. A former master comes back as a replica. */
  restart(server: RedisServer): Promise<void>;
  /** Waits until the Sentinels that run agree on a master, and it, and every other data server that runs, does what they think. */
  settled(): Promise<void>;
  /** What every Sentinel says, for messages. */
  describe(): Promise<string>;
  /** Ends all servers and removes their files. Calling it twice is fine. */
  stop(): Promise<void>;
}
