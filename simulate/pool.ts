/** Child processes that run seeds: a run has one thread, and the machine has several. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunResult } from './fleet.js';
import type { Wishes } from './schedule.js';

/** Asked of a child. */
export interface Order {
  readonly seed: number;
  readonly wishes: Wishes;
}

export interface PoolSettings {
  readonly jobs: number;
  readonly wishes: Wishes;
  /** The next seed to be run; undefined when there is none any more. */
  next(): number | undefined;
  ran(result: RunResult): void;
  /** A child ended while it ran this seed. */
  died(seed: number, why: string): void;
}

function startChild(): ChildProcess {
  return fork(fileURLToPath(new URL('./child-main.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function work({ wishes, next, ran, died }: PoolSettings): Promise<void> {
  let child: ChildProcess | undefined;
  for (let seed = next(); seed !== undefined; seed = next()) {
    child ??= startChild();
    const ended = new AbortController();
    const order: Order = { seed, wishes };
    child.send(order);
    const answer = await Promise.race([
      once(child, 'message', { signal: ended.signal }).then(([result]) => result as RunResult),
      once(child, 'exit', { signal: ended.signal }).then(
        ([code, signal]) => `it ended with ${code ?? signal}`,
      ),
    ]);
    ended.abort();
    if (typeof answer === 'string') {
      child = undefined;
      died(seed, answer);
    } else ran(answer);
  }
  child?.disconnect();
}

/** Resolves when there is nothing left to run. */
export async function runAll(settings: PoolSettings): Promise<void> {
  await Promise.all(Array.from({ length: settings.jobs }, () => work(settings)));
}
