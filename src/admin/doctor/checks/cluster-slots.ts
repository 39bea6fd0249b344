import { plural } from '../../../core/amounts.js';
import type { MasterPicture } from '../../topology/picture.js';
import { bad, type Check, good, warning } from '../finding.js';

const SLOTS = 16_384;

/** Whether every slot is served by a master that lives. Keys of other slots can be neither read nor written. */
export const clusterSlots: Check = {
  name: 'cluster-slots',
  judge({ topology: { kind, masters } }) {
    if (kind !== 'cluster') return undefined;
    const serving = masters.filter((one) => one.state === 'up' && countOf(one) > 0);
    const served = serving.reduce((sum, one) => sum + countOf(one), 0);
    if (served < SLOTS) {
      return bad(
        `${served} of ${SLOTS} slots are served`,
        'start the masters that are down, or promote their replicas (CLUSTER FAILOVER FORCE on each, or TAKEOVER where it loses the vote); then redis-cli --cluster fix HOST:PORT',
      );
    }
    const moving = masters.filter((master) => movingOf(master) > 0);
    if (moving.length === 0)
      return good(`all ${SLOTS} slots are served, by ${plural(serving.length, 'master')}`);
    const slots = moving.map((master) => `${master.address}: ${movingOf(master)} on the way`).join('; ');
    return warning(slots, 'let the resharding end; if it was given up: redis-cli --cluster fix HOST:PORT');
  },
};

function countOf({ slots }: MasterPicture): number {
  return slots?.count ?? 0;
}

function movingOf({ slots }: MasterPicture): number {
  return slots?.moving.length ?? 0;
}
