/** Holds recordings against the present machines, for the page. Nothing of them is kept. */
import type { IncomingMessage } from 'node:http';
import { Worker } from 'node:worker_threads';
import { ERROR_CODES, type ErrorCode, StreamwardenError } from '../core/errors.js';
import { bodyOf, expectType, WrittenJson } from './http.js';
import { Refusal } from './refusal.js';
import type { ReplayMessage } from './replay-worker.js';

export const MAX_REPLAY_BYTES = 128 * 1024 * 1024;

/** A page could hardly show more, and it stands in the memory of the process that has the leases. */
const MAX_REPORT_BYTES = 32 * 1024 * 1024;

/** What one replay may cost. */
export interface ReplayLimits {
  readonly ms: number;
  readonly megabytes: number;
}

const LIMITS: ReplayLimits = { ms: 60_000, megabytes: 512 };

export class Replays {
  readonly #limits: ReplayLimits;
  #isBusy = false;

  constructor(limits: ReplayLimits = LIMITS) {
    this.#limits = limits;
  }

  /**
   * The report (ReplayReport) on the recording in a request's body, read as it comes.
   * @throws Refusal `Busy`, `TooLarge`, `TooCostly`; StreamwardenError `RecordingMalformed`, `RecordingUnsupported`
   */
  async ofBody(request: IncomingMessage): Promise<WrittenJson> {
    expectType(request, 'application/x-ndjson');
    return await this.#alone(async () => {
      await using thread = await ReplayThread.start(null, this.#limits);
      for await (const chunk of bodyOf(request, MAX_REPLAY_BYTES)) {
        const answer = await thread.give(chunk);
        if (answer !== undefined) return answer;
      }
      return (await thread.give(null)) as WrittenJson;
    });
  }

  /**
   * Whoever started the inspector named this one, and may drop another one on the page meanwhile.
   * @throws Refusal `TooCostly`; StreamwardenError `RecordingUnreadable`, `RecordingMalformed`, `RecordingUnsupported`
   */
  async ofFile(file: string): Promise<WrittenJson> {
    await using thread = await ReplayThread.start(file, this.#limits);
    return (await thread.answer()) as WrittenJson;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new Refusal(429, 'Busy', 'another recording is being replayed');
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }
}

/** One thread for one recording, ended with it, or when its time or memory is over. */
class ReplayThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;
  readonly #tooCostly: Refusal;
  #settle: { resolve(report: WrittenJson | undefined): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  static async start(file: string | null, limits: ReplayLimits): Promise<ReplayThread> {
    const { REPLAY_PROGRAM } = await import('./replay-program.js');
    return new ReplayThread(REPLAY_PROGRAM, file, limits);
  }

  private constructor(program: string, file: string | null, { ms, megabytes }: ReplayLimits) {
    this.#tooCostly = new Refusal(
      422,
      'TooCostly',
      `expected a recording that is replayed within ${ms / 1000} s and ${megabytes} MB, got: a more costly one; streamwarden replay has no such limits`,
    );
    this.#worker = new Worker(program, {
      // From its text, and not from a file: there is none where the application has been bundled.
      eval: true,
      workerData: { file, mostBytes: MAX_REPORT_BYTES },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: 64 },
    });
    this.#worker.unref();
    this.#timer = setTimeout(() => this.#fail(this.#tooCostly), ms).unref();
    this.#worker.on('message', (message: ReplayMessage) => this.#hear(message));
    // Out of memory; anything else is caught in the thread.
    this.#worker.on('error', () => this.#fail(this.#tooCostly));
  }

  /** @returns the report, when it was the last piece */
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
    else if (message.kind === 'report') this.#settle?.resolve(new WrittenJson(message.report));
    else if (message.kind === 'tooLong') this.#fail(tooLong());
    else this.#fail(errorOf(message));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }
}

function tooLong(): Refusal {
  const megabytes = MAX_REPORT_BYTES / 1024 / 1024;
  return new Refusal(
    422,
    'TooCostly',
    `expected a recording whose report has at most ${megabytes} MB, got: one with a longer report; streamwarden replay has no such limit`,
  );
}

function errorOf({ code, message }: Extract<ReplayMessage, { kind: 'refused' }>): Error {
  const known = ERROR_CODES.find((one): one is ErrorCode => one === code);
  return known === undefined ? new Error(message) : new StreamwardenError(known, message);
}
