import type { EntriesOptions as ReadingOptions, RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';

export interface EntriesOptions {
  readonly options: RuntimeOptions;
  /** Where entries are written down once they have been handled: a list for each stream, of the owner and the entry's number. */
  readonly url: string;
  readonly handledPrefix: string;
  /** How they are read. */
  readonly reading?: ReadingOptions;
}

/** A runtime that handles entries, in a process of its own, for crashing and freezing it. */
export class EntriesProcess extends RuntimeProcess {
  static async spawn(options: EntriesOptions): Promise<EntriesProcess> {
    const env = { ENTRIES: JSON.stringify(options) };
    const spawned = new EntriesProcess(await forkProgram('test/support/entries-main', env));
    await spawned.ready();
    return spawned;
  }
}

/** Processes that are killed after the test, however it ends. */
export function useEntriesProcesses(): (options: EntriesOptions) => Promise<EntriesProcess> {
  const spawned: EntriesProcess[] = [];
  afterEach(async () => {
    await Promise.all(spawned.splice(0).map((one) => one.kill()));
  });
  return async (options) => {
    const one = await EntriesProcess.spawn(options);
    spawned.push(one);
    return one;
  };
}
