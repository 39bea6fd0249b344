/** Lets simulated time go by: one caller at a time, standing still while real work is under way, and ended by what nobody else would hear of. */
import { textOf } from '../core/errors.js';
import { SimulationError } from './errors.js';
import type { RealWork } from './real-work.js';
import type { Timeline } from './timeline.js';

export class Driver {
  readonly #timeline: Timeline;
  readonly #realWork: RealWork;
  readonly #errors: unknown[] = [];
  #isRunning = false;

  constructor(timeline: Timeline, realWork: RealWork) {
    this.#timeline = timeline;
    this.#realWork = realWork;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whoever lets time go by is told: now, or when somebody next does. */
  fail(error: unknown): void {
    this.#errors.push(error);
  }

  /**
   * Runs until a moment, or until it is over.
   * @returns whether it was over
   * @throws SimulationError and whatever it was told to fail with
   */
  async run(until: number, isOver: () => boolean = () => false): Promise<boolean> {
    if (this.#isRunning) {
      throw new SimulationError(
        'AlreadyRunning',
        'expected one call at a time to let time go by, got: another one meanwhile; await the first, and in a handler use world.sleep()',
      );
    }
    this.#isRunning = true;
    this.#realWork.watch();
    try {
      for (;;) {
        let isEnough = false;
        await this.#timeline.run(until, () => {
          if (this.#errors.length > 0 || this.#realWork.isUnderWay) return true;
          isEnough = isOver();
          return isEnough;
        });
        this.#throwAny();
        if (isEnough) return true;
        if (!this.#realWork.isUnderWay) return isOver();
        await this.#realWork.over();
      }
    } finally {
      this.#realWork.unwatch();
      this.#isRunning = false;
    }
  }

  #throwAny(): void {
    const errors = this.#errors.splice(0);
    const [first] = errors;
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} failures in the simulation`);
    if (errors.length === 0) return;
    if (first instanceof SimulationError) throw first;
    throw new SimulationError('Unhandled', `something threw in the simulation: ${textOf(first)}`, {
      cause: first,
    });
  }
}
