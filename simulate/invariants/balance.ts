/** C-BAL-5: nothing is handed over so that others have their share by a process in doubt of its own lease, nor soon after somebody has come. */
import type { Notification } from '../../src/index.js';
import type { FaultKind } from '../fault-kinds.js';
import type { Member } from '../member.js';
import type { PlannedFault } from '../schedule.js';
import type { Stage } from '../stage.js';

/** What the server knew of who came when is lost with these, or is of another time. */
const FORGETS: ReadonlySet<FaultKind> = new Set(['serverClock', 'serverRestart', 'dataLoss', 'failover']);
/** An order may be followed so long after its round, in heartbeats. */
const HEARD_WITHIN = 1.5;
const ROUND_TRIPS = 6;
const SLOWEST = 20;

export class BalanceWatch {
  readonly #fleet: Stage;
  readonly #knowsWho: boolean;

  constructor(fleet: Stage, faults: readonly PlannedFault[]) {
    this.#fleet = fleet;
    this.#knowsWho = !faults.some(({ kind }) => FORGETS.has(kind));
  }

  told({ consumer, runtime }: Member, notification: Notification): void {
    if (notification.type !== 'StreamMoving') return;
    const { members, now, shape, violations } = this.#fleet;
    const { id } = notification;
    if (!runtime.snapshot().lease.certain)
      violations.add('C-BAL-5', `${consumer} hands ${id} over in doubt of its lease`);
    if (shape.balance === 'off') {
      violations.add('C-BAL-7', `${consumer} hands ${id} over, and is not to`);
      return;
    }
    if (!this.#knowsWho) return;
    const { everyMs, settleMs } = shape.balance;
    const heardMs =
      HEARD_WITHIN * shape.heartbeatMs + everyMs + ROUND_TRIPS * Math.min(SLOWEST * shape.latencyMs, 100);
    for (const { startedAt, runningAt, consumer: newcomer } of members) {
      if (startedAt > now - settleMs && runningAt < now - heardMs) {
        const sinceMs = (now - startedAt).toFixed(0);
        violations.add('C-BAL-5', `${consumer} hands ${id} over ${sinceMs} ms after ${newcomer} was started`);
      }
    }
  }
}
