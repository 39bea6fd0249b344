import { makeOneClass } from '../core/one-class.js';

/** Every code that a {@link LauncherError} can carry. */
export type LauncherErrorCode =
  | 'BinaryNotFound'
  | 'EngineNotFound'
  | 'InvalidOption'
  | 'StartFailed'
  | 'StartTimeout'
  | 'NotRunning'
  | 'StopTimeout'
  | 'NotSettled'
  | 'NotSupported';

/**
 * Thrown when the launcher cannot find, start or steer a server. Not a `StreamwardenError`: nothing of the runtime has
 * failed, the test's surroundings have.
 */
export class LauncherError extends Error {
  readonly code: LauncherErrorCode;

  constructor(code: LauncherErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code;
    this.code = code;
  }
}

makeOneClass(LauncherError, 'LauncherError');
