import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LauncherError } from './errors.js';
import { freePort } from './free-port.js';
import { LogTail } from './log-tail.js';
import { trackServer, untrackServer } from './open-servers.js';
import { findRedisBinary, type RedisBinary } from './redis-binary.js';
import { checkServerConfig, type ServerConfigOptions, writeServerConfig } from './server-config.js';
import type { ServerAddress } from './server-probe.js';
import { ServerProcess } from './server-process.js';

const host = '127.0.0.1';
const portAttempts = 20;

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
  /** Milliseconds in which a start must succeed. @defaultValue 15000 */
  readonly startTimeoutMs?: number;
  /** Milliseconds in which the server must exit after a signal. @defaultValue 10000 */
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

/**
 * Starts a Redis or Valkey server of your own on 127.0.0.1, and returns when it answers. It dies with this process,
 * whatever ends this process, and does not keep it alive.
 *
 * ```ts
 * await using redis = await startRedis();
 * const client = new Redis(redis.url);
 * ```
 *
 * @throws {@link LauncherError} `BinaryNotFound`, `InvalidOption`, `StartTimeout`, or `StartFailed` with the server's log
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  checkServerConfig(options);
  const binary = options.binary ?? (await findRedisBinary());
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = await LaunchedServer.prepare(options, binary, port);
    const failure = await server.launch().catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    if (failure === undefined) return server;
    await server.stop();
    const tryAnother = failure.taken && options.port === undefined && attempt < portAttempts;
    if (!tryAnother) throw failure.error;
  }
}

class LaunchedServer implements RedisServer {
  readonly host = host;
  readonly #options: StartRedisOptions;
  readonly #log = new LogTail();
  readonly #configFile: string;
  #process: ServerProcess | undefined;
  #stopped = false;

  private constructor(
    options: StartRedisOptions,
    readonly binary: RedisBinary,
    readonly port: number,
    readonly dir: string,
    configFile: string,
  ) {
    this.#options = options;
    this.#configFile = configFile;
  }

  static async prepare(
    options: StartRedisOptions,
    binary: RedisBinary,
    port: number,
  ): Promise<LaunchedServer> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'streamwarden-redis-')));
    await mkdir(dir, { recursive: true });
    const server = new LaunchedServer(
      options,
      binary,
      port,
      dir,
      await writeServerConfig(options, dir, port),
    );
    trackServer(server);
    return server;
  }

  /** What kept the server from coming up, if anything did. */
  async launch(): Promise<{ taken: boolean; error: LauncherError } | undefined> {
    this.#log.clear();
    const args = [this.#configFile, ...(this.#options.args ?? [])];
    const started = await ServerProcess.spawn(this.binary, args, this.#log, this.#ownDir());
    this.#process = started;
    const timeoutMs = this.#options.startTimeoutMs ?? 15_000;
    const failure = await started.ready(await this.#address(), timeoutMs);
    if (failure === undefined) {
      started.unref();
      return undefined;
    }
    const code = failure === 'timeout' ? 'StartTimeout' : 'StartFailed';
    const got =
      failure === 'timeout' ? 'no answer' : failure === 'exited' ? 'its exit' : 'a port that is taken';
    return {
      taken: failure === 'port taken',
      error: new LauncherError(
        code,
        `expected ${this.binary.path} to answer on port ${this.port} within ${timeoutMs} ms, got: ${got}\n${this.logs()}`,
      ),
    };
  }

  get url(): string {
    const { tls, password } = this.#options;
    const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return `${tls === undefined ? 'redis' : 'rediss'}://${credentials}${host}:${this.port}`;
  }

  get pid(): number {
    return this.#current().pid;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  logs(): string {
    return this.#log.text;
  }

  async restart(): Promise<void> {
    if (this.#stopped)
      throw new LauncherError('NotRunning', 'expected a server to restart, got: one that was stopped');
    await this.kill();
    const failure = await this.launch();
    if (failure !== undefined) throw failure.error;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.end(signal, this.#options.stopTimeoutMs ?? 10_000);
  }

  signal(signal: NodeJS.Signals): void {
    this.#current().signal(signal);
  }

  async pause(): Promise<void> {
    this.signal('SIGSTOP');
    await this.#current().stopped();
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.kill();
    const ownDir = this.#ownDir();
    if (ownDir !== undefined) await rm(ownDir, { recursive: true, force: true });
    untrackServer(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #ownDir(): string | undefined {
    return this.#options.dir === undefined ? this.dir : undefined;
  }

  #current(): ServerProcess {
    if (this.#process === undefined)
      throw new LauncherError('NotRunning', 'expected a started server, got: none');
    return this.#process;
  }

  async #address(): Promise<ServerAddress> {
    const { tls } = this.#options;
    if (tls === undefined) return { host, port: this.port };
    const [cert, key] = await Promise.all([readFile(tls.certPath, 'utf8'), readFile(tls.keyPath, 'utf8')]);
    return { host, port: this.port, tls: { cert, key } };
  }
}
