import { readInWords } from '../../status/words.js';
import { bad, type Check, good, warning } from '../finding.js';

/** Whether the service is there: its load balancer stream, and the group on it. */
export const service: Check = {
  name: 'service',
  judge({ service: facts }) {
    if (facts === null) return undefined;
    const { problem, status } = facts;
    if (problem?.kind === 'missing') {
      return warning(
        problem.text,
        'nothing, before the first consumer starts; else look for a misspelt --service',
      );
    }
    if (problem?.kind === 'wrongType') {
      return bad(problem.text, 'rename that key, or choose another service name');
    }
    if (problem !== null || status === null) {
      return warning(
        `could not be told: ${problem?.text ?? 'no answer'}`,
        'repair what the other lines say; reading needs +type +xlen +xinfo +xpending +xrange +pttl and the keys of the service',
      );
    }
    const { stream, group } = status;
    const found = `${stream.name}: ${stream.length} entries`;
    return group.created
      ? good(`${found}, ${readInWords(group)}`)
      : warning(
          `${found}; no group ${group.name} yet`,
          'start a consumer: it creates the group, and is given every entry',
        );
  },
};
