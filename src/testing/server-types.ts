import type { RedisBinary } from './redis-binary.js';
import type { ServerConfigOptions } from './server-config.js';

/** Options of {@link startRedis}. */
export interface StartRedisOptions extends ServerConfigOptions {
  /** @defaultValue the one that {@link findRedisBinary} finds */
  readonly binary?: RedisBinary;
  /** @defaultValue a free port; taken ports are given up for another one, a port named here is not */
  readonly port?: number;
  /** Where the server keeps its files. It is not removed. @defaultValue a temporary directory, removed by `stop()` */
  readonly dir?: string;
  /** More arguments of the command line, after the configuration file. */
  readonly args?: readonly string[];
  /** Milliseconds in which a start must succeed. @defaultValue 60000 */
  readonly startTimeoutMs?: number;
  /** Milliseconds in which the server must exit after a signal. @defaultValue 60000 */
  readonly stopTimeoutMs?: number;
}

/** A running server of our own. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `redis://…` or `rediss://…`, with the password if there is one. */
  readonly url: string;
  /** Of the latest process; `restart()` changes it. */
  readonly pid: number;
  /** Holds `redis.conf` and whatever the server writes. */
  readonly dir: string;
  readonly running: boolean;
  readonly binary: RedisBinary;
  /** The end of what the server printed since it was last started. */
  logs(): string;
  /**
   * Starts the server again on the same port, with the data that its configuration keeps (`appendOnly`). One that still
   * runs is killed first.
   */
  restart(): Promise<void>;
  /** Sends a signal that ends the server, and waits for its exit. @defaultValue `SIGKILL`, a crash */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal and waits for nothing. @throws {@link LauncherError} `NotRunning` */
  signal(signal: NodeJS.Signals): void;
  /** Freezes the server as SIGSTOP does: its connections stay open and nothing answers. Returns when it is frozen. */
  pause(): Promise<void>;
  /** Undoes `pause()`. */
  resume(): void;
  /** Ends the server for good and removes its temporary directory. Calling it twice is fine. */
  stop(): Promise<void>;
}
