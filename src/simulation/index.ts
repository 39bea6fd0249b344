/**
 * Simulated worlds for the tests of applications: real runtimes with the application's own handlers, in simulated time, with every fault that a test
 * asks for, without Redis. docs/how-to/test-your-handlers.md.
 *
 * @packageDocumentation
 */

export type { Duration, DurationUnit } from './duration.js';
export { SimulationError, type SimulationErrorCode } from './errors.js';
export type { HandlerFailure } from './handler-calls.js';
export type { SimulatedHistory, SimulatedLetter, StreamOwner } from './service-view.js';
export { simulate } from './simulate.js';
export type {
  EndReport,
  FailoverOptions,
  OutageOptions,
  ServiceChoice,
  SimulatedProducerOptions,
  SimulatedRuntimeOptions,
  SimulatedWorld,
  SimulateOptions,
  UntilOptions,
} from './types.js';
