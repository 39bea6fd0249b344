import { bytes, plural } from '../../../core/amounts.js';
import { type Check, good, warning } from '../finding.js';

/** What consumers gave up on without reading it, for its size. */
export const tooLarge: Check = {
  name: 'too-large',
  judge({ service }) {
    if (!service?.letters) return undefined;
    const found = service.letters.get('tooLarge');
    if (found === undefined) return good('no entry was too large to be read');
    const { count, largestBytes } = found;
    const those = `--service ${service.service} --all --reason tooLarge`;
    return warning(
      `${plural(count, 'dead letter')} of more than maxEntryBytes, or more than the network carried within a heartbeat; the largest has ${bytes(largestBytes)}`,
      `if producers are right to add so much: a maxEntryBytes of ${largestBytes} or more for every consumer and producer of the service; where it was that already, a longer heartbeatMs; then streamwarden dlq redrive ${those}. Else have them add less, such as the address of what is large; then streamwarden dlq delete ${those}`,
    );
  },
};
