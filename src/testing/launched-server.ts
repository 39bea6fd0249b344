import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LauncherError } from './errors.js';
import { freeClusterPort, freePort } from './free-port.js';
import { LogTail } from './log-tail.js';
import { trackServer, untrackServer } from './open-servers.js';
import type { RedisBinary } from './redis-binary.js';
import { serverAddress, serverUrl } from './server-address.js';
import { writeServerConfig } from './server-config.js';
import { ServerProcess } from './server-process.js';
import type { RedisServer, StartRedisOptions } from './server-types.js';

const host = '127.0.0.1';
const portAttempts = 20;

/** Runs `binary` on 127.0.0.1, and returns when it answers. */
export async function launchServer(options: StartRedisOptions, binary: RedisBinary): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await (isClusterNode(options) ? freeClusterPort() : freePort()));
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

function isClusterNode({ config }: StartRedisOptions): boolean {
  return config?.['cluster-enabled'] === 'yes';
}

/** A server in a process of its own on this machine. */
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
    const timeoutMs = this.#options.startTimeoutMs ?? 60_000;
    const failure = await started.ready(await serverAddress(this.#options, host, this.port), timeoutMs);
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
    return serverUrl(this.#options, host, this.port);
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
    await this.#process?.end(signal, this.#options.stopTimeoutMs ?? 60_000);
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
}
