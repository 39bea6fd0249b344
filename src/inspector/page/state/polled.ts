/** What the server is asked for again and again while a view shows it. */
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from './api.js';

export interface Polled<T> {
  readonly value: T | null;
  /** Why the last answer did not come; what came before is still there. */
  readonly error: string | null;
}

/** @param ask null: nothing is asked; another function begins anew */
export function usePolled<T>(
  ask: (() => Promise<T>) | null,
  everyMs: number,
  deps: readonly unknown[],
): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    if (ask === null) return undefined;
    let isOver = false;
    let timer: number | undefined;
    const round = async () => {
      try {
        const value = await ask();
        if (!isOver) setPolled({ value, error: null });
      } catch (error) {
        if (!isOver) setPolled(({ value }) => ({ value, error: messageOf(error) }));
      }
      if (!isOver) timer = window.setTimeout(() => void round(), everyMs);
    };
    void round();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, deps);
  return polled;
}
