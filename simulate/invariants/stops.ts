/** Whether a stop kept its promises, and its report says what is so. */
import type { StopReport } from '../../src/index.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** What a stop may take beyond its budget for the loop delay and the grain of timers, in milliseconds. */
const LATE_MS = 50;
/** After a disturbance: connections are made again, presence is written, everything verified. In heartbeats. */
const RECOVERED_AFTER = 3;

export function checkStop(fleet: Stage, member: Member, report: StopReport): void {
  const { stop, consumer } = member;
  if (stop === undefined) return;
  const { names, violations, shape } = fleet;
  const rows = fleet.askMaybe('XPENDING', names.lbs, names.group, '-', '+', 100, consumer) as
    | [string][]
    | undefined;
  // C-STOP-1: what it leaves for the others to recover is named. What it was never told of has no name that it could know.
  for (const [id] of rows ?? []) {
    const life = fleet.ledger.lives.get(id);
    const isKnown = fleet.told.holds(consumer, id) && !life?.isHanded && !life?.isRetryUnknown;
    if (isKnown && life !== undefined && !report.abandoned.includes(life.name)) {
      violations.add(
        'C-STOP-1',
        `${consumer} left ${life.name} ${id} pending, and its report does not say so`,
      );
    }
  }
  if (report.mode === 'abandon') return;
  const lateMs = fleet.now - Math.max(stop.endsMs, member.disturbedUntil);
  if (lateMs > LATE_MS) {
    violations.add('C-STOP-6', `the stop of ${consumer} took ${lateMs.toFixed(0)} ms more than its budget`);
  }
  const undisturbedMs = fleet.now - Math.max(stop.atMs, member.disturbedUntil);
  const isRecovered = undisturbedMs > RECOVERED_AFTER * shape.heartbeatMs;
  const isUndisturbed = member.disturbedUntil < stop.atMs - RECOVERED_AFTER * shape.heartbeatMs;
  const isEarly = fleet.now < stop.endsMs - LATE_MS;
  if (report.abandoned.length > 0 && (isRecovered || isUndisturbed || isEarly)) {
    violations.add(
      'C-STOP-2',
      `${consumer} abandoned ${report.abandoned.join(', ')} in a stop (${report.mode}) that nothing has disturbed for ${undisturbedMs.toFixed(0)} ms, ${(stop.endsMs - fleet.now).toFixed(0)} ms before its budget ends`,
    );
  }
  if (isUndisturbed && rows !== undefined && rows.length > 0) {
    violations.add(
      'C-STOP-2',
      `${rows.map(([id]) => id).join(', ')} is pending for ${consumer}, which has stopped (${report.mode}) undisturbed`,
    );
  }
}
