/** Every code that a {@link StreamwardenError} can carry. Codes are stable; messages are for people and may change. */
export const ERROR_CODES = [
  'InvalidOption',
  'ConsumerIdMissing',
  'ClusterClientRequired',
  'ClusterNotSettled',
  'InvalidState',
  'RedisUnavailable',
  'OutcomeUnknown',
  'RedisRefused',
  'PermissionDenied',
  'ServerTooOld',
  'KeyspaceConfigConflict',
  'KeyspaceConfigForbidden',
  'KeyspaceSetupFailed',
  'StartTimeout',
  'ReadRetriesExhausted',
  'LeaseRefused',
  'StreamNotOwned',
  'StreamReleased',
  'LeaseUncertain',
  'AlreadyClaimed',
  'OwnerAlive',
  'ProcessorAttached',
  'RuntimeStopped',
  'ProtocolMismatch',
  'RecordingFailed',
  'RecordingUnreadable',
  'RecordingMalformed',
  'RecordingUnsupported',
  'InspectorFailed',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface StreamwardenErrorOptions {
  /** Whether the same call may succeed later without anything being changed by a person. */
  readonly retriable?: boolean;
  readonly cause?: unknown;
  /** What a program may want to read: names, ids, numbers. Never credentials. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Base of every error that streamwarden throws or rejects with.
 *
 * Compare `code`, not the class and not the message: two copies of the package in one process have two classes.
 */
export class StreamwardenError extends Error {
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: StreamwardenErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.retriable = options.retriable ?? false;
    this.details = options.details ?? {};
  }
}

/** True for every error made by streamwarden, by any copy of the package in the process. */
export function isStreamwardenError(value: unknown, code?: ErrorCode): value is StreamwardenError {
  if (!(value instanceof Error) || !('code' in value) || !('retriable' in value)) return false;
  return code === undefined || value.code === code;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
