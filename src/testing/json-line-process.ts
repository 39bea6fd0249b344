/** A child process that prints one JSON object a line, and what has been heard of it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type JsonLine, JsonLineLog, type ProcessExit, type WaitForOptions } from './json-line-log.js';
import { guardProcess } from './process-guard.js';

export class JsonLineProcess {
  readonly pid: number;
  /** Resolves when the process has ended and all its output is here. Never rejects. */
  readonly exit: Promise<ProcessExit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #log: JsonLineLog;

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>, waitMs: number | undefined) {
    this.#child = child;
    this.#log = new JsonLineLog(waitMs);
    // A program that cannot be run has no number, and says so in its 'error' event; 0 is nobody's.
    this.pid = child.pid ?? 0;
    const dismissGuard = child.pid === undefined ? () => {} : guardProcess(child.pid, undefined);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#log.hear(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => this.#log.hearError(chunk));
    this.exit = new Promise((resolve) => {
      const ended = (exit: ProcessExit) => {
        dismissGuard();
        resolve(exit);
        this.#log.end(exit);
      };
      child.once('close', (code, signal) => ended({ code, signal }));
      child.once('error', (error) => {
        this.#log.hearError(String(error));
        ended({ code: null, signal: null });
      });
    });
  }

  /**
   * Starts it. It is killed when this process ends, however this process ends.
   *
   * @param waitMs how long a line is waited for where nothing else is said, in milliseconds
   */
  static spawn(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
    waitMs?: number,
  ): JsonLineProcess {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    return new JsonLineProcess(child, waitMs);
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

  /** Called with every line from now on. */
  onLine(listener: (line: JsonLine) => void): void {
    this.#log.onLine(listener);
  }

  /** The first line that fits, whether it has been printed already or is still to come. */
  waitFor(predicate: (line: JsonLine) => boolean, options: WaitForOptions): Promise<JsonLine> {
    return this.#log.waitFor(predicate, options);
  }

  /** Closes our end of its output, as `head` does when it has seen enough. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  /** Sends a signal; to one that has ended, nothing. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.running) this.#child.kill(signal);
  }
}
