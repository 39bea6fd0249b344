/** The time that a handler gets to return once its signal has aborted. */
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';

/** Resolves when the handler has returned, its stream has ended otherwise, or the grace is over: then the log names it. */
export async function handlerReturned(
  { application, clock, logger, ended }: Kernel,
  { changed }: Ownerships,
  ownership: Ownership,
  graceMs: number,
): Promise<void> {
  let isOver = false;
  const timer = clock.setTimeout(
    () => {
      isOver = true;
      changed.ring();
    },
    Math.max(0, graceMs),
  );
  while (application.isBusy(ownership) && ownership.isWorkedOn && !isOver && !ended.aborted)
    await changed.rung();
  clock.clearTimeout(timer);
  if (isOver && application.isBusy(ownership)) {
    logger.warn({ streams: [ownership.name], count: 1 }, 'handlers ignored their signal');
  }
}
