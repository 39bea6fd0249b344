import type { ClockReading, ServerFacts } from '../facts.js';
import { bad, type Check, good, warning } from '../finding.js';

interface Timed {
  readonly address: string;
  readonly clock: ClockReading;
}

/**
 * The servers' clocks against each other. Redis replicates when a key runs out as a time of day, so a failover to a server whose clock is
 * ahead lets presences run out early, and fencing tokens may go back when it is behind by more than the failover takes.
 */
export const nodeClockSkew: Check = {
  name: 'node-clock-skew',
  judge({ servers, assumed: { heartbeatMs } }) {
    const timed = servers.filter((server): server is ServerFacts & Timed => server.clock !== null);
    const [first, last] = extremes(timed);
    if (first === undefined || last === undefined || first === last) return undefined;
    const apartMs = last.clock.aheadMs - first.clock.aheadMs;
    const errorMs = last.clock.errorMs + first.clock.errorMs;
    const found = `${Math.round(apartMs)} ms apart at most, ± ${Math.ceil(errorMs)} ms`;
    // A presence is renewed every half heartbeat: it has at least so much left.
    const certainMs = apartMs - errorMs;
    if (certainMs < heartbeatMs / 4) return good(found);
    const remedy = `keep ${first.address} and ${last.address} in step by NTP: chronyc tracking, or timedatectl`;
    return (certainMs < heartbeatMs / 2 ? warning : bad)(
      `${found} (${first.address}, ${last.address})`,
      remedy,
    );
  },
};

/** The clock that is furthest behind, and the one that is furthest ahead. */
function extremes(timed: readonly Timed[]): readonly [Timed | undefined, Timed | undefined] {
  const sorted = [...timed].sort((a, b) => a.clock.aheadMs - b.clock.aheadMs);
  return [sorted[0], sorted.at(-1)];
}
