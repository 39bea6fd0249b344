/** The demo's consumers: real processes of `streamwarden consume`, and what each has told. */
import { fileURLToPath } from 'node:url';
import type { JsonLine } from '../../testing/json-line-log.js';
import { JsonLineProcess } from '../../testing/json-line-process.js';
import { CliError, EXIT } from '../errors.js';

const PROGRAM = fileURLToPath(new URL('../../../bin/streamwarden.js', import.meta.url));
const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 15_000;

export interface FleetSettings {
  readonly url: string;
  readonly service: string;
  readonly historyKey: string;
  readonly holdMs: number;
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
    const { url, service, historyKey, holdMs, keyspaceEvents } = this.#settings;
    const args = ['consume', '--json', '--service', service, '--consumer-id', id, '--hold', String(holdMs)];
    args.push('--history-key', historyKey, '--keyspace-events', keyspaceEvents);
    // The URL may hold a password, which everybody could read among a process's arguments.
    const env = { ...process.env, REDIS_URL: url };
    const started = JsonLineProcess.spawn(process.execPath, [PROGRAM, ...args], env);
    this.#processes.push(started);
    started.onLine((line) => this.#onLine(id, line));
    const ready = await Promise.race([
      started.waitFor(({ type }) => type === 'Ready', { name: `${id} is ready`, timeoutMs: READY_WITHIN_MS }),
      started.exit.then(() => {
        throw whyItEnded(id, started);
      }),
    ]);
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
function whyItEnded(id: string, ended: JsonLineProcess): CliError {
  const said = ended.lines.findLast(({ type }) => type === 'Error');
  if (said !== undefined) return new CliError(String(said.code), String(said.message));
  const message = `${id} ended before it was ready: ${ended.stderr.trim() || 'it said nothing'}`;
  return new CliError('ConsumerEnded', message, EXIT.failed);
}
