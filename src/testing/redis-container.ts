import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerRuntimeClient, GenericContainer, StartedTestContainer } from 'testcontainers';
import { messageOf } from '../core/errors.js';
import { foundPackage, PackageUnfit } from '../core/found-package.js';
import { LauncherError } from './errors.js';
import { freePort } from './free-port.js';
import { LogTail } from './log-tail.js';
import { trackServer, untrackServer } from './open-servers.js';
import { type RedisBinary, supportedVersion } from './redis-binary.js';
import { serverAddress, serverUrl } from './server-address.js';
import { configFileName, serverConfigFiles } from './server-config.js';
import { answersPing } from './server-probe.js';
import type { RedisServer, StartRedisOptions } from './server-types.js';
import { waitUntil } from './wait-until.js';

/** A Docker engine that answers, and what talks to it. */
export interface ContainerEngine {
  readonly testcontainers: typeof import('testcontainers');
  readonly client: ContainerRuntimeClient;
}

type Container = ReturnType<ContainerRuntimeClient['container']['getById']>;

const TESTCONTAINERS = { name: 'testcontainers', from: '11.9.0', below: '12.0.0' };
const engineAnswersMs = 2_000;
const port = 6379;
/** Where the images keep their data: what is put there belongs to the server's user when it starts. */
const dir = '/data';
const program = 'redis-server';

/** @throws {@link LauncherError} `EngineNotFound`: the package `testcontainers` is missing, or no engine answers in time */
export async function findContainerEngine(): Promise<ContainerEngine> {
  const testcontainers = await foundPackage(TESTCONTAINERS, () => import('testcontainers')).catch(
    (cause: unknown) => {
      throw cause instanceof PackageUnfit
        ? new LauncherError('EngineNotFound', cause.message, { cause })
        : cause;
    },
  );
  const client = await Promise.race([
    testcontainers.getContainerRuntimeClient(),
    delay(engineAnswersMs, undefined, { ref: false }),
  ]).catch((cause: unknown) => {
    throw notFound(messageOf(cause), cause);
  });
  if (client === undefined) throw notFound('no answer');
  return { testcontainers, client };
}

function notFound(got: string, cause?: unknown): LauncherError {
  return new LauncherError(
    'EngineNotFound',
    `expected a Docker engine to answer within ${engineAnswersMs} ms, got: ${got}`,
    { cause },
  );
}

