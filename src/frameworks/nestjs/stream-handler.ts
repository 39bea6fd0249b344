import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { ProcessOptions } from '../../runtime/types.js';

export interface StreamHandlerOptions extends ProcessOptions {
  /** Of the module whose streams are handled. @defaultValue the one without a name */
  readonly name?: string;
}

/** The options of a method that is a handler; of any copy of the package. */
export const HANDLER = 'streamwarden.handler';

/**
 * The method processes every stream that this process owns: it is given a `StreamHandle`. One method for each module; of a provider or a controller that
 * is no longer-lived and no shorter-lived than the application.
 */
export const StreamHandler = (options: StreamHandlerOptions = {}): CustomDecorator =>
  SetMetadata(HANDLER, options);
