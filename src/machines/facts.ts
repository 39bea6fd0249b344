/** An error as machines keep it: plain data, so that it can be shown, recorded and replayed. */
import { messageOf, textOf } from '../core/errors.js';

export interface ErrorFact {
  readonly code: string;
  readonly message: string;
}

/** Of anything that was thrown. Never throws. */
export function factOf(error: unknown): ErrorFact {
  return { code: codeOf(error), message: messageOf(error) };
}

function codeOf(error: unknown): string {
  try {
    if (error instanceof Error) return textOf('code' in error ? error.code : error.name);
  } catch {
    // A proxy, or a getter, that throws.
  }
  return 'Error';
}
