/** Closes what somebody no longer waits for, when the signal aborts. Returns it. */
export function endedBy<T extends Disposable>(signal: AbortSignal | undefined, open: T): T {
  if (signal?.aborted) open[Symbol.dispose]();
  else signal?.addEventListener('abort', () => open[Symbol.dispose](), { once: true });
  return open;
}
