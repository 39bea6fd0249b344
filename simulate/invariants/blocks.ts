/**
 * C-THR-1: an event loop that is blocked costs no lease where a heartbeat thread goes on; C-THR-3: unless it is blocked for too long. Looked at where
 * nothing else befell the process or its server, for so long before that the thread had its connection.
 */
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** How long a process, and its connections, have to be well before, in heartbeats. */
const SETTLED = 6;
/** After the block, until the next beat of the loop has been answered, in heartbeats. */
const AFTER = 1;

interface Block {
  readonly member: Member;
  readonly untilMs: number;
  /** What had befallen it by then, the block included. */
  readonly disturbances: number;
  readonly lapses: number;
  readonly misses: number;
  /** Whether its presence has to stand all the time; undefined: it may run out. */
  readonly isKept: boolean | undefined;
}

export class BlockWatch {
  readonly #fleet: Stage;
  readonly #blocks = new Set<Block>();
  /** How many blocks have been looked at. */
  looked = 0;

  constructor(fleet: Stage) {
    this.#fleet = fleet;
  }

  /** Its event loop is about to be blocked for so long. To be told before it counts as disturbed by that. */
  blocks(member: Member, ms: number): void {
    const { now, shape } = this.#fleet;
    const settledAt = Math.max(member.disturbedUntil, member.runningAt) + SETTLED * shape.heartbeatMs;
    const { certain, lapses, misses } = member.runtime.snapshot().lease;
    if (!shape.hasThread || member.state !== 'running' || !certain || settledAt > now) return;
    const untilMs = now + ms + AFTER * shape.heartbeatMs;
    // From when the loop's next beat is due; the thread's last one keeps presence for a heartbeat.
    const isKept =
      ms < shape.maxBlockedMs ? true : ms > shape.maxBlockedMs + 2 * shape.heartbeatMs ? false : undefined;
    this.#blocks.add({ member, untilMs, disturbances: member.disturbances + 1, lapses, misses, isKept });
  }

  look(): void {
    const { now, violations } = this.#fleet;
    for (const block of this.#blocks) {
      const { member, disturbances } = block;
      const isAlone = member.disturbances === disturbances && member.state === 'running';
      if (isAlone && now < block.untilMs) continue;
      this.#blocks.delete(block);
      if (!isAlone) continue;
      this.looked += 1;
      const snapshot = member.runtime.snapshot();
      const lapses = snapshot.lease.lapses - block.lapses;
      const misses = snapshot.lease.misses - block.misses;
      const { consumer } = member;
      if (block.isKept === true && lapses + misses > 0) {
        const what = `${lapses} lapses, ${misses} deadlines missed`;
        violations.add('C-THR-1', `${consumer} lost its lease to a blocked loop, beside its thread: ${what}`);
      } else if (block.isKept === false && lapses === 0) {
        violations.add('C-THR-3', `the heartbeat thread of ${consumer} kept a lease that nobody works under`);
      }
    }
  }
}
