/** `createRuntime()`, apart from what it is made of: its declaration loads nothing but its options and its face. */
import type { RuntimeOptions } from './options.js';
import { composeRuntime } from './runtime.js';
import type { Runtime } from './types.js';

/**
 * Makes a runtime. Nothing is connected before `start()`.
 *
 * @throws StreamwardenError `InvalidOption`: before any I/O, naming the option, what was expected and what came
 */
export function createRuntime<TInfo = Readonly<Record<string, unknown>> | null, TCheckpoint = string>(
  options: RuntimeOptions<TInfo, TCheckpoint>,
): Runtime<TInfo, TCheckpoint> {
  return composeRuntime(options, {});
}
