/** The demo's consumers: real processes of `streamwarden consume`, and what each has told. */
import { fileURLToPath } from 'node:url';
import type { JsonLine } from '../../testing/json-line-log.js';
import { JsonLineProcess } from '../../testing/json-line-process.js';
import { CliError, EXIT } from '../errors.js';

const PROGRAM = fileURLToPath(new URL('../../../bin/streamwarden.js', import.meta.url));

/** These only catch hanging, on whatever machine this runs: a consumer that cannot start, or stop, says so itself. */
const READY_WITHIN_MS = 180_000;
const STOP_WITHIN_MS = 180_000;
/** How long a consumer waits for Redis, which has answered the demo already. */
const CONNECT_WITHIN_MS = 60_000;

export interface FleetSettings {
  /** What the consumers find in their environment. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly url: string;
  readonly service: string;
  readonly historyKey: string;
  /** How long each entry takes. */
  readonly workMs: number;
  /** Leave the server's keyspace settings alone; deaths are then found by asking. */
  readonly keyspaceEvents: 'require' | 'off';
}

export interface DemoConsumer {
  /** What it was started as, such as `demo-1`. */
  readonly id: string;
  readonly process: JsonLineProcess;
  /** Name in the consumer group; empty until it is ready. */
  readonly name: string;
}

export class Fleet implements AsyncDisposable {
  readonly #settings: FleetSettings;
  readonly #onLine: (id: string, line: JsonLine) => void;
  readonly #processes: JsonLineProcess[] = [];

  constructor(settings: FleetSettings, onLine: (id: string, line: JsonLine) => void) {
    this.#settings = settings;
    this.#onLine = onLine;
  }

  /** Starts a consumer, and returns when it reads. */
  async start(id: string): Promise<DemoConsumer> {
    const { url, service, historyKey, workMs, keyspaceEvents } = this.#settings;
    const args = ['consume', '--json', '--service', service, '--consumer-id', id];
    args.push(
      '--entries',
      '--hold',
      String(workMs),
      '--history-key',
      historyKey,
      '--keyspace-events',
      keyspaceEvents,
    );
    args.push('--start-timeout', String(CONNECT_WITHIN_MS));
    // The URL may hold a password, which everybody could read among a process's arguments.
    const env = { ...this.#settings.env, REDIS_URL: url };
    const started = JsonLineProcess.spawn(process.execPath, [PROGRAM, ...args], env, READY_WITHIN_MS);
    this.#processes.push(started);
    started.onLine((line) => this.#onLine(id, line));
    const ready = await started
      .waitFor(({ type }) => type === 'Ready', { name: `${id} is ready` })
      .catch(async () => {
        throw await whyNotReady(id, started);
      });
    return { id, process: started, name: String(ready.consumer) };
  }

  /** Asks one to stop; returns when it has handed its streams over and is gone. */
  async stop({ id, process: one }: DemoConsumer): Promise<void> {
    one.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const message = `expected ${id} to stop within ${STOP_WITHIN_MS} ms of SIGTERM, got: it runs on`;
      timer = setTimeout(() => reject(new CliError('StopTimeout', message, EXIT.failed)), STOP_WITHIN_MS);
    });
    await Promise.race([one.exit, late]).finally(() => clearTimeout(timer));
  }

  /** Whatever still runs is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#processes) one.kill('SIGKILL');
    await Promise.all(this.#processes.map((one) => one.exit));
  }
}

/** A consumer that cannot start has said why, and how bad that is. */
async function whyNotReady(id: string, consumer: JsonLineProcess): Promise<CliError> {
  if (consumer.running) {
    const message = `expected ${id} to be ready within ${READY_WITHIN_MS} ms, got: it is still starting`;
    return new CliError('ConsumerLate', message, EXIT.failed);
  }
  const said = consumer.lines.findLast(({ type }) => type === 'Error');
  if (said !== undefined) {
    const { code } = await consumer.exit;
    const message = `${id} could not start: ${String(said.message)}`;
    return new CliError(String(said.code), message, code ?? EXIT.failed);
  }
  const message = `${id} ended before it was ready: ${lastError(consumer.stderr)}`;
  return new CliError('ConsumerEnded', message, EXIT.failed);
}

/** What Node.js prints when a program dies of an error is long; the line that counts names the error. */
function lastError(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}
