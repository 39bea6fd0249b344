import { bad, type Check, good, warning } from '../finding.js';

/** Fewer cannot lose one and still agree. */
const ENOUGH = 3;

/** Whether the Sentinels could fail over. */
export const sentinelQuorum: Check = {
  name: 'sentinel-quorum',
  judge({ topology: { kind }, sentinels }) {
    if (kind !== 'sentinel') return undefined;
    const without = sentinels.filter(({ quorumProblem }) => quorumProblem !== null);
    if (without.length > 0) {
      const found = without.map(({ address, quorumProblem }) => `${address}: ${quorumProblem}`).join('; ');
      return bad(
        found,
        'start the Sentinels that are down; SENTINEL SET NAME quorum N with a majority of those there are',
      );
    }
    if (sentinels.length < ENOUGH) {
      return warning(
        `${sentinels.length} of the Sentinels in the URL answer`,
        'run three or more, on different machines, and name them all in the URL',
      );
    }
    return good(`${sentinels.length} Sentinels answer, and have the quorum`);
  },
};
