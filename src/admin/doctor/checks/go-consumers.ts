import { plural } from '../../../core/amounts.js';
import { bad, type Check, good, warning } from '../finding.js';
import { namesOf } from '../seen-consumer.js';

/** Whether consumers of the Go client are in the group, and what that costs. */
export const goConsumers: Check = {
  name: 'go-consumers',
  judge({ service, assumed: { lockKeys } }) {
    if (!service?.status?.group.created) return undefined;
    const go = service.consumers.filter(({ kind }) => kind === 'go');
    if (go.length === 0) return good('none');
    const found = `${plural(go.length, 'consumer')} of the Go client: ${namesOf(go)}`;
    const withoutLocks = service.consumers.filter(({ keepsLocks }) => keepsLocks === false);
    if (withoutLocks.length > 0 || !lockKeys) {
      const whose =
        withoutLocks.length > 0 ? `${namesOf(withoutLocks)} keep no lock keys` : 'ours keep no lock keys';
      return bad(
        `${found}; ${whose}: Go consumers take their streams for nobody's`,
        'lockKeys: true in every process',
      );
    }
    const emptied = go.filter(({ pending }) => pending === 0);
    const remove = emptied.map(
      ({ name }) => `XGROUP DELCONSUMER ${service.status?.stream.name} ${service.status?.group.name} ${name}`,
    );
    return warning(
      `${found}: owners may overlap, as 'Run beside Go consumers' in the documentation says`,
      `nothing while they run; of those that have gone for good: ${remove.join('; ') || 'none, all have entries pending'}`,
    );
  },
};
