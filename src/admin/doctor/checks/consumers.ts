import { plural } from '../../../core/amounts.js';
import { bad, type Check, good, warning } from '../finding.js';
import { isAlive } from '../seen-consumer.js';

/** Whether anybody works on the service. */
export const consumers: Check = {
  name: 'consumers',
  judge({ service }) {
    if (!service?.status?.group.created) return undefined;
    const alive = service.consumers.filter(isAlive).length;
    if (alive > 0) return good(plural(alive, 'consumer'));
    const { stream } = service.status;
    const remedy =
      'start one: streamwarden consume, or the service; health() and its log say why one does not start';
    if (service.consumers.some(({ kind }) => kind === 'go')) {
      return warning('none of ours; whether those of the Go client live cannot be told', remedy);
    }
    return stream.length > 0
      ? bad(`none alive, and ${stream.length} entries wait`, remedy)
      : warning('none alive', remedy);
  },
};
