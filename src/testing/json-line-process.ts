/** A child process that prints one JSON object a line, and what has been heard of it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { guardProcess } from './process-guard.js';

export interface JsonLine {
  readonly at: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ProcessExit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WaitForOptions {
  /** @defaultValue 60000: a deadline that only catches hanging */
  readonly timeoutMs?: number;
  /** What is waited for; the failure says it. */
  readonly name: string;
}

export class JsonLineProcess {
  readonly pid: number;
  /** Every line so far that is a JSON object. */
  readonly lines: JsonLine[] = [];
  /** Resolves when the process has ended and all its output is here. Never rejects. */
  readonly exit: Promise<ProcessExit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #listeners = new Set<() => void>();
  #exited: ProcessExit | undefined;
  #stdout = '';
  #stderr = '';
  #unfinished = '';

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    // A program that cannot be run has no number, and says so in its 'error' event; 0 is nobody's.
    this.pid = child.pid ?? 0;
    const dismissGuard = child.pid === undefined ? () => {} : guardProcess(child.pid, undefined);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#hear(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    this.exit = new Promise((resolve) => {
      const ended = (exit: ProcessExit) => {
        dismissGuard();
        this.#exited = exit;
        resolve(exit);
        for (const listener of [...this.#listeners]) listener();
      };
      child.once('close', (code, signal) => ended({ code, signal }));
      child.once('error', (error) => {
        this.#stderr += String(error);
        ended({ code: null, signal: null });
      });
    });
  }

  /** Starts it. It is killed when this process ends, however this process ends. */
  static spawn(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): JsonLineProcess {
    return new JsonLineProcess(spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get running(): boolean {
    return this.#exited === undefined;
  }

  /** All it has printed. */
  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Called with every line from now on. */
  onLine(listener: (line: JsonLine) => void): void {
    let seen = this.lines.length;
    this.#listeners.add(() => {
      while (seen < this.lines.length) {
        const line = this.lines[seen] as JsonLine;
        seen += 1;
        listener(line);
      }
    });
  }

  /** The first line that fits, whether it has been printed already or is still to come. */
  waitFor(predicate: (line: JsonLine) => boolean, options: WaitForOptions): Promise<JsonLine> {
    const { name, timeoutMs = 60_000 } = options;
    return new Promise((resolve, reject) => {
      let seen = 0;
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        act();
      };
      const fail = (got: string) =>
        settle(() =>
          reject(new Error(`${name}: expected a line within ${timeoutMs} ms, got: ${got}\n${this.#tail()}`)),
        );
      const look = () => {
        for (; seen < this.lines.length; seen += 1) {
          const line = this.lines[seen] as JsonLine;
          if (predicate(line)) {
            settle(() => resolve(line));
            return;
          }
        }
        if (this.#exited) fail(`the process's end (${this.#exited.signal ?? this.#exited.code})`);
      };
      const timer = setTimeout(() => fail('none that fits'), timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  /** Closes our end of its output, as `head` does when it has seen enough. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  /** Sends a signal; to one that has ended, nothing. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.running) this.#child.kill(signal);
  }

  #hear(chunk: string): void {
    this.#stdout += chunk;
    const parts = (this.#unfinished + chunk).split('\n');
    this.#unfinished = parts.pop() ?? '';
    for (const part of parts) {
      const line = parseLine(part);
      if (line !== undefined) this.lines.push(line);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #tail(): string {
    return `the last it printed:\n${this.#stdout.slice(-2_000)}\n${this.#stderr.slice(-2_000)}`;
  }
}

function parseLine(text: string): JsonLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as JsonLine) : undefined;
  } catch {
    // Text for people; `stdout` has it.
    return undefined;
  }
}
