import { eachServer } from '../each-server.js';
import type { ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_CONFIG, setTo } from '../remedies.js';

/** The topology is looked at, and the nodes of a cluster are asked, at least so often. */
const SAFE_S = 60;

/** After how long Redis closes a connection on which nothing is asked. Parked reads and subscribers are exempt. */
export const idleTimeout: Check = {
  name: 'idle-timeout',
  judge: ({ servers, assumed: { heartbeatMs } }) =>
    eachServer(servers, (server) => judge(server, heartbeatMs)),
};

function judge({ config }: ServerFacts, heartbeatMs: number): Verdict {
  const text = config.get('timeout');
  if (text === undefined) return warning('could not be told: CONFIG GET is refused', PERMIT_CONFIG);
  const seconds = Number(text);
  if (seconds === 0) return good('timeout 0: idle connections are kept');
  const found = `timeout ${seconds}: connections are closed after ${seconds} s without a command`;
  if (seconds >= SAFE_S) return good(found);
  // A heartbeat is sent every half heartbeat: what is closed between two of them is closed for ever.
  return (seconds * 1_000 <= heartbeatMs ? bad : warning)(found, setTo('timeout', '0'));
}
