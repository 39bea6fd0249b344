import type { Redis } from 'ioredis';
import { isStreamwardenError } from '../../../core/errors.js';
import type { Commands } from '../../../redis/commands.js';

/** Null when the server refuses: a right that is missing, or a command. */
export async function unlessRefused<T>(
  commands: Commands,
  what: string,
  send: (client: Redis) => Promise<T>,
): Promise<T | null> {
  try {
    return await commands.run(what, send);
  } catch (error) {
    if (isStreamwardenError(error, 'PermissionDenied') || isStreamwardenError(error, 'RedisRefused'))
      return null;
    throw error;
  }
}
