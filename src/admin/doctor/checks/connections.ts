import { eachServer } from '../each-server.js';
import { numberOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_INFO } from '../remedies.js';

const TIGHT = 0.8;
const FULL = 0.95;

/** How many connections are left. A consumer has a command connection, a reader, and on each master a subscriber; in a cluster one more for each node. */
export const connections: Check = {
  name: 'connections',
  judge: ({ servers }) => eachServer(servers, judge, (server) => numberOf(server, 'connected_clients') ?? 0),
};

function judge(server: ServerFacts): Verdict {
  const connected = numberOf(server, 'connected_clients');
  const configured = server.config.get('maxclients');
  const most = configured === undefined ? numberOf(server, 'maxclients') : Number(configured);
  if (connected === undefined || most === undefined) {
    return warning('could not be told: INFO or CONFIG may not be read', PERMIT_INFO);
  }
  const rejected = numberOf(server, 'rejected_connections') ?? 0;
  const found = `${connected} of ${most} connections in use`;
  const remedy = `raise maxclients, and the limit of open files of the server with it; CLIENT LIST says whose they are`;
  if (connected >= most * FULL) return bad(found, remedy);
  if (connected >= most * TIGHT) return warning(found, remedy);
  return rejected > 0 ? warning(`${found}; ${rejected} were refused since it started`, remedy) : good(found);
}
