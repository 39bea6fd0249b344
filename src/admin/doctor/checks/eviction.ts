import { eachServer } from '../each-server.js';
import { numberOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_INFO, setTo } from '../remedies.js';

/** Whether Redis may throw keys away when its memory is full. Replicas count: each may be the next master. */
export const eviction: Check = {
  name: 'eviction',
  judge: ({ servers }) => eachServer(servers, judge),
};

function judge(server: ServerFacts): Verdict {
  const policy = server.config.get('maxmemory-policy') ?? server.info.get('maxmemory_policy');
  if (policy === undefined)
    return warning('could not be told: neither INFO nor CONFIG may be read', PERMIT_INFO);
  if (policy === 'noeviction') return good(policy);
  // Presence and locks have a time to live; everything else has none.
  const victims = policy.startsWith('volatile')
    ? 'presence and locks, and living owners then look dead'
    : 'the streams themselves, presence and locks: work is lost, and living owners look dead';
  const evicted = numberOf(server, 'evicted_keys') ?? 0;
  const count = evicted > 0 ? `; ${evicted} keys have been evicted since it started` : '';
  return bad(`${policy}: Redis may evict ${victims}${count}`, setTo('maxmemory-policy', 'noeviction'));
}
