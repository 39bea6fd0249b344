/** The two ways to ask a running command to stop. */
import type { HostEvents } from './host.js';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface StopRequests {
  /** Asked politely: the first signal. */
  first(): void;
  /** Asked again, so many times: it has to be now. */
  again(times: number): void;
}

/** @returns stops listening */
export function onStopSignals(events: HostEvents, requests: StopRequests): () => void {
  let asked = 0;
  const listener = () => {
    if (asked === 0) requests.first();
    else requests.again(asked);
    asked += 1;
  };
  for (const signal of SIGNALS) events.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) events.off(signal, listener);
  };
}
