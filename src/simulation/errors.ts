import { makeOneClass } from '../core/one-class.js';

/** Every code that a {@link SimulationError} can carry. */
export type SimulationErrorCode =
  /** A handler waits for something real, or was resumed by something real while time went by: a timer of Node.js, a file, a socket. */
  | 'RealWork'
  /** What was waited for had not come about when the time was up. */
  | 'NotReached'
  /** Two calls would let time go by at once. */
  | 'AlreadyRunning'
  /** The call makes no sense as the world stands: it has ended, or the runtime has crashed or is none of this world. */
  | 'InvalidState'
  /** A runtime that the world started could not start. */
  | 'StartFailed'
  /** Something threw where no code of the application could catch it. */
  | 'Unhandled'
  /** The history of owners shows what must never happen. */
  | 'HistoryViolated';

/**
 * Thrown when a simulation cannot go on, or has found what must not be. Not a `StreamwardenError`: the runtimes in it have not failed, the test
 * has, or the world it made. What is wrong with an argument is a `StreamwardenError` with the code `InvalidOption`.
 */
export class SimulationError extends Error {
  /** What it is. Stable; the message is for people. */
  readonly code: SimulationErrorCode;

  /** @param code what it is */
  constructor(code: SimulationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code;
    this.code = code;
  }
}

makeOneClass(SimulationError, 'SimulationError');
