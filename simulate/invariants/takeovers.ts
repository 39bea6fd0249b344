/**
 * C-EXP-2: what a consumer leaves when it crashes is taken within a heartbeat and about a second, where nothing else is wrong: no survivor that
 * could do it has been disturbed, nor has begun so lately that it takes nothing yet (C-EXP-7).
 */
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** Beyond the heartbeat that presence lasts, in milliseconds. */
const TAKEN_WITHIN_MS = 1000;
/** A lock may outlive presence by so many heartbeats, and a consumer that is not able to take is waited for as long. */
const LOCK = 0.5;
const NOT_ABLE = 0.5;
/** How many of the slowest round trips it takes. */
const ROUND_TRIPS = 6;
const SLOWEST = 20;
/** How long after a disturbance, and after its start, a consumer may not be able to: in heartbeats. */
const UNSETTLED = 5;
const BEGUN = 1.5;

interface Death {
  readonly member: Member;
  readonly atMs: number;
}

export class TakeoverWatch {
  readonly #fleet: Stage;
  readonly #deaths = new Set<Death>();

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  crashed(member: Member): void {
    const { shape, now } = this.#fleet;
    // Without it the reconciliation scan takes: C-EXP-4.
    if (shape.autoClaim) this.#deaths.add({ member, atMs: now });
  }

  look(): void {
    for (const death of this.#deaths) if (this.#isOver(death)) this.#deaths.delete(death);
  }

  /** Whether there is nothing to wait for any more. */
  #isOver({ member, atMs }: Death): boolean {
    const fleet = this.#fleet;
    const { now } = fleet;
    const { heartbeatMs, lockKeys, latencyMs } = fleet.shape;
    const able = fleet.living.filter((one) => this.#isAble(one, atMs));
    if (able.length === 0) return true;
    const isEveryone = able.length === fleet.living.length;
    const heartbeats = 1 + (lockKeys ? LOCK : 0) + (isEveryone ? 0 : NOT_ABLE);
    const dueMs =
      heartbeats * heartbeatMs + TAKEN_WITHIN_MS + ROUND_TRIPS * Math.min(SLOWEST * latencyMs, 100);
    if (now < atMs + dueMs) return false;
    const { lbs, group } = fleet.names;
    const left = (fleet.askMaybe('XPENDING', lbs, group, '-', '+', 100, member.consumer) ?? []) as [string][];
    if (left.length > 0) {
      fleet.violations.add(
        'C-EXP-2',
        `${left.map(([id]) => id).join(', ')} is still pending for ${member.consumer}, ${(now - atMs).toFixed(0)} ms after its crash, and ${able.map(({ consumer }) => consumer).join(', ')} could have taken it`,
      );
    }
    return true;
  }

  #isAble({ state, runningAt, disturbedUntil }: Member, diedAt: number): boolean {
    const { heartbeatMs } = this.#fleet.shape;
    return (
      state === 'running' &&
      runningAt < diedAt - BEGUN * heartbeatMs &&
      disturbedUntil < diedAt - UNSETTLED * heartbeatMs
    );
  }
}

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
