import { plural } from '../../../core/amounts.js';
import { type Check, good, warning } from '../finding.js';

/** What no data stream could be read from. */
export const unparseable: Check = {
  name: 'unparseable',
  judge({ service }) {
    if (!service?.letters) return undefined;
    const found = service.letters.get('unparseable');
    if (found === undefined) return good('no entry was given up because it cannot be parsed');
    const { count, newestId } = found;
    const those = `--service ${service.service} --all --reason unparseable`;
    return warning(
      `${plural(count, 'dead letter')} that no data stream can be read from: no JSON, nested more than 64 deep, without a name, or refused by infoSchema`,
      `streamwarden dlq show --service ${service.service} ${newestId} shows the latest and what is wrong with it; have its producer announce it as it should be, and what is still wanted once more; then streamwarden dlq delete ${those}. If infoSchema was wrong: mend it, then streamwarden dlq redrive ${those}`,
    );
  },
};
