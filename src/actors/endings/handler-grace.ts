/** The time that a handler gets to return once its signal has aborted. */
import type { Logger } from '../../core/logger.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';

/** Their grace is over, and they go on: somebody else may begin beside them. */
export function warnOfStragglers(logger: Logger, names: readonly string[]): void {
  if (names.length === 0) return;
  logger.warn({ streams: names.slice(0, 100), count: names.length }, 'handlers ignored their signal');
}

/**
 * Resolves when the handler has returned, its stream has ended otherwise, or the grace is over: then the log names it. A done() of the handler's that is on
 * its way then is waited for, whatever the grace: it may be refused, as the stream was touched, and the stream is worked on as before.
 * @param waitsItself whether the handler itself waits for what comes after; asked again when `changed` rings
 */
export async function handlerReturned(
  kernel: Kernel,
  ownerships: Ownerships,
  ownership: Ownership,
  graceMs: number,
  waitsItself: () => boolean = () => false,
): Promise<void> {
  const { application, clock, ended } = kernel;
  const until = clock.monotonic() + graceMs;
  for (;;) {
    if (application.isBusy(ownership) && ownership.isWorkedOn)
      await graceOver(kernel, ownerships, ownership, until - clock.monotonic(), waitsItself);
    if (!isBeingFinished(ownership) || ended.aborted) return;
    await ownerships.changed.rung();
  }
}

/** A done() is on its way, and has not been answered. */
export function isBeingFinished({ state, hasEnded }: Ownership): boolean {
  return state === 'acking' && !hasEnded;
}

async function graceOver(
  { application, clock, logger, ended }: Kernel,
  { changed }: Ownerships,
  ownership: Ownership,
  graceMs: number,
  waitsItself: () => boolean,
): Promise<void> {
  let isOver = false;
  const timer = clock.setTimeout(
    () => {
      isOver = true;
      changed.ring();
    },
    Math.max(0, graceMs),
  );
  const isAtWork = () => application.isBusy(ownership) && ownership.isWorkedOn && !waitsItself();
  while (isAtWork() && !isOver && !ended.aborted) await changed.rung();
  clock.clearTimeout(timer);
  if (isOver && application.isBusy(ownership)) warnOfStragglers(logger, [ownership.name]);
}
