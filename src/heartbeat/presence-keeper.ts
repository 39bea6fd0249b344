/**
 * What the heartbeat thread does: it prolongs the presence that the event loop has written, when the loop is late with that. It never writes presence
 * where there is none, as no renewal does, so what it is answered proves the same as an answer to the loop would.
 */
import type { Clock, Timer } from '../core/clock.js';
import type { HeartbeatBoard } from './board.js';

/** Of a generation that does not stand any more nothing can be kept: only the loop raises another one. */
export type Prolonged = 'alive' | 'over';

export interface PresenceKeeperSettings {
  readonly clock: Clock;
  readonly board: HeartbeatBoard;
  readonly heartbeatMs: number;
  /** For how long the loop may be late with its beat until nothing is kept for it. */
  readonly maxBlockedMs: number;
  /** Asks Redis. Rejects where there is no answer, within a deadline of its own. */
  prolong(generation: number): Promise<Prolonged>;
}

/** How late the loop's beat may be before the thread sends one, in parts of a heartbeat. */
const GRACE = 1 / 80;
const MOST_GRACE_MS = 25;

/** A beat in so many heartbeats is sent also where the loop is in time: a connection that leads nowhere is found out before it is needed. */
const TRIAL_HEARTBEATS = 4;

export class PresenceKeeper {
  readonly #settings: PresenceKeeperSettings;
  readonly #graceMs: number;
  #timer: Timer | undefined;
  #isStopped = false;
  /** The highest generation that is known to stand no more. */
  #over = 0;
  /** When the latest beat of this thread that was answered had been sent. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(settings: PresenceKeeperSettings) {
    this.#settings = settings;
    this.#graceMs = Math.min(MOST_GRACE_MS, settings.heartbeatMs * GRACE);
  }

  start(): void {
    this.#after(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#settings.clock.clearTimeout(this.#timer);
  }

  #after(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#settings.clock.setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    const { board, clock, heartbeatMs } = this.#settings;
    const generation = board.wanted;
    const now = clock.monotonic();
    // One that is wanted from now on has been beaten just before.
    if (generation === 0 || generation <= this.#over || !this.#isWanted(now)) {
      this.#after(heartbeatMs / 4);
      return;
    }
    const beatenAt = board.beatenAt(generation);
    const dueAt = beatenAt + heartbeatMs / 2;
    const isOnTrial = now - this.#answeredAt >= TRIAL_HEARTBEATS * heartbeatMs;
    const waitMs = dueAt + this.#graceMs - now;
    if (waitMs > 0 && !isOnTrial) {
      this.#after(waitMs);
      return;
    }
    this.#after(await this.#beat(generation, Math.max(0, now - dueAt)));
  }

  /** The loop has given a sign of life, or is not late for longer than it may be. */
  #isWanted(now: number): boolean {
    const { board, heartbeatMs, maxBlockedMs } = this.#settings;
    return now - board.aliveAt <= heartbeatMs / 2 + maxBlockedMs;
  }

  /** @returns when to look again, in milliseconds */
  async #beat(generation: number, latenessMs: number): Promise<number> {
    const { board, clock, heartbeatMs } = this.#settings;
    const sent = { monotonic: clock.monotonic(), wall: clock.now() };
    try {
      const prolonged = await this.#settings.prolong(generation);
      this.#answeredAt = sent.monotonic;
      if (prolonged === 'over') this.#over = Math.max(this.#over, generation);
      else board.keep(generation, sent, latenessMs);
      return 0;
    } catch {
      // It shall fit in a few times before presence runs out, and nobody is asked without a pause.
      return Math.min(100, heartbeatMs / 20);
    }
  }
}
