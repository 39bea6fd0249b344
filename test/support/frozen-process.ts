import type { Stores } from '../../src/actors/kernel.js';
import type { RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';

/** Where a process is to stop. */
export type FreezePoint = {
  [S in keyof Stores]: {
    readonly store: S;
    readonly operation: keyof Stores[S] & string;
    /** Before the command leaves; when it has been sent and its reply not been read; when its reply has been read. */
    readonly when: 'before' | 'sent' | 'answered';
  };
}[keyof Stores];

/** A process that runs one runtime after the other and freezes between two steps of one when told to. */
export class FrozenProcess extends RuntimeProcess {
  static async spawn(): Promise<FrozenProcess> {
    const spawned = new FrozenProcess(await forkProgram('test/support/frozen-main'));
    await spawned.ready();
    return spawned;
  }

  /** Makes and starts the next runtime; what was told by the one before is forgotten. */
  async start(options: RuntimeOptions): Promise<void> {
    this.news = [];
    this.consumer = (await this.ask('start', options)) as string;
  }

  async freezeAt(point: FreezePoint): Promise<void> {
    await this.ask('freezeAt', point);
  }

  /** Resolves when the event loop runs again, with how long what it owns was certain to be its own, at the least, in milliseconds. */
  async block(ms: number): Promise<number> {
    return (await this.ask('block', ms)) as number;
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
