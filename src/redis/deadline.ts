import { type Clock, onNextTurn } from '../core/clock.js';

/**
 * Waits for a reply, but no longer than `ms` milliseconds.
 *
 * After a blocked event loop timers fire before sockets are read. Two turns of the loop let an answer that has long arrived win.
 *
 * @param late makes the error to reject with, and does what has to be done then
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  reply: Promise<T>,
  late: () => Error,
): Promise<T> {
  let isSettled = false;
  let timer: unknown;
  const deadline = new Promise<never>((_resolve, reject) => {
    const expire = () => {
      if (!isSettled) reject(late());
    };
    timer = clock.setTimeout(() => onNextTurn(clock, () => onNextTurn(clock, expire)), ms);
  });
  try {
    return await Promise.race([reply, deadline]);
  } finally {
    isSettled = true;
    clock.clearTimeout(timer);
  }
}
