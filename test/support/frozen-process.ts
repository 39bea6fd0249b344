import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Stores } from '../../src/actors/kernel.js';
import type { Notification, RuntimeOptions, Snapshot, StopOptions, StopReport } from '../../src/index.js';
import { guardProcess } from '../../src/testing/process-guard.js';
import { eventually } from './eventually.js';

/** Where a process is to stop. */
export type FreezePoint = {
  [S in keyof Stores]: {
    readonly store: S;
    readonly operation: keyof Stores[S] & string;
    /** Before the command leaves; when it has been sent and its reply not been read; when its reply has been read. */
    readonly when: 'before' | 'sent' | 'answered';
  };
}[keyof Stores];

export interface FrozenCall {
  readonly call: number;
  readonly method: string;
  readonly argument: unknown;
}

export type FrozenMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'news'; readonly notification: Notification }
  | {
      readonly kind: 'answer';
      readonly call: number;
      readonly value?: unknown;
      readonly error?: { readonly code: string; readonly message: string };
    };

type Kind = Notification['type'];
type Of<K extends Kind> = Extract<Notification, { type: K }>;

/** A process that runs one runtime after the other and freezes between two steps of one when told to. */
export class FrozenProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: FrozenMessage & { kind: 'answer' }) => void>();
  #news: Notification[] = [];
  #calls = 0;
  #output = '';
  /** Name in the group of the present runtime. */
  consumer = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: FrozenMessage) => {
      if (message.kind === 'answer') this.#waiting.get(message.call)?.(message);
      if (message.kind === 'news') this.#news.push(message.notification);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text).slice(-10_000);
      });
    }
  }

  static async spawn(): Promise<FrozenProcess> {
    const child = fork(fileURLToPath(new URL('./frozen-main.ts', import.meta.url)), [], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.once('exit', guardProcess(child.pid as number, undefined));
    const spawned = new FrozenProcess(child);
    const ready = new Promise<void>((resolve) => {
      child.on('message', ({ kind }: FrozenMessage) => kind === 'ready' && resolve());
    });
    const died = once(child, 'exit').then(() => {
      throw new Error(`expected a process to start, got: its exit\n${spawned.#output}`);
    });
    died.catch(() => {});
    await Promise.race([ready, died]);
    return spawned;
  }

  async #ask(method: string, argument?: unknown): Promise<unknown> {
    this.#calls += 1;
    const call = this.#calls;
    const answer = new Promise<FrozenMessage & { kind: 'answer' }>((resolve) => {
      this.#waiting.set(call, resolve);
    });
    this.#child.send({ call, method, argument } satisfies FrozenCall);
    const { value, error } = await answer;
    this.#waiting.delete(call);
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return value;
  }

  /** Makes and starts the next runtime; what was told by the one before is forgotten. */
  async start(options: RuntimeOptions): Promise<void> {
    this.#news = [];
    this.consumer = (await this.#ask('start', options)) as string;
  }

  async freezeAt(point: FreezePoint): Promise<void> {
    await this.#ask('freezeAt', point);
  }

  /** Resolves when the event loop runs again. */
  async block(ms: number): Promise<void> {
    await this.#ask('block', ms);
  }

  async stop(options: StopOptions = {}): Promise<StopReport> {
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

  told<K extends Kind>(type: K): Of<K>[] {
    return this.#news.filter((one): one is Of<K> => one.type === type);
  }

  async awaitNews<K extends Kind>(type: K, count = 1): Promise<Of<K>[]> {
    await eventually(`${count} ${type}`, () => this.told(type).length >= count, { timeoutMs: 10_000 });
    return this.told(type);
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Resolves when the kernel has really stopped it. */
  async frozen(): Promise<void> {
    await eventually('the process is frozen', () => this.#isFrozen(), { timeoutMs: 10_000 });
  }

  async #isFrozen(): Promise<boolean> {
    return /\) T /.test(await readFile(`/proc/${this.#child.pid}/stat`, 'utf8'));
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** One process for the tests of a suite; each test's runtime is abandoned after it. */
export function useFrozenProcess(): () => FrozenProcess {
  let one: FrozenProcess | undefined;
  before(async () => {
    one = await FrozenProcess.spawn();
  });
  afterEach(async () => {
    one?.thaw();
    await one?.stop({ mode: 'abandon', timeoutMs: 0 });
  });
  after(async () => {
    await one?.kill();
  });
  return () => {
    if (one === undefined) throw new Error('expected useFrozenProcess() to be asked inside a test');
    return one;
  };
}
