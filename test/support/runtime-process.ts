/** A process of its own that has a runtime, as its parent sees it: asked over IPC, crashed, frozen and thawed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Notification, Snapshot, StopOptions, StopReport } from '../../src/index.js';
import { eventually } from './eventually.js';

export interface Call {
  readonly call: number;
  readonly method: string;
  readonly argument: unknown;
}

export type ChildMessage =
  /** `consumer`: name in the group of the runtime that there is already, else ''. */
  | { readonly kind: 'ready'; readonly consumer: string }
  | { readonly kind: 'news'; readonly notification: Notification }
  | {
      readonly kind: 'answer';
      readonly call: number;
      readonly value?: unknown;
      readonly error?: { readonly code: string; readonly message: string };
    };

type Answer = ChildMessage & { kind: 'answer' };
type Kind = Notification['type'];
type Of<K extends Kind> = Extract<Notification, { type: K }>;

export class RuntimeProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: Answer) => void>();
  #calls = 0;
  #output = '';
  /** Everything told so far, in order. */
  news: Notification[] = [];
  /** Name in the group of the present runtime. */
  consumer = '';

  protected constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'answer') this.#waiting.get(message.call)?.(message);
      if (message.kind === 'news') this.news.push(message.notification);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text).slice(-10_000);
      });
    }
  }

  /** Resolves when the program runs. */
  protected async ready(): Promise<void> {
    const ready = new Promise<string>((resolve) => {
      this.#child.on('message', (message: ChildMessage) => {
        if (message.kind === 'ready') resolve(message.consumer);
      });
    });
    const died = once(this.#child, 'exit').then(() => {
      throw new Error(`expected a process to start, got: its exit\n${this.#output}`);
    });
    died.catch(() => {});
    this.consumer = await Promise.race([ready, died]);
  }

  protected async ask(method: string, argument?: unknown): Promise<unknown> {
    this.#calls += 1;
    const call = this.#calls;
    const answer = new Promise<Answer>((resolve) => {
      this.#waiting.set(call, resolve);
    });
    this.#child.send({ call, method, argument } satisfies Call);
    const { value, error } = await answer;
    this.#waiting.delete(call);
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return value;
  }

  async stop(options: StopOptions = {}): Promise<StopReport> {
    return (await this.ask('stop', options)) as StopReport;
  }

  async done(id: string): Promise<void> {
    await this.ask('done', id);
  }

  async release(id: string): Promise<void> {
    await this.ask('release', id);
  }

  async snapshot(): Promise<Snapshot> {
    return (await this.ask('snapshot')) as Snapshot;
  }

  /** Data stream → code of the reason with which its signal aborted. */
  async aborted(): Promise<Record<string, string>> {
    return (await this.ask('aborted')) as Record<string, string>;
  }

  told<K extends Kind>(type: K): Of<K>[] {
    return this.news.filter((one): one is Of<K> => one.type === type);
  }

  async awaitNews<K extends Kind>(type: K, count = 1): Promise<Of<K>[]> {
    await eventually(`${count} ${type}`, () => this.told(type).length >= count);
    return this.told(type);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it is gone, for whatever reason. */
  get exit(): Promise<unknown> {
    return this.running ? once(this.#child, 'exit') : Promise.resolve();
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await eventually('the process ends', () => !this.running);
  }

  /** A crash. Resolves when the process is gone. */
  async kill(): Promise<void> {
    if (!this.running) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Resolves when the kernel has really stopped it. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP');
    await this.frozen();
  }

  /** Resolves when it is frozen, by whomever. */
  async frozen(): Promise<void> {
    await eventually('the process is frozen', async () =>
      /\) T /.test(await readFile(`/proc/${this.#child.pid}/stat`, 'utf8')),
    );
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }
}
