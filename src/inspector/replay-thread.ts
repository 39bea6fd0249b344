/** Work on what somebody has sent, in a thread of its own: ended with it, or when its time or memory is over. */
import { Worker } from 'node:worker_threads';
import { ERROR_CODES, type ErrorCode, StreamwardenError } from '../core/errors.js';
import { WrittenJson } from './http.js';
import { Refusal } from './refusal.js';
import type { ReplayJob, ReplayMessage, WorkerData } from './replay-worker.js';

/** A page could hardly show more, and it stands in the memory of the process that has the leases. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** What one piece of work may cost. */
export interface ThreadLimits {
  /** What it is about, as a refusal says it. */
  readonly of: string;
  readonly ms: number;
  readonly megabytes: number;
  /** What else there is for what costs more. */
  readonly hint: string;
}

export class ReplayThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;
  readonly #limits: ThreadLimits;
  #settle: { resolve(answer: WrittenJson | undefined): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  static async start(job: ReplayJob, limits: ThreadLimits): Promise<ReplayThread> {
    const { REPLAY_PROGRAM } = await import('./replay-program.js');
    return new ReplayThread(REPLAY_PROGRAM, job, limits);
  }

  private constructor(program: string, job: ReplayJob, limits: ThreadLimits) {
    const { ms, megabytes } = limits;
    this.#limits = limits;
    this.#worker = new Worker(program, {
      // From its text, and not from a file: there is none where the application has been bundled.
      eval: true,
      workerData: { job, mostBytes: MAX_ANSWER_BYTES } satisfies WorkerData,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: 64 },
    });
    this.#worker.unref();
    this.#timer = setTimeout(() => this.#fail(this.#tooCostly()), ms).unref();
    this.#worker.on('message', (message: ReplayMessage) => this.#hear(message));
    // Out of memory; anything else is caught in the thread.
    this.#worker.on('error', () => this.#fail(this.#tooCostly()));
  }

  /** @returns the answer, when it was the last piece */
  async give(piece: Uint8Array | null): Promise<WrittenJson | undefined> {
    this.#worker.postMessage(piece);
    return await this.answer();
  }

  answer(): Promise<WrittenJson | undefined> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      if (this.#failure !== undefined) reject(this.#failure);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#worker.terminate();
  }

  #hear(message: ReplayMessage): void {
    if (message.kind === 'more') this.#settle?.resolve(undefined);
    else if (message.kind === 'answer') this.#settle?.resolve(new WrittenJson(message.answer));
    else if (message.kind === 'tooLong') this.#fail(this.#tooLong());
    else this.#fail(errorOf(message));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }

  #tooCostly(): Refusal {
    const { of, ms, megabytes, hint } = this.#limits;
    const message = `expected ${of} within ${ms / 1000} s and ${megabytes} MB, got: a more costly one${hint}`;
    return new Refusal(422, 'TooCostly', message);
  }

  #tooLong(): Refusal {
    const { of, hint } = this.#limits;
    const message = `expected ${of} with an answer of at most ${MAX_ANSWER_BYTES / 1024 / 1024} MB, got: a longer one${hint}`;
    return new Refusal(422, 'TooCostly', message);
  }
}

function errorOf({ code, message }: Extract<ReplayMessage, { kind: 'refused' }>): Error {
  if (code === 'Malformed') return new Refusal(400, code, message);
  const known = ERROR_CODES.find((one): one is ErrorCode => one === code);
  return known === undefined ? new Error(message) : new StreamwardenError(known, message);
}
