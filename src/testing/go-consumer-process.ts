/** The stand-in for a Go consumer in a process of its own, for killing and freezing it as an operating system does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { GoConsumerOptions, GoNotification } from './go-consumer.js';
import { guardProcess } from './process-guard.js';

/** @internal */
export interface GoProcessCall {
  readonly call: number;
  readonly stream: string;
}

/** @internal */
export type GoProcessMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'news'; readonly notification: GoNotification }
  | {
      readonly kind: 'answer';
      readonly call: number;
      readonly acknowledged?: boolean;
      readonly error?: string;
    };

/** A running one. */
export interface GoConsumerProcess extends AsyncDisposable {
  readonly pid: number;
  /** Everything that its application has been told, as far as it has arrived here. */
  readonly notifications: readonly GoNotification[];
  /** As `GoConsumer.done`. */
  done(stream: string): Promise<boolean>;
  /** SIGSTOP or SIGCONT, say. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL. Resolves when the process is gone; calling it twice is fine. */
  kill(): Promise<void>;
}

/**
 * Starts the stand-in in a child process, which dies with this one. Returns when it is subscribed.
 *
 * @throws an Error with what the process printed, when it did not come up
 */
export async function spawnGoConsumer(options: GoConsumerOptions): Promise<GoConsumerProcess> {
  const { GO_CONSUMER_PROGRAM } = await import('./go-consumer-program.js');
  const child = spawn(process.execPath, ['-'], {
    env: { ...process.env, GO_CONSUMER_OPTIONS: JSON.stringify(options) },
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
  });
  // One that has ended before it read all of it has said why.
  child.stdin?.on('error', () => {});
  child.stdin?.end(GO_CONSUMER_PROGRAM);
  const spawned = new SpawnedGoConsumer(child);
  await spawned.ready;
  return spawned;
}

class SpawnedGoConsumer implements GoConsumerProcess {
  readonly notifications: GoNotification[] = [];
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: GoProcessMessage & { kind: 'answer' }) => void>();
  #calls = 0;
  #output = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    if (child.pid !== undefined) child.once('exit', guardProcess(child.pid, undefined));
    child.stderr?.on('data', (text: Buffer) => {
      this.#output = (this.#output + text).slice(-10_000);
    });
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: GoProcessMessage) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'news') this.notifications.push(message.notification);
        else this.#waiting.get(message.call)?.(message);
      });
      child.once('error', reject);
      child.once('exit', () =>
        reject(new Error(`expected a Go consumer's process to start, got: its exit\n${this.#output}`)),
      );
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async done(stream: string): Promise<boolean> {
    this.#calls += 1;
    const call = this.#calls;
    const answer = new Promise<GoProcessMessage & { kind: 'answer' }>((resolve) => {
      this.#waiting.set(call, resolve);
    });
    this.#child.send({ call, stream } satisfies GoProcessCall);
    const { acknowledged, error } = await answer;
    this.#waiting.delete(call);
    if (error !== undefined) throw new Error(error);
    return acknowledged ?? false;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
