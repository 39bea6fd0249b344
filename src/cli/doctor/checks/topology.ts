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

/** Whether those who answer agree on who is master, and who serves what. */
export const topology: Check = {
  name: 'topology',
  judge({ topology: { kind, settled, problems, masters, others }, servers }) {
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
