import { duration } from '../../../core/amounts.js';
import { bad, type Check, good, warning } from '../finding.js';
import { isAlive } from '../seen-consumer.js';

/** Milliseconds. A consumer gives it out at most a second late, or with much that is due at once some seconds. */
const LATE_MS = 5_000;
/** Milliseconds. However much was due at once, it is given out by then. */
const STUCK_MS = 60_000;

/** Whether what is delayed is given out when it is due. */
export const delays: Check = {
  name: 'delays',
  judge({ service }) {
    const status = service?.status;
    if (!service || !status) return undefined;
    const { delayed } = status;
    if (delayed === null) return warning('could not be told', 'ACL SETUSER <user> +xlen +zrange +time');
    const { count, nextMs, lateMs } = delayed;
    if (count === 0) return good('nothing is delayed');
    if (lateMs < LATE_MS)
      return good(
        `${count} delayed, ${nextMs === null ? 'due now' : `the next one for ${duration(nextMs)} more`}`,
      );
    const found = `${count} delayed, of which the first has been due for ${duration(lateMs)}`;
    if (!service.consumers.some(isAlive))
      return bad(`${found}; and nobody lives who could give it out`, 'start a consumer of this version');
    const remedy =
      'start a consumer of this version: those of 0.1.0 give nothing out; else StreamwardenDelaysLate in the runbook';
    return lateMs < STUCK_MS ? warning(found, remedy) : bad(found, remedy);
  },
};
