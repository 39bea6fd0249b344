import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Notification, RuntimeOptions, Snapshot, StopReport } from '../../src/index.js';
import { guardProcess } from '../../src/testing/process-guard.js';
import { eventually } from './eventually.js';

export interface Call {
  readonly call: number;
  readonly method: string;
  readonly argument: unknown;
}

interface RemoteError {
  readonly code: string;
  readonly message: string;
}

export type ChildMessage =
  | { readonly kind: 'ready'; readonly consumer: string }
  | { readonly kind: 'news'; readonly notification: Notification }
  | {
      readonly kind: 'answer';
      readonly call: number;
      readonly value?: unknown;
      readonly error?: RemoteError;
    };

/** A runtime in a process of its own, for crashing and freezing it. */
export class ConsumerProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: ChildMessage & { kind: 'answer' }) => void>();
  readonly news: Notification[] = [];
  #calls = 0;
  #output = '';
  #newsArrived: () => void = () => {};
  /** Name in the consumer group. */
  consumer = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'answer') this.#waiting.get(message.call)?.(message);
      if (message.kind === 'news') {
        this.news.push(message.notification);
        this.#newsArrived();
      }
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text).slice(-10_000);
      });
    }
  }

  /** Spawns the process and makes its runtime; nothing is connected yet. */
  static async spawn(options: RuntimeOptions): Promise<ConsumerProcess> {
    const child = fork(fileURLToPath(new URL('./consumer-main.ts', import.meta.url)), [], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, CONSUMER_OPTIONS: JSON.stringify(options) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // Also when this process is killed and that one is frozen.
    const dismiss = guardProcess(child.pid as number, undefined);
    child.once('exit', dismiss);
    const started = new ConsumerProcess(child);
    const ready = new Promise<string>((resolve) => {
      child.on('message', (message: ChildMessage) => {
        if (message.kind === 'ready') resolve(message.consumer);
      });
    });
    const died = once(child, 'exit').then(() => {
      throw new Error(`expected a consumer process to start, got: its exit\n${started.#output}`);
    });
    died.catch(() => {});
    started.consumer = await Promise.race([ready, died]);
    return started;
  }

  async #ask(method: string, argument?: unknown): Promise<unknown> {
    this.#calls += 1;
    const call = this.#calls;
    const answer = new Promise<ChildMessage & { kind: 'answer' }>((resolve) => {
      this.#waiting.set(call, resolve);
    });
    this.#child.send({ call, method, argument } satisfies Call);
    const { value, error } = await answer;
    this.#waiting.delete(call);
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return value;
  }

  async start(): Promise<void> {
    await this.#ask('start');
  }

  async stop(options = {}): Promise<StopReport> {
    return (await this.#ask('stop', options)) as StopReport;
  }

  async done(id: string): Promise<void> {
    await this.#ask('done', id);
  }

  async release(id: string): Promise<void> {
    await this.#ask('release', id);
  }

  async snapshot(): Promise<Snapshot> {
    return (await this.#ask('snapshot')) as Snapshot;
  }

  /** Data stream → code of the reason with which its signal aborted. */
  async aborted(): Promise<Record<string, string>> {
    return (await this.#ask('aborted')) as Record<string, string>;
  }

  told<K extends Notification['type']>(type: K): Extract<Notification, { type: K }>[] {
    return this.news.filter((one): one is Extract<Notification, { type: K }> => one.type === type);
  }

  async awaitNews(type: Notification['type'], count = 1, timeoutMs = 20_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const fail = () => {
        const got = this.told(type).length;
        reject(new Error(`expected ${count} ${type} within ${timeoutMs} ms, got: ${got}\n${this.#output}`));
      };
      timer = setTimeout(fail, timeoutMs);
    });
    while (this.told(type).length < count) {
      const arrived = new Promise<void>((resolve) => {
        this.#newsArrived = resolve;
      });
      await Promise.race([arrived, late]);
    }
    clearTimeout(timer);
    late.catch(() => {});
  }

  /** A crash. Resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Resolves when the kernel has really stopped it. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP');
    await eventually('the process is frozen', async () => {
      const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8');
      return /\) T /.test(stat);
    });
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }
}

/** Processes that are killed after the test, however it ends. */
export function useConsumerProcesses(): (options: RuntimeOptions) => Promise<ConsumerProcess> {
  const spawned: ConsumerProcess[] = [];
  afterEach(async () => {
    await Promise.all(spawned.splice(0).map((one) => one.kill()));
  });
  return async (options) => {
    const one = await ConsumerProcess.spawn(options);
    spawned.push(one);
    return one;
  };
}
