/** What an owner is to hear of within a heartbeat, touches and cancels: when it is late, and when it may be. */
import type { Stage } from '../stage.js';

/** How long ago something may have befallen a connection that only an answer that does not come shows: in heartbeats. */
const SHOWS_AFTER = 2;
/** What hearing of it may take beside a heartbeat and messages, in milliseconds, and how many of the slowest messages. */
const WITHIN_MS = 100;
const MESSAGES = 6;
const SLOWEST = 20;
const SLOWEST_MS = 100;

/** What befell an entry. */
interface Befallen {
  readonly id: string;
  /** Who owned it; undefined: nobody did. */
  readonly consumer: string | undefined;
  /** Milliseconds of the world. */
  readonly atMs: number;
}

/** So many milliseconds later its owner has heard of it. */
export function hearsWithinMs({ shape: { heartbeatMs, latencyMs } }: Stage): number {
  return heartbeatMs + WITHIN_MS + MESSAGES * Math.min(SLOWEST * latencyMs, SLOWEST_MS);
}

/** Whether its owner need not hear of it: it is no longer the owner, or was disturbed. */
export function needNotHear(stage: Stage, { id, consumer = '', atMs }: Befallen): boolean {
  const { ledger, shape, members, workers } = stage;
  const member = members.find((one) => one.consumer === consumer);
  const worker = workers.of(consumer).findLast((one) => one.id === id);
  return (
    member?.state !== 'running' ||
    member.process.isStill ||
    member.disturbedUntil >= atMs - SHOWS_AFTER * shape.heartbeatMs ||
    worker === undefined ||
    worker.isOver ||
    worker.handle.signal.aborted ||
    ledger.ownerOf(id) !== consumer ||
    !ledger.isWhole(id)
  );
}
