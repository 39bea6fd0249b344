/** Whether a stop kept its promises, and its report says what is so. */
import {
  isStreamwardenError,
  type Notification,
  type StopReport,
  type StreamHandle,
} from '../../src/index.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** What a stop may take beyond its budget for the loop delay and the grain of timers, in milliseconds. */
const LATE_MS = 50;
/** What was refused is known by then, in milliseconds. */
const ANSWERED_WITHIN_MS = 300;
/** After a disturbance: connections are made again, presence is written, everything verified. In heartbeats. */
const RECOVERED_AFTER = 3;

export function checkStop(fleet: Stage, member: Member, report: StopReport): void {
  const { stop, consumer } = member;
  if (stop === undefined) return;
  checkStragglers(fleet, member, report);
  checkHandedOver(fleet, member, report);
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
  // C-STOP-6: where Redis refuses for good, there is nothing to wait for.
  const isRefused = fleet.now < member.deniedUntil + ANSWERED_WITHIN_MS;
  const isEarly = fleet.now < stop.endsMs - LATE_MS && !isRefused;
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

/** C-STOP-1: those that had not returned in time, and no others. */
function checkStragglers(fleet: Stage, { stop, consumer }: Member, report: StopReport): void {
  const { workers, violations, shape } = fleet;
  const all = workers.of(consumer);
  const graceMs = report.mode === 'handOver' ? shape.handOverGraceMs : 0;
  const byMs = (stop?.atMs ?? 0) + graceMs;
  for (const name of report.stragglers) {
    const isOne = all.some((worker) => worker.name === name && (worker.returnedAt ?? fleet.now) >= byMs);
    if (!isOne) violations.add('C-STOP-1', `${consumer} reports ${name} as a straggler, which had returned`);
  }
  if (report.mode === 'abandon') return;
  for (const { name, id, returnedAt, handle } of all) {
    const isStopped = isStreamwardenError(handle.signal.reason, 'RuntimeStopped');
    if (returnedAt !== undefined || !isStopped) continue;
    if (report.stragglers.includes(name) || report.abandoned.includes(name)) continue;
    violations.add(
      'C-STOP-1',
      `a handler of ${consumer} is still at work on ${name} ${id}, and its report does not say so`,
    );
  }
}

/** C-STOP-1: no more is reported than went back, nor fewer, where the whole history is known and every answer came. */
function checkHandedOver(fleet: Stage, member: Member, report: StopReport): void {
  const { stop, consumer, disturbedUntil, released } = member;
  const { ledger, violations, shape } = fleet;
  if (stop === undefined || !ledger.knowsAll) return;
  const given = ledger.departures(consumer, stop.atMs).filter(({ by }) => by === consumer);
  const isUndisturbed = disturbedUntil < stop.atMs - RECOVERED_AFTER * shape.heartbeatMs;
  // What went back just before it was asked to stop, it may not have heard of by then.
  const unheardMs = isUndisturbed ? ANSWERED_WITHIN_MS : RECOVERED_AFTER * shape.heartbeatMs;
  // Where an answer may have been lost, what is not its own any more counts, whoever moved it. Go consumers keep no history.
  const most =
    fleet.shape.goConsumers > 0 && !isUndisturbed
      ? Number.POSITIVE_INFINITY
      : ledger
          .departures(consumer, stop.atMs - unheardMs)
          .filter(({ by }) => by === consumer || !isUndisturbed).length;
  const handed = given.filter(({ why }) => why === 'handOver').length - released;
  // C-STOP-7: one that is told to abandon waits for no answer.
  const isHeard = isUndisturbed && report.mode !== 'abandon';
  if (report.handedOver > most || (isHeard && report.handedOver < handed)) {
    violations.add(
      'C-STOP-1',
      `${consumer} reports ${report.handedOver} as handed over; it has given back ${most}, ${handed} of them for the stop`,
    );
  }
}

/** C-STOP-2: a handler is not even called for what was told before, since its signal would have aborted. */
export function checkBegin(fleet: Stage, member: Member, { name, id }: StreamHandle): void {
  const { stop, consumer } = member;
  if (stop === undefined || stop.mode === 'finish' || stop.atMs >= fleet.now) return;
  fleet.violations.add(
    'C-STOP-2',
    `${consumer} begins to work on ${name} ${id}, ${(fleet.now - stop.atMs).toFixed(1)} ms after it was asked to stop (${stop.mode})`,
  );
}

/** C-STOP-10: whatever the mode, nothing is told as new any more, and so no handler is called for it. */
export function checkTold(fleet: Stage, member: Member, notification: Notification): void {
  const { stop, consumer } = member;
  if (stop === undefined || stop.atMs >= fleet.now || notification.type !== 'StreamAdded') return;
  fleet.violations.add(
    'C-STOP-10',
    `${consumer} is told of ${notification.stream} ${notification.id}, ${(fleet.now - stop.atMs).toFixed(1)} ms after it was asked to stop (${stop.mode})`,
  );
}
