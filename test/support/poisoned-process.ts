import type { RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';

export interface Poisoned {
  readonly options: RuntimeOptions;
  /** Name of the stream that ends the process which begins with it. */
  readonly poison: string;
  readonly killsAfterMs: number;
}

class PoisonedProcess extends RuntimeProcess {
  static async spawn(poisoned: Poisoned): Promise<PoisonedProcess> {
    const env = { POISONED: JSON.stringify(poisoned) };
    const spawned = new PoisonedProcess(await forkProgram('test/support/poisoned-main', env));
    await spawned.ready();
    return spawned;
  }
}

/** Processes that are started again whenever one has died, as a supervisor does. */
export class PoisonedFleet {
  readonly #poisoned: Poisoned;
  readonly #present = new Set<PoisonedProcess>();
  #isOver = false;
  /** How many have died. */
  deaths = 0;

  private constructor(poisoned: Poisoned) {
    this.#poisoned = poisoned;
  }

  static async start(size: number, poisoned: Poisoned): Promise<PoisonedFleet> {
    const fleet = new PoisonedFleet(poisoned);
    await Promise.all(Array.from({ length: size }, () => fleet.#begin()));
    return fleet;
  }

  async #begin(): Promise<void> {
    const one = await PoisonedProcess.spawn(this.#poisoned);
    if (this.#isOver) return await one.kill();
    this.#present.add(one);
    void this.#replace(one);
  }

  async #replace(one: PoisonedProcess): Promise<void> {
    await one.exit;
    this.#present.delete(one);
    if (this.#isOver) return;
    this.deaths += 1;
    await this.#begin();
  }

  /** Kills all. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#present].map((one) => one.kill()));
  }
}
