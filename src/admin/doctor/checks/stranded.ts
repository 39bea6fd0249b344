import { entries } from '../../../core/amounts.js';
import { bad, type Check, good } from '../finding.js';

/** Whether there are entries that no consumer will ever be given: their consumer was removed from the group together with what was pending for it. */
export const stranded: Check = {
  name: 'stranded',
  judge({ service }) {
    if (!service?.status?.group.created) return undefined;
    const { stranded: count } = service;
    if (count === 0) return good('every entry is pending, or waits to be given out');
    return bad(
      `${entries(count)} given out and pending for nobody: XGROUP DELCONSUMER removed who had them, or something acknowledges without deleting`,
      `streamwarden adopt --service ${service.service}`,
    );
  },
};
