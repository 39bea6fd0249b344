import { OLDEST_SERVER } from '../../../redis/capabilities.js';
import { eachServer } from '../each-server.js';
import type { ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_INFO } from '../remedies.js';

/** Whether it is a server that the runtime works with. */
export const serverVersion: Check = {
  name: 'server-version',
  judge({ servers }) {
    const verdict = eachServer(servers, judge);
    const versions = new Set(servers.flatMap((server) => nameOf(server) ?? []));
    if (verdict?.result !== 'good' || versions.size < 2) return verdict;
    return warning(verdict.found, 'bring all servers to the same version');
  },
};

function judge(server: ServerFacts): Verdict {
  const name = nameOf(server);
  if (name === undefined) return warning('could not be told: INFO may not be read', PERMIT_INFO);
  const [major = 0, minor = 0] = (name.split(' ')[1] ?? '').split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  const isTooOld = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
  return isTooOld
    ? bad(`${name}: too old`, `upgrade to Redis ${OLDEST_SERVER.join('.')} or newer, or Valkey`)
    : good(name);
}

function nameOf({ info }: ServerFacts): string | undefined {
  const valkey = info.get('valkey_version');
  if (valkey !== undefined) return `Valkey ${valkey}`;
  const redis = info.get('redis_version');
  return redis === undefined ? undefined : `Redis ${redis}`;
}
