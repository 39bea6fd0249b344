import type { RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';

/** A runtime in a process of its own, for crashing and freezing it. */
export class ConsumerProcess extends RuntimeProcess {
  /** Spawns the process and makes its runtime; nothing is connected yet. */
  static async spawn(options: RuntimeOptions, execArgv: readonly string[] = []): Promise<ConsumerProcess> {
    const env = { CONSUMER_OPTIONS: JSON.stringify(options) };
    const spawned = new ConsumerProcess(await forkProgram('test/support/consumer-main', env, execArgv));
    await spawned.ready();
    return spawned;
  }

  async start(): Promise<void> {
    await this.ask('start');
  }
}

/** Processes that are killed after the test, however it ends. */
export function useConsumerProcesses(): (
  options: RuntimeOptions,
  execArgv?: readonly string[],
) => Promise<ConsumerProcess> {
  const spawned: ConsumerProcess[] = [];
  afterEach(async () => {
    await Promise.all(spawned.splice(0).map((one) => one.kill()));
  });
  return async (options, execArgv) => {
    const one = await ConsumerProcess.spawn(options, execArgv);
    spawned.push(one);
    return one;
  };
}
