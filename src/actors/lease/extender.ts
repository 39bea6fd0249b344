/**
 * The wheel that keeps lock keys: every half heartbeat it goes once around all of them, some chunks at a time, spread over that time, so that no
 * turn of the event loop is long. One timer, however many streams.
 *
 * It also asks, once a heartbeat, whether the name that a waiting entry waits for has become free.
 */
import type { Timer } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { factOf } from '../../machines/facts.js';
import type { ExtendFailure } from '../../redis/locks.js';
import { isPassing } from '../../redis/reply-errors.js';
import { batchEnd, lengthOfLock, textBatches } from '../../redis/text-batches.js';
import type { Giver } from '../endings/giver.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Lease } from './lease.js';

/** Keeps the script below 5 ms. */
const CHUNK = 500;
/**
 * Chunks a turn. A turn after a pause finds its caches cold, here and in Redis: four at once cost a third less CPU here, and a sixth less there,
 * than four turns of one. More would make turns long.
 */
const WAVE = 4;
/**
 * Waves that wait for their answers at a time. Where names are long and the network is slow, the round takes longer, and locks may run out, which
 * only consumers of the Go client look at: heartbeats, which are sent behind the waves, have to arrive.
 */
const MOST_UNDER_WAY = 4;
/** With consumers of the Go client in the group, everything is verified every so many half heartbeats. */
const VERIFY_EVERY = 4;

export class Extender {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #giver: Giver;
  #onError: (error: unknown) => void = () => {};
  #timer: Timer | undefined;
  #round: (readonly Ownership[])[] = [];
  /** Waves that have been sent and not been answered. */
  #underWay = 0;
  #rounds = 0;
  /** Among those who wait: where the next turn of asking begins. */
  #askedFor = 0;
  #isStopped = false;
  /** Set by whoever sees consumers of the Go client in the group: they can take entries without looking at presence. */
  hasForeignConsumers = false;

  constructor(kernel: Kernel, lease: Lease, ownerships: Ownerships, giver: Giver) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#giver = giver;
  }

  /** @param onError gets what no outage explains */
  start(onError: (error: unknown) => void): void {
    this.#onError = onError;
    this.#isStopped = false;
    this.#round = [];
    // The turn that failed had timed the next one already: without this, every restart would add a wheel.
    this.#kernel.clock.clearTimeout(this.#timer);
    this.#schedule(this.#roundMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#kernel.clock.clearTimeout(this.#timer);
  }

  get #roundMs(): number {
    return this.#kernel.settings.heartbeatMs / 2;
  }

  #schedule(delayMs: number): void {
    const onError = this.#onError;
    this.#timer = this.#kernel.clock.setTimeout(() => {
      this.#turn().catch((error: unknown) => {
        if (isPassing(error) || onError !== this.#onError) return;
        // It has timed the next turn already, and may never be started again.
        this.stop();
        onError(error);
      });
    }, delayMs);
  }

  /** One wave; the first of a round lays the round out. */
  async #turn(): Promise<void> {
    if (this.#underWay >= MOST_UNDER_WAY) {
      if (!this.#isStopped) this.#schedule(this.#step);
      return;
    }
    if (this.#round.length === 0) this.#layOut();
    const wave = this.#round.splice(-WAVE);
    const rest = this.#round.length;
    // Timed before the work, so that a slow answer does not stretch the round past a heartbeat.
    if (!this.#isStopped) this.#schedule(rest === 0 ? this.#remainder() : this.#step);
    this.#underWay += 1;
    try {
      await Promise.all(wave.map((chunk) => this.#extend(chunk)));
    } finally {
      this.#underWay -= 1;
    }
    if (rest === 0 && this.#rounds % 2 === 0) await this.#askForNames();
  }

  #step = 0;
  #roundEndsAt = 0;

  #layOut(): void {
    this.#rounds += 1;
    this.#roundEndsAt = this.#kernel.clock.monotonic() + this.#roundMs;
    if (this.hasForeignConsumers && this.#rounds % VERIFY_EVERY === 0)
      this.#lease.verify('foreign consumers');
    const chunks: (readonly Ownership[])[] = [];
    if (this.#kernel.settings.lockKeys) {
      for (const chunk of textBatches([...this.#ownerships], CHUNK, lengthOfLock)) chunks.push(chunk);
    }
    this.#round = chunks;
    this.#step = this.#roundMs / Math.max(1, Math.ceil(chunks.length / WAVE));
  }

  #remainder(): number {
    return Math.max(1, this.#roundEndsAt - this.#kernel.clock.monotonic());
  }

  async #extend(chunk: readonly Ownership[]): Promise<void> {
    const { locks, seam, commands } = this.#kernel;
    if (!commands.isUp) return;
    const live = chunk.filter(({ hasEnded }) => !hasEnded);
    if (live.length === 0) return;
    const count = live.length;
    let failures: ExtendFailure[];
    try {
      failures = await locks.extend(live.map(({ lockKey }) => lockKey));
    } catch (error) {
      seam.emit('locksExtended', { count, failed: count, foreign: 0, error: factOf(error).code });
      throw error;
    }
    const foreign = failures.filter(({ reason }) => reason === 'foreign').length;
    seam.emit('locksExtended', { count, failed: failures.length, foreign, error: null });
    // Whoever is just being acquired or finished has a lock that comes or goes by itself.
    const odd = failures.filter(({ index }) => live[index]?.isAtRest && live[index]?.state !== 'contended');
    if (odd.length > 0) this.#lease.verify('locks missing');
  }

  /** In turn, so that those who wait for long do not keep the others from being asked for. */
  #nextWaiting(): readonly Ownership[] {
    const all = [...this.#ownerships.waiting];
    const from = this.#askedFor < all.length ? this.#askedFor : 0;
    this.#askedFor = batchEnd(all, from, CHUNK, lengthOfLock);
    return all.slice(from, this.#askedFor);
  }

  async #askForNames(): Promise<void> {
    const { locks, logger, commands } = this.#kernel;
    const waiting = this.#nextWaiting();
    if (waiting.length === 0 || !commands.isUp || !this.#lease.isConfirmed) return;
    // An entry whose own lock somebody else holds waits for that first.
    const held = await locks.take(waiting.map(({ lockKey }) => lockKey));
    const asking = waiting.filter((ownership, index) => held[index] && ownership.state === 'contended');
    try {
      await this.#giver.giveBack('waiting', asking);
    } catch (error) {
      logger.debug({ error: messageOf(error) }, 'asking for names failed; asked again');
    }
  }
}