/** Runs a server in a container of `$REDIS_IMAGE`, and returns when it answers. */
export async function startContainer(
  options: StartRedisOptions,
  engine: ContainerEngine,
): Promise<RedisServer> {
  if (options.dir !== undefined) throw notSupported('no directory', options.dir);
  const image = process.env.REDIS_IMAGE || 'redis:7';
  const log = new LogTail();
  const hostPort = options.port ?? (await freePort());
  const { Wait } = engine.testcontainers;
  const beginning = new Beginning(engine.client, log);
  const container = beginning
    .containerOf(engine, image)
    .withCopyContentToContainer(await filesFor(options))
    .withCommand([program, `${dir}/${configFileName}`, ...(options.args ?? [])])
    // A port of our own choice: one of Docker's would change when the server restarts.
    .withExposedPorts({ container: port, host: hostPort })
    .withLogConsumer((stream) => stream.on('data', (chunk) => log.append(String(chunk))))
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .withStartupTimeout(options.startTimeoutMs ?? 60_000);
  const started = await beginning.of(container.start(), `${image} to answer on port ${hostPort}`);
  try {
    const { output } = await started.exec([program, '--version']);
    const version = supportedVersion(program, output);
    if (typeof version === 'string')
      throw new LauncherError('StartFailed', `expected a server of version 6.2 or newer, got: ${version}`);
    const binary: RedisBinary = { path: program, env: {}, source: 'image', ...version };
    const server = new ContainerServer(options, engine.client, started, hostPort, binary, log);
    await server.ready();
    return server;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** What becomes of a container until its server answers. Testcontainers itself waits a minute for the ports of one that has ended, and leaves it there. */
class Beginning {
  readonly #client: ContainerRuntimeClient;
  readonly #log: LogTail;
  /** Undefined until there is one. */
  #made: Container | undefined;
  /** Rejects when it ends. */
  readonly #ended: Promise<never>;
  #hasEnded: (why: Error) => void = () => {};

  constructor(client: ContainerRuntimeClient, log: LogTail) {
    this.#client = client;
    this.#log = log;
    this.#ended = new Promise((_resolve, reject) => {
      this.#hasEnded = reject;
    });
    // It ends sooner or later, and mostly nobody listens any more.
    this.#ended.catch(() => undefined);
  }

  containerOf({ testcontainers }: ContainerEngine, image: string): GenericContainer {
    const made = (id: string) => this.#watch(id);
    return new (class extends testcontainers.GenericContainer {
      protected override async containerCreated(id: string): Promise<void> {
        made(id);
      }
    })(image);
  }

  #watch(id: string): void {
    const made = this.#client.container.getById(id);
    this.#made = made;
    // Asked before it is started: of one that has ended already nothing more is heard.
    made.wait({ condition: 'next-exit' }).then(
      ({ StatusCode }: { readonly StatusCode: number }) =>
        this.#hasEnded(new Error(`the server ended with exit code ${StatusCode}`)),
      () => undefined,
    );
  }

  /** @throws {@link LauncherError} `StartFailed`, with the server's log; the container is removed by then */
  async of<T>(starting: Promise<T>, expected: string): Promise<T> {
    // Testcontainers goes on waiting for one that is gone.
    starting.catch(() => undefined);
    try {
      return await Promise.race([starting, this.#ended]);
    } catch (cause) {
      const made = this.#made;
      const got =
        made === undefined
          ? `${messageOf(cause)}; no container was made (Testcontainers runs one of testcontainers/ryuk first, unless TESTCONTAINERS_RYUK_DISABLED is true)`
          : `${messageOf(cause)}\n${await this.#logOf(made)}`;
      await made?.remove({ force: true, v: true }).catch(() => undefined);
      throw new LauncherError('StartFailed', `expected ${expected}, got: ${got}`, { cause });
    }
  }

  async #logOf(made: Container): Promise<string> {
    const read = async () => {
      const tail = new LogTail();
      for await (const chunk of await this.#client.container.logs(made)) tail.append(String(chunk));
      return tail.text;
    };
    // Of one that has not ended, the log does not end either; of one that is gone there is none.
    const late = delay(engineAnswersMs, '', { ref: false });
    const text = await Promise.race([read().catch(() => ''), late]);
    return text === '' ? this.#log.text : text;
  }
}

class ContainerServer implements RedisServer {
  readonly dir = dir;
  readonly host: string;
  readonly #options: StartRedisOptions;
  readonly #client: ContainerRuntimeClient;
  readonly #container: Container;
  readonly #log: LogTail;
  #pid = 0;
  #running = true;
  #paused = false;
  #stopped = false;
  /** Docker answers later than `resume()` returns. */
  #resuming: Promise<unknown> = Promise.resolve();

  constructor(
    options: StartRedisOptions,
    client: ContainerRuntimeClient,
    started: StartedTestContainer,
    readonly port: number,
    readonly binary: RedisBinary,
    log: LogTail,
  ) {
    this.#options = options;
    this.#client = client;
    this.#container = client.container.getById(started.getId());
    this.#log = log;
    this.host = started.getHost();
    trackServer(this);
  }

  /** Waits until it answers from outside, where its port is published a little after it was opened. */
  async ready(): Promise<void> {
    const timeoutMs = this.#options.startTimeoutMs ?? 60_000;
    const address = await serverAddress(this.#options, this.host, this.port);
    const wrong = await waitUntil(
      async () => ((await answersPing(address)) ? undefined : 'no answer'),
      timeoutMs,
    );
    if (wrong !== undefined)
      throw new LauncherError(
        'StartTimeout',
        `expected ${this.url} to answer within ${timeoutMs} ms, got: ${wrong}\n${this.logs()}`,
      );
    this.#pid = (await this.#client.container.inspect(this.#container)).State.Pid;
    this.#running = true;
  }

  get url(): string {
    return serverUrl(this.#options, this.host, this.port);
  }

  get pid(): number {
    return this.#pid;
  }

  get running(): boolean {
    return this.#running;
  }

  logs(): string {
    return this.#log.text;
  }

  async restart(): Promise<void> {
    if (this.#stopped)
      throw new LauncherError('NotRunning', 'expected a server to restart, got: one that was stopped');
    await this.kill();
    this.#log.clear();
    const startedAt = Date.now() / 1000;
    await this.#container.start();
    const stream = await this.#client.container.logs(this.#container, { since: startedAt });
    stream.on('data', (chunk) => this.#log.append(String(chunk)));
    await this.ready();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.#running) return;
    if (this.#paused) this.resume();
    await this.#resuming;
    await this.#container.kill({ signal });
    await this.#container.wait();
    this.#running = false;
  }

  signal(signal: NodeJS.Signals): never {
    throw notSupported('kill(), pause() or resume()', `signal('${signal}')`);
  }

  async pause(): Promise<void> {
    await this.#resuming;
    await this.#container.pause();
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resuming = this.#container.unpause();
    // Whoever comes next is told.
    this.#resuming.catch(() => undefined);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#running = false;
    await this.#container.remove({ force: true, v: true });
    untrackServer(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** What the server finds in its directory, with absolute paths in the container. */
async function filesFor(options: StartRedisOptions): Promise<{ content: string; target: string }[]> {
  const { tls, ...others } = options;
  const copies: { content: string; target: string }[] = [];
  const copy = async (path: string, name: string) => {
    copies.push({ content: await readFile(path, 'utf8'), target: `${dir}/${name}` });
    return `${dir}/${name}`;
  };
  const inside = tls && {
    certPath: await copy(tls.certPath, 'cert.pem'),
    keyPath: await copy(tls.keyPath, 'key.pem'),
    ...(tls.caPath !== undefined && { caPath: await copy(tls.caPath, 'ca.pem') }),
  };
  // Who asks comes from outside the container.
  const config = { 'protected-mode': 'no', ...others.config };
  const files = serverConfigFiles(
    { ...others, config, ...(inside !== undefined && { tls: inside }) },
    { bind: '*', port, dir },
  );
  return [...copies, ...files.map(({ name, content }) => ({ content, target: `${dir}/${name}` }))];
}

function notSupported(expected: string, got: string): LauncherError {
  return new LauncherError('NotSupported', `expected ${expected} for a server in a container, got: ${got}`);
}
