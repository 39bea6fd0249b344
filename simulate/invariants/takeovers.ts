/** Whether whoever takes over may do so already. */
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Stage } from '../stage.js';

/** In heartbeats; a little less than the contract says, for clocks that are fast. */
const CAUTION = 1.09;

/** C-EXP-7: nothing is taken over within 1.1 H of a start. */
export function checkTakeover(fleet: Stage, record: HistoryRecord): void {
  if (!('why' in record) || record.why !== 'dead') return;
  const taker = fleet.members.find(({ consumer }) => consumer === record.by);
  if (taker === undefined) return;
  const afterMs = fleet.now - taker.startedAt;
  if (afterMs >= CAUTION * fleet.shape.heartbeatMs) return;
  fleet.violations.add(
    'C-EXP-7',
    `${record.by} took ${record.id} over from ${record.from}, ${afterMs.toFixed(0)} ms after its start`,
  );
}
