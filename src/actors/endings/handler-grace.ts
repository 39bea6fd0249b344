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
 * Resolves when the handler has returned, its stream has ended otherwise, or the grace is over: then the log names it.
 * @param waitsItself whether the handler itself waits for what comes after; asked again when `changed` rings
 */
export async function handlerReturned(
  { application, clock, logger, ended }: Kernel,
  { changed }: Ownerships,
  ownership: Ownership,
  graceMs: number,
  waitsItself: () => boolean = () => false,
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
