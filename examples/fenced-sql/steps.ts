/**
 * What a worker does with an order: it writes one step after the other, until it is done, or refused. Time and the table are given to it, so that a
 * test can run it in a simulation.
 */
import type { StreamHandle, StreamHandler } from 'streamwarden';
import { StaleOwner } from './orders-table.js';

export interface StepsOptions {
  /** Who writes. */
  readonly name: string;
  readonly steps: number;
  /** @throws StaleOwner */
  write(stream: StreamHandle, state: string): Promise<void>;
  sleep(ms: number): Promise<unknown>;
  /** What has come of it: a step, `refused` or `done`; and the same for people. */
  tell(what: string, text: string): void;
}

export function writeSteps({ name, steps, write, sleep, tell }: StepsOptions): StreamHandler {
  return async (stream) => {
    try {
      for (let step = 1; step <= steps && !stream.signal.aborted; step++) {
        // The first write claims the row: what an owner reads after it is changed by nobody before it.
        await write(stream, `step ${step} by ${name}`);
        tell(`${step}`, `has written step ${step} under ${stream.fencingToken}`);
        await sleep(100);
      }
    } catch (error) {
      if (error instanceof StaleOwner) tell('refused', `is refused: ${error.message}`);
      throw error;
    }
    await stream.done();
    tell('done', `is done with ${stream.name}`);
  };
}
