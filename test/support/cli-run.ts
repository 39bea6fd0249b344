/** The command line in this process: everything that it touches of a process is one that it is given. */
import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { CliHost, HostInput } from '../../src/cli/host.js';
import {
  type JsonLine,
  JsonLineLog,
  type ProcessExit,
  type WaitForOptions,
} from '../../src/testing/json-line-log.js';
import { hangingMs } from './pace.js';

// The command line loads its commands by import(); all of it has to be loaded so, or there would be two of each module where Mocha has loaded
// the test by require().
const load = () => import('../../src/cli/run-cli.js');

export interface CliRunOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** A person sits at a terminal, where stdout and stderr are the same. @defaultValue false */
  readonly onTerminal?: boolean;
}

/** A command under way, which can be told what a process can be told, but not be killed. */
export class CliRun {
  /** Resolves when the command has ended. Never rejects. */
  readonly exit: Promise<ProcessExit>;
  readonly #events = new EventEmitter();
  readonly #keys = new PassThrough();
  readonly #log = new JsonLineLog(hangingMs());

  constructor(args: readonly string[], { env, onTerminal = false }: CliRunOptions) {
    const stdin = Object.assign(this.#keys, {
      isTTY: onTerminal,
      setRawMode: () => stdin,
    }) as unknown as HostInput;
    if (!onTerminal) this.#keys.end();
    const size = onTerminal ? { isTTY: true, columns: 120, rows: 40 } : {};
    const hear = (chunk: string) => this.#log.hear(chunk);
    const stdout = Object.assign(textSink(hear), size);
    const stderr = Object.assign(textSink(onTerminal ? hear : (chunk) => this.#log.hearError(chunk)), size);
    this.exit = new Promise<ProcessExit>((resolve) => {
      const end = (code: number) => {
        const exit = { code, signal: null };
        resolve(exit);
        if (this.running) this.#log.end(exit);
      };
      const host: CliHost = { stdin, stdout, stderr, env, events: this.#events, exit: end };
      void load().then(({ runCli }) => runCli(args, host).then(end));
    });
  }

  get running(): boolean {
    return this.#log.exited === undefined;
  }

  /** Every line so far that is a JSON object. */
  get lines(): readonly JsonLine[] {
    return this.#log.lines;
  }

  /** All it has printed. */
  get stdout(): string {
    return this.#log.stdout;
  }

  get stderr(): string {
    return this.#log.stderr;
  }

  /** The first line that fits, whether it has been printed already or is still to come. */
  waitFor(predicate: (line: JsonLine) => boolean, options: WaitForOptions): Promise<JsonLine> {
    return this.#log.waitFor(predicate, options);
  }

  /** Types on its terminal. */
  type(keys: string): void {
    this.#keys.write(keys);
  }

  /** Tells it of a signal, as its process would; of none that ends a process unasked. */
  kill(signal: Exclude<NodeJS.Signals, 'SIGKILL' | 'SIGSTOP'> = 'SIGTERM'): void {
    if (!this.running) return;
    const isHeard = this.#events.emit(signal);
    if (!isHeard) throw new Error(`expected the command to listen for ${signal}, got: nobody who does`);
  }

  /**
   * Ends a consumer that leaves everything as it is, so that Redis is told nothing [C-STOP-5]: to all others it has died. Resolves when its
   * connections are closed.
   */
  async die(): Promise<void> {
    await this.end();
    const stopped = this.lines.at(-1);
    if (stopped?.type !== 'Stopped' || stopped.mode !== 'abandon' || stopped.handedOver !== 0) {
      throw new Error(`expected a consumer that leaves everything, got: ${JSON.stringify(stopped)}`);
    }
  }

  /** Ends it, as politely as it lets itself be ended. */
  async end(): Promise<void> {
    // The second time a consumer leaves what it holds.
    for (let time = 0; time < 2 && this.running; time += 1) this.#events.emit('SIGTERM');
    await this.exit;
  }
}

function textSink(hear: (chunk: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      hear(String(chunk));
      done();
    },
  });
}
