import { redirectionOf } from './reply-errors.js';

/** What Redis refuses because the slot has moved has not been executed; the commands know the way by the second call. */
export async function onItsServer<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (redirectionOf(error)?.kind !== 'moved') throw error;
    return await call();
  }
}
