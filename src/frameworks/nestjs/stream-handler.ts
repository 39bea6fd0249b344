import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { ProcessOptions } from '../../runtime/types.js';

export interface StreamHandlerOptions extends ProcessOptions {
  /** Of the module whose streams are handled. @defaultValue the one without a name */
  readonly name?: string;
}

/** The options of a method that is a handler; of any copy of the package. */
export const HANDLER = 'streamwarden.handler';

/**
 * The method processes every stream that this process owns: it is given a `StreamHandle`. There is one such method for each module. Its class is a provider or a
 * controller that is made once, and not for each request.
 */
export const StreamHandler = (options: StreamHandlerOptions = {}): CustomDecorator =>
  SetMetadata(HANDLER, options);
