/** Errors as the runtime has them: reasons of signals, and answers to calls. Codes are the runtime's; texts say what was recorded. */
import { StreamwardenError, type ErrorCode } from '../core/errors.js';

/** Which stream is meant. */
export interface Meant {
  readonly id: string;
  readonly name: string;
}

export function errorOn(
  { id, name }: Meant,
  code: ErrorCode,
  what: string,
  cause?: unknown,
): StreamwardenError {
  return new StreamwardenError(code, `${name} ${what}`, {
    ...(cause !== undefined && { cause }),
    details: { stream: name, id },
  });
}

export function notOwned(meant: Meant): StreamwardenError {
  return errorOn(meant, 'StreamNotOwned', `(${meant.id}) is not owned by this consumer any more`);
}

/** @param details says which recording, and what about it */
export function unplayable(message: string, details: Readonly<Record<string, unknown>>): StreamwardenError {
  return new StreamwardenError('RecordingUnplayable', message, { details });
}
