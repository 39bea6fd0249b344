import { commandTimeoutFor } from '../../../redis/connections.js';
import { eachServer } from '../each-server.js';
import type { ServerFacts } from '../facts.js';
import { type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_CONFIG, setTo } from '../remedies.js';

/** The runtime's own scripts are kept below 5 ms; under load the clock runs on meanwhile. */
const LEAST_MS = 100;

/** After how long a script makes Redis answer everybody with BUSY. Before that it answers nobody. */
export const scriptTimeLimit: Check = {
  name: 'script-time-limit',
  judge: ({ servers, assumed: { heartbeatMs } }) =>
    eachServer(servers, (server) => judge(server, heartbeatMs)),
};

function judge({ config }: ServerFacts, heartbeatMs: number): Verdict {
  // The newer name, which older servers do not know.
  const [setting, text] = ['busy-reply-threshold', 'lua-time-limit']
    .map((name) => [name, config.get(name)] as const)
    .find(([, value]) => value !== undefined) ?? ['', undefined];
  if (text === undefined) return warning('could not be told: CONFIG GET is refused', PERMIT_CONFIG);
  const ms = Number(text);
  const found = `${setting} ${ms}`;
  if (ms <= 0) {
    return warning(`${found}: a script that does not end hangs Redis without a word`, setTo(setting, '5000'));
  }
  return ms < LEAST_MS
    ? warning(`${found}: a script that is only slow makes Redis answer BUSY`, setTo(setting, '5000'))
    : good(`${found}; heartbeats are given up after ${commandTimeoutFor(heartbeatMs)} ms either way`);
}
