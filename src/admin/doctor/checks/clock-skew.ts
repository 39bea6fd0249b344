import { eachServer } from '../each-server.js';
import type { ServerFacts } from '../facts.js';
import { type Check, good, type Verdict, warning } from '../finding.js';

/** Above it, ages that are computed from both clocks mislead. */
const MOST_MS = 1_000;

/** This machine's clock against each server's. Leases do not depend on it; the age of a stream, and of a dead letter, is told from both. */
export const clockSkew: Check = {
  name: 'clock-skew',
  judge: ({ servers }) => eachServer(servers, judge, ({ clock }) => Math.abs(clock?.aheadMs ?? 0)),
};

function judge({ clock }: ServerFacts): Verdict {
  if (clock === null) return warning('could not be told: TIME is refused', 'ACL SETUSER <user> +time');
  const { aheadMs, errorMs } = clock;
  const direction = aheadMs < 0 ? 'behind' : 'ahead of';
  const found = `${Math.abs(Math.round(aheadMs))} ms ${direction} this machine, ± ${Math.ceil(errorMs)} ms`;
  return Math.abs(aheadMs) - errorMs < MOST_MS
    ? good(found)
    : warning(found, 'keep both in step by NTP: chronyc tracking, or timedatectl');
}
