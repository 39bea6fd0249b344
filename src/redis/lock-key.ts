/** Names of lock keys: part of the protocol that is shared with the Go client. */
import { StreamwardenError, textOf } from '../core/errors.js';

/** Between data stream name and entry id: literally this text, angle brackets included. */
export const LOCK_SEPARATOR = '<MUTEX_KEY_SEP>';

export interface LockKeyParts {
  /** Name of the data stream. */
  readonly stream: string;
  /** Of the entry on the load balancer stream that announced it. */
  readonly id: string;
}

/** The same of parts that are known to be right: it is asked for each stream. @internal */
export const joinLockKey = (keyPrefix: string, stream: string, id: string): string =>
  keyPrefix + stream + LOCK_SEPARATOR + id;

/**
 * The key of the lock that the owner of a data stream holds, where the option `lockKeys` is on: `<stream><MUTEX_KEY_SEP><id>`.
 *
 * @param keyPrefix of the ioredis client that the service is used with
 * @throws StreamwardenError `InvalidOption`: one of them is no text, or an empty one
 */
export function lockKey({ stream, id }: LockKeyParts, keyPrefix = ''): string {
  for (const [option, value] of Object.entries({ stream, id })) {
    if (typeof value === 'string' && value !== '') continue;
    const expected = 'a non-empty string';
    throw new StreamwardenError(
      'InvalidOption',
      `expected ${option} to be ${expected}, got: ${JSON.stringify(textOf(value))}`,
      { details: { option, expected } },
    );
  }
  return joinLockKey(keyPrefix, stream, id);
}

/** What a lock key is of; undefined when it is none, or has not the prefix. A name may hold the separator: the last one counts. */
export function parseLockKey(key: string, keyPrefix = ''): LockKeyParts | undefined {
  const at = key.lastIndexOf(LOCK_SEPARATOR);
  if (at <= keyPrefix.length || !key.startsWith(keyPrefix)) return undefined;
  return { stream: key.slice(keyPrefix.length, at), id: key.slice(at + LOCK_SEPARATOR.length) };
}
