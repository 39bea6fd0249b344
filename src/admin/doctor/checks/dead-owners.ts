import { bad, type Check, good, warning } from '../finding.js';
import { isAlive } from '../seen-consumer.js';

/** Whether anything is still pending for consumers of ours that are dead. The living take it over within about a heartbeat. */
export const deadOwners: Check = {
  name: 'dead-owners',
  judge({ service }) {
    if (!service?.status?.group.created) return undefined;
    const dead = service.consumers.filter((one) => one.kind === 'ours' && !isAlive(one) && one.pending > 0);
    if (dead.length === 0) return good('nothing is pending for a dead consumer');
    const found = dead.map(({ name, pending }) => `${name}: ${pending} pending`).join('; ');
    return service.consumers.some(isAlive)
      ? warning(found, 'look again in a few seconds; if it stays: StreamwardenTakeOversSlow in the runbook')
      : bad(`${found}; and nobody lives who could take it over`, 'start a consumer');
  },
};
