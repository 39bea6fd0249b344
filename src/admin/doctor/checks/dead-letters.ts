import { plural } from '../../../core/amounts.js';
import { bad, type Check, good, warning } from '../finding.js';

/** The default of `dlqMaxLen`. Which one the consumers use is not written in Redis. */
const DEFAULT_CAP = 10_000;
const NEARLY = 0.8;

/** What was given up on. */
export const deadLetters: Check = {
  name: 'dead-letters',
  judge({ service }) {
    if (!service?.status) return undefined;
    const { dlq } = service.status;
    const due = service.dueLetters > 0 ? `; ${service.dueLetters} more wait to be written there` : '';
    if (dlq.length === 0 && due === '') return good('none');
    const found = `${dlq.name}: ${plural(dlq.length, 'dead letter')}${due}`;
    const look = `streamwarden dlq list --service ${service.service}; repair the cause; then streamwarden dlq redrive`;
    return dlq.length < DEFAULT_CAP * NEARLY
      ? warning(found, look)
      : bad(`${found}: at dlqMaxLen (${DEFAULT_CAP} unless set) the oldest are thrown away`, look);
  },
};
