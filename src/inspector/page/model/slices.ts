/**
 * Work that may take long, cut into pieces, so that a page answers meanwhile: whatever a file holds, its lines are gone through a piece at a time.
 * A generator yields where it may be
 * interrupted, which is after every line: how long one takes is for whoever wrote the file to say.
 */

/** All of it, without interruption. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

export interface SliceOptions {
  /** Milliseconds of work before whoever waits is let in. */
  readonly sliceMs: number;
  now(): number;
  /** Resolves when whoever waited has been let in. */
  pause(): Promise<void>;
  /** Whether the result is still wanted. */
  isWanted(): boolean;
}

/** Piece by piece. Undefined: it was not wanted any more. */
export async function inSlices<T>(work: Generator<void, T>, options: SliceOptions): Promise<T | undefined> {
  const { sliceMs, now, pause, isWanted } = options;
  let began = now();
  while (isWanted()) {
    const next = work.next();
    if (next.done === true) return next.value;
    if (now() - began < sliceMs) continue;
    await pause();
    began = now();
  }
  return undefined;
}
