import { plural } from '../../../core/amounts.js';
import { type Check, good, warning } from '../finding.js';

/** What consumers died of before they owned it. */
export const deliveryLimit: Check = {
  name: 'delivery-limit',
  judge({ service }) {
    if (!service?.letters) return undefined;
    const found = service.letters.get('delivery_limit');
    if (found === undefined) return good('no entry was given up because consumers died with it');
    const { count, newestId } = found;
    const those = `--service ${service.service} --all --reason delivery_limit`;
    return warning(
      `${plural(count, 'dead letter')} that one consumer after the other died with before it owned it: what is read there may be what they die of`,
      `streamwarden dlq show --service ${service.service} ${newestId} shows the latest; look why consumers ended (memory above all: OOMKilled, heap out of memory). If it was not of these: streamwarden dlq redrive ${those}. If it was: a smaller maxEntryBytes, or more memory, for every consumer before that; or streamwarden dlq delete ${those}`,
    );
  },
};
