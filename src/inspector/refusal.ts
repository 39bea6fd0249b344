/** Why a request is not answered as it asks to be. */
import { isStreamwardenError, messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  InvalidOption: 400,
  InvalidState: 422,
  RecordingMalformed: 422,
  RecordingUnsupported: 422,
  RecordingUnreadable: 404,
  RuntimeStopped: 410,
  RedisUnavailable: 503,
  OutcomeUnknown: 503,
};

/** Of whatever a request ran into. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const message = redact(messageOf(thrown));
  if (!isStreamwardenError(thrown)) return new Refusal(500, 'InternalError', message);
  return new Refusal(STATUS_OF_CODE[thrown.code] ?? 502, thrown.code, message);
}
