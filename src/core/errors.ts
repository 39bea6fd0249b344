import { makeOneClass } from './one-class.js';

/** Every code that a {@link StreamwardenError} can carry. Codes are stable; messages are for people and may change. */
export const ERROR_CODES = [
  'InvalidOption',
  'ClusterClientRequired',
  'ClusterNotSettled',
  'InvalidState',
  'InvalidCheckpoint',
  'EntryInvalid',
  'RedisUnavailable',
  'OutcomeUnknown',
  'RedisRefused',
  'PermissionDenied',
  'CommandsMissing',
  'ServerTooOld',
  'KeyspaceConfigConflict',
  'KeyspaceConfigForbidden',
  'KeyspaceSetupFailed',
  'StartTimeout',
  'ReadRetriesExhausted',
  'LeaseRefused',
  'StreamNotOwned',
  'StreamReleased',
  'StreamTouched',
  'StreamCancelled',
  'LeaseUncertain',
  'AlreadyClaimed',
  'OwnerAlive',
  'ProcessorAttached',
  'RuntimeStopped',
  'ServiceNotFound',
  'NotAStream',
  'ProtocolMismatch',
  'RecordingFailed',
  'RecordingUnreadable',
  'RecordingMalformed',
  'RecordingUnsupported',
  'RecordingUnplayable',
  'InspectorFailed',
] as const;

/** Stands for what has no text. */
const UNDESCRIBABLE = 'something that cannot be described';

export type ErrorCode = (typeof ERROR_CODES)[number];

export function isErrorCode(code: string): code is ErrorCode {
  return (ERROR_CODES as readonly string[]).includes(code);
}

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
 * Compare `code`, not the message. `instanceof` holds for the errors of every copy of the package in the process.
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

makeOneClass(StreamwardenError, 'StreamwardenError');

/** Of one code: what its `details` hold, as far as the contract says. More may be there, and what is here may be missing. */
export interface ErrorDetails {
  /** The option or argument that is wrong, and what it should be. */
  readonly InvalidOption: { readonly option?: string; readonly expected?: string };
  /** What the nodes disagree on. */
  readonly ClusterNotSettled: { readonly problems?: readonly string[] };
  /** False: no command was sent, so there was no effect. */
  readonly RedisUnavailable: { readonly sent?: boolean };
  /** The code of Redis's reply. */
  readonly RedisRefused: { readonly reply?: string };
  readonly PermissionDenied: { readonly refused?: readonly string[] };
  readonly CommandsMissing: { readonly missing?: readonly string[] };
  /** What stands there, and what is needed. */
  readonly KeyspaceConfigConflict: { readonly before?: string; readonly needed?: string };
  readonly StreamTouched: { readonly stream?: string; readonly id?: string; readonly touches?: number };
  readonly StreamNotOwned: { readonly stream?: string; readonly id?: string };
  readonly InvalidCheckpoint: { readonly stream?: string; readonly id?: string };
  readonly StreamReleased: { readonly stream?: string; readonly id?: string };
  readonly StreamCancelled: { readonly stream?: string; readonly id?: string };
  readonly LeaseUncertain: { readonly stream?: string; readonly id?: string };
  readonly EntryInvalid: { readonly stream?: string; readonly key?: string; readonly entryId?: string };
  readonly RecordingFailed: { readonly file?: string };
  readonly RecordingMalformed: { readonly recording?: string; readonly line?: number };
  readonly RecordingUnsupported: { readonly recording?: string; readonly version?: number };
  /** `why`: `nothingAssigned`, `sameConsumer`, `unknownStream` or `entriesNotSupplied`. */
  readonly RecordingUnplayable: { readonly why?: string; readonly recording?: string };
}

/** A {@link StreamwardenError} of one code, or of one of several. */
export type StreamwardenErrorOf<Code extends ErrorCode> = Code extends keyof ErrorDetails
  ? StreamwardenError & { readonly code: Code; readonly details: ErrorDetails[Code] }
  : StreamwardenError & { readonly code: Code };

/** True for every error made by streamwarden, by any copy of the package in the process; with a code, for those that have it. */
export function isStreamwardenError(value: unknown): value is StreamwardenError;
export function isStreamwardenError<Code extends ErrorCode>(
  value: unknown,
  code: Code,
): value is StreamwardenErrorOf<Code>;
export function isStreamwardenError(value: unknown, code?: ErrorCode): boolean {
  try {
    if (!(value instanceof Error) || !('code' in value) || !('retriable' in value)) return false;
    return code === undefined ? typeof value.code === 'string' : value.code === code;
  } catch {
    // A proxy may throw at any question.
    return false;
  }
}

/** Longer texts are cut: a message is for people, and whoever chose it may have chosen megabytes. */
const LONGEST_MESSAGE = 8_192;

function cut(text: string): string {
  if (text.length <= LONGEST_MESSAGE) return text;
  return `${text.slice(0, LONGEST_MESSAGE)}… (${text.length} characters)`;
}

/** Any value as text. Never throws: a value may have no `toString`, or one that throws. */
export function textOf(value: unknown): string {
  try {
    return cut(String(value));
  } catch {
    return UNDESCRIBABLE;
  }
}

/** The message of anything that was thrown. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return textOf(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return UNDESCRIBABLE;
  }
}

/** What was thrown, as an error that can be asked for its name and message. Never throws. */
export function errorOf(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === 'string' && typeof thrown.name === 'string')
      return thrown;
  } catch {
    // It is described below.
  }
  return new Error(messageOf(thrown), { cause: thrown });
}

/**
 * Calls a function of the application's. What it throws, or what a promise of its rejects with, goes to `onError`: a promise that
 * nobody listens to would end the process.
 */
export function callOut(call: () => unknown, onError: (thrown: unknown) => void): void {
  try {
    const result = call();
    // Awaited rather than looked at: it need not be a promise of this realm, and `then` may throw as well.
    if (typeof result === 'object' && result !== null && 'then' in result) {
      Promise.resolve(result).catch(onError);
    }
  } catch (thrown) {
    onError(thrown);
  }
}
