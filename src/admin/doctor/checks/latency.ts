import { commandTimeoutFor } from '../../../redis/connections.js';
import { eachServer } from '../each-server.js';
import type { ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';

/** How long a round trip takes from here, against the time after which consumers give a command up. */
export const latency: Check = {
  name: 'latency',
  judge({ servers, assumed: { heartbeatMs } }) {
    const deadlineMs = commandTimeoutFor(heartbeatMs);
    return eachServer(servers, (server) => judge(server, deadlineMs), medianOf);
  },
};

function judge(server: ServerFacts, deadlineMs: number): Verdict {
  const median = medianOf(server);
  const longest = Math.max(0, ...server.roundTripsMs);
  const found = `a round trip takes ${median.toFixed(1)} ms, ${longest.toFixed(1)} ms at most; commands are given up after ${deadlineMs} ms`;
  const remedy =
    'SLOWLOG GET and redis-cli --latency say whether it is the server or the way to it; a longer heartbeatMs bears more';
  if (median >= deadlineMs / 2) return bad(found, remedy);
  return median >= deadlineMs / 10 || longest >= deadlineMs / 2 ? warning(found, remedy) : good(found);
}

function medianOf({ roundTripsMs }: ServerFacts): number {
  const sorted = [...roundTripsMs].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
