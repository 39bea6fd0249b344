/** A process that runs schedules, one after the other: a run has one thread, and the machine has several. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RunResult } from './fleet.js';
import type { Schedule } from './schedule.js';

/** Asked of the process. */
export interface Order {
  readonly schedule: Schedule;
}

/** What it says. */
export interface Answer {
  readonly result: RunResult;
  /** Processor time of this run, in milliseconds. */
  readonly cpuMs: number;
}

export interface Program {
  readonly file: string;
  /** Arguments of Node. */
  readonly execArgv: readonly string[];
}

/** Thrown when the process has ended by itself, or was ended as it took too long. */
export class ProcessGone extends Error {}

export class SeedProcess {
  readonly #program: Program;
  /** A run that takes longer is ended, and the process with it, in milliseconds. */
  readonly #mostMs: number;
  #child: ChildProcess | undefined;

  constructor(program: Program, mostMs = Number.POSITIVE_INFINITY) {
    this.#program = program;
    this.#mostMs = mostMs;
  }

  /**
   * Starts the process, if there is none.
   * @throws ProcessGone
   */
  async run(schedule: Schedule): Promise<Answer> {
    this.#child ??= this.#start();
    const child = this.#child;
    const over = new AbortController();
    const { signal } = over;
    const timer = Number.isFinite(this.#mostMs)
      ? setTimeout(() => child.kill('SIGKILL'), this.#mostMs)
      : undefined;
    const order: Order = { schedule };
    child.send(order);
    try {
      return await Promise.race([
        once(child, 'message', { signal }).then(([answer]) => answer as Answer),
        once(child, 'exit', { signal }).then(([code, by]) => {
          this.#child = undefined;
          throw new ProcessGone(`it ended with ${code ?? by}`);
        }),
      ]);
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  /** It ends when it has nothing more to do. */
  close(): void {
    this.#child?.disconnect();
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const { file, execArgv } = this.#program;
    return fork(file, { execArgv: [...execArgv], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }
}
