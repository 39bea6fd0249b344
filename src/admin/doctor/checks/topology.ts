import type { NodePicture, TopologyPicture } from '../../topology/picture.js';
import { bad, type Check, good, warning } from '../finding.js';
import { PERMIT_INFO } from '../remedies.js';

const KINDS = { single: 'a single server', sentinel: 'a master named by Sentinels', cluster: 'a cluster' };

const REMEDIES = {
  single: 'give the URL of the master with --redis',
  sentinel:
    'streamwarden topology --watch shows when they agree; SENTINEL RESET NAME makes a Sentinel look anew',
  cluster:
    'streamwarden topology --watch shows when they agree; redis-cli --cluster check HOST:PORT says what is wrong',
};

const PERMIT_CLUSTER = 'ACL SETUSER <user> +cluster|info +cluster|nodes +cluster|slots';

/**
 * Whether those who answer agree on who is master, and who serves what, and whether each is one of ours. Redis declares no node dead whose
 * address answers as another one: without a failover its slots stay out of reach, while all the others agree.
 */
export const topology: Check = {
  name: 'topology',
  judge({ topology: picture, servers }) {
    const { kind, settled, problems, masters, others } = picture;
    const strangers = strangersIn(picture);
    if (strangers.length > 0) {
      const remedies = [displace(strangers), ...(settled ? [] : [REMEDIES[kind]])];
      return bad(problems.join('; '), remedies.join('; '));
    }
    if (settled) return good(`${KINDS[kind]}, settled`);
    // It answers, and not this question: rights are missing.
    const mute = [...masters, ...others].find(
      ({ address, error }) => error !== null && servers.some((server) => server.address === address),
    );
    return mute === undefined
      ? bad(problems.join('; '), REMEDIES[kind])
      : warning(
          `could not be told: ${mute.address}: ${mute.error}`,
          kind === 'cluster' ? PERMIT_CLUSTER : PERMIT_INFO,
        );
  },
};

function strangersIn({ masters, others }: TopologyPicture): NodePicture[] {
  const all = [...masters, ...masters.flatMap(({ replicas }) => replicas), ...others];
  return all.filter(({ state }) => state === 'foreign');
}

function displace(strangers: readonly NodePicture[]): string {
  const addresses = strangers.map(({ address }) => address).join(', ');
  return [
    'give the node of this cluster its address back; or, if a master was there that has no heir, CLUSTER FAILOVER TAKEOVER on its replica (FORCE may lose every vote: others may have the epoch of the stranger)',
    'then CLUSTER FORGET ID on every node, for each ID that CLUSTER NODES marks noaddr',
    `and leave ${addresses} out of the URL`,
  ].join('; ');
}
