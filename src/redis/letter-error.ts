/** What a handler threw, as the field `_dlq_error` of a dead letter holds it: JSON of a name, a message and a stack. */
import { errorOf, messageOf, textOf } from '../core/errors.js';
import { redact } from '../core/logger.js';

export interface LetterError {
  readonly name: string;
  readonly message: string;
  /** Null: it had none. */
  readonly stack: string | null;
}

/** Of the whole field, in bytes. A letter may stand for a long time, and there may be many. */
export const MOST_ERROR_BYTES = 4_096;
const LONGEST_NAME = 128;
const LONGEST_MESSAGE = 1_024;

/** Of anything that was thrown, without credentials. Never throws. What is too long is cut, the stack first. */
export function encodeLetterError(thrown: unknown): string {
  const error = errorOf(thrown);
  const fact = {
    name: redact(textOf(error.name)).slice(0, LONGEST_NAME),
    message: redact(messageOf(error)).slice(0, LONGEST_MESSAGE),
    stack: stackOf(error),
  };
  let text = JSON.stringify(fact);
  // A character may be several bytes, and several characters where JSON escapes it.
  while (Buffer.byteLength(text) > MOST_ERROR_BYTES) {
    if (fact.stack) fact.stack = fact.stack.slice(0, Math.floor(fact.stack.length / 2)) || null;
    else fact.message = fact.message.slice(0, Math.floor(fact.message.length / 2));
    text = JSON.stringify(fact);
  }
  return text;
}

/** In one line, for people. */
export function wordsOfLetterError({ name, message }: LetterError): string {
  return `${name}: ${message}`;
}

/** Null for what is not written as we write it. */
export function parseLetterError(text: string): LetterError | null {
  try {
    const { name, message, stack } = JSON.parse(text) as Partial<Record<keyof LetterError, unknown>>;
    if (typeof name !== 'string' || typeof message !== 'string') return null;
    return { name, message, stack: typeof stack === 'string' ? stack : null };
  } catch {
    return null;
  }
}

function stackOf(error: Error): string | null {
  try {
    const { stack } = error;
    return typeof stack === 'string' ? redact(stack.slice(0, MOST_ERROR_BYTES)) : null;
  } catch {
    // A getter of the application's that throws.
    return null;
  }
}
