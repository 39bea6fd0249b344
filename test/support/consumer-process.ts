import type { RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';

/** A runtime in a process of its own, for crashing and freezing it. */
export class ConsumerProcess extends RuntimeProcess {
  /** Spawns the process and makes its runtime; nothing is connected yet. */
  static async spawn(options: RuntimeOptions): Promise<ConsumerProcess> {
    const env = { CONSUMER_OPTIONS: JSON.stringify(options) };
    const spawned = new ConsumerProcess(await forkProgram('test/support/consumer-main', env));
    await spawned.ready();
    return spawned;
  }

  async start(): Promise<void> {
    await this.ask('start');
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
