import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LauncherError } from './errors.js';
import type { LogTail } from './log-tail.js';
import { guardProcess } from './process-guard.js';
import type { RedisBinary } from './redis-binary.js';
import { answersPing, type ServerAddress } from './server-probe.js';

/** Printed by Redis and Valkey alike once the listening socket is open and the data are loaded; the second by a Sentinel. */
const readyLine = /Ready to accept connections|Sentinel ID is/;
const taken = /Address already in use|Failed listening on port/;

/** Why a server that was just started is not there. */
export type StartFailure = 'port taken' | 'exited' | 'timeout';

/** One process of a server, from its start to its exit. */
export class ServerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #log: LogTail;

  private constructor(child: ChildProcess, pid: number, log: LogTail, directory: string | undefined) {
    this.pid = pid;
    this.#child = child;
    this.#log = log;
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => log.append(chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => log.append(chunk));
    const dismissGuard = guardProcess(pid, directory);
    // 'close' and not 'exit': by then the last words are in the log.
    this.#exited = new Promise((resolve) => {
      child.once('close', () => {
        dismissGuard();
        resolve();
      });
    });
  }

  /** @throws {@link LauncherError} `StartFailed` when the program cannot be run at all */
  static async spawn(
    binary: RedisBinary,
    args: readonly string[],
    log: LogTail,
    directory: string | undefined,
  ): Promise<ServerProcess> {
    const child = spawn(binary.path, args, {
      env: { ...process.env, ...binary.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A terminal sends Ctrl-C to the whole group, and whoever is to hand streams over then needs the server. The guard ends it.
      detached: true,
    });
    if (child.pid === undefined) {
      const [cause] = await once(child, 'error');
      throw new LauncherError('StartFailed', `expected ${binary.path} to run, got: ${String(cause)}`, {
        cause,
      });
    }
    return new ServerProcess(child, child.pid, log, directory);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until the server can be used; its early exit ends the wait at once. */
  async ready(address: ServerAddress, timeoutMs: number): Promise<StartFailure | undefined> {
    const ended = new AbortController();
    try {
      return await Promise.race([
        this.#becomesReady(address, ended.signal),
        this.#exited.then((): StartFailure => (taken.test(this.#log.text) ? 'port taken' : 'exited')),
        delay(timeoutMs, 'timeout' as const, { signal: ended.signal }),
      ]);
    } finally {
      ended.abort();
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.running || !this.#child.kill(signal)) {
      throw new LauncherError(
        'NotRunning',
        `expected a running server to send ${signal} to, got: an exited one`,
      );
    }
  }

  /** Sends `signal` and waits for the exit; a server that has exited already is fine. */
  async end(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    const waited = new AbortController();
    if (this.running) this.#child.kill(signal);
    // A stopped process takes no other signal than SIGKILL.
    if (this.running && signal !== 'SIGKILL') this.#child.kill('SIGCONT');
    try {
      const outcome = await Promise.race([
        this.#exited,
        delay(timeoutMs, 'timeout' as const, { signal: waited.signal }),
      ]);
      if (outcome !== 'timeout') return;
    } finally {
      waited.abort();
    }
    throw new LauncherError(
      'StopTimeout',
      `expected the server to exit within ${timeoutMs} ms of ${signal}, got: process ${this.pid} still running`,
    );
  }

  /** Waits until the kernel has really stopped the process, which happens a little after SIGSTOP was sent. */
  async stopped(): Promise<void> {
    while (this.running && (await this.#kernelState()) !== 'T') await delay(1);
  }

  /** From now on neither the server nor its output keeps this process from ending; the guard then ends the server. */
  unref(): void {
    this.#child.unref();
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      (stream as unknown as { unref?(): void } | null)?.unref?.();
    }
  }

  async #becomesReady(address: ServerAddress, signal: AbortSignal): Promise<undefined> {
    await this.#logs(readyLine, signal);
    while (!signal.aborted && !(await answersPing(address))) await delay(5);
  }

  // Our own child's log, and not just any answer on the port: another server may have been given the port before.
  #logs(pattern: RegExp, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = (text: string) => {
        if (!pattern.test(text)) return;
        unwatch();
        resolve();
      };
      const unwatch = this.#log.watch(check);
      signal.addEventListener('abort', unwatch, { once: true });
      check(this.#log.text);
    });
  }

  /** The letter that Linux gives the process's state; elsewhere the answer is taken on trust. */
  async #kernelState(): Promise<string> {
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8').catch(() => '');
    return stat === '' ? 'T' : stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  }
}
