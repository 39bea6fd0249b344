import { entries } from '../../../core/amounts.js';
import { bad, type Check, good } from '../finding.js';

/** Whether payloads are missing of what is pending. */
export const vanished: Check = {
  name: 'vanished',
  judge({ service }) {
    if (!service?.status?.group.created) return undefined;
    const { stream, group } = service.status;
    if (group.vanished === 0) return good('no payload is missing');
    return bad(
      `pending without a payload: ${entries(group.vanished)}; something trims or deletes ${stream.name}, by XADD with MAXLEN or by XTRIM as a rule`,
      `stop that, as what is finished is deleted anyway; streamwarden pending --service ${service.service} --state gone names them, streamwarden claim ID --force takes one off the list, and their streams have to be announced again`,
    );
  },
};
