import { eachServer } from '../each-server.js';
import { numberOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_INFO } from '../remedies.js';

const TIGHT = 0.8;
const FULL = 0.95;

/** How much room is left. A full Redis refuses announcements, requeues and dead letters (OOM). */
export const memory: Check = {
  name: 'memory',
  judge: ({ servers }) => eachServer(servers, judge, (server) => numberOf(server, 'used_memory') ?? 0),
};

function judge(server: ServerFacts): Verdict {
  const used = numberOf(server, 'used_memory');
  const most = numberOf(server, 'maxmemory');
  if (used === undefined || most === undefined) {
    return warning('could not be told: INFO may not be read', PERMIT_INFO);
  }
  const limit = most === 0 ? (numberOf(server, 'total_system_memory') ?? 0) : most;
  const name = most === 0 ? "the machine's memory; maxmemory is not set" : 'maxmemory';
  if (limit === 0) return good('maxmemory is not set');
  const share = used / limit;
  const found = `${share < 0.01 ? 'under 1' : Math.round(share * 100)} % of ${mebibytes(limit)} used (${name})`;
  if (share < TIGHT) return good(found);
  return (share < FULL ? warning : bad)(
    found,
    'raise maxmemory, or free memory: redis-cli --bigkeys says what takes it; dead letters are kept up to dlqMaxLen',
  );
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
