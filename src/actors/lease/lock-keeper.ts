/**
 * Prolongs lock keys, some chunks of them at a time, and asks whether the names that entries wait for have become free. Runs the lock keeper machine, which
 * says when.
 */
import { type Actor, fromPromise } from 'xstate';
import { messageOf } from '../../core/errors.js';
import { factOf } from '../../machines/facts.js';
import { lockKeeperMachine, MOST_NAMED } from '../../machines/lock-keeper.machine.js';
import type { OddLock } from '../../machines/standing.js';
import { isPassing } from '../../redis/reply-errors.js';
import { batchEnd, lengthOfLock, textBatches } from '../../redis/text-batches.js';
import type { Giver } from '../endings/giver.js';
import { startActor } from '../host.js';
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

type Chunk = readonly Ownership[];
type Odd = readonly (readonly [id: string, what: OddLock])[];

/** What an event says of them: the first so many, somebody else's before those that are only missing. */
function named(odd: Odd): Record<string, OddLock> {
  const foreign = odd.filter(([, what]) => what === 'foreign');
  const missing = odd.filter(([, what]) => what === 'missing');
  return Object.fromEntries([...foreign, ...missing].slice(0, MOST_NAMED));
}

export class LockKeeper {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #giver: Giver;
  readonly #machine;
  #actor: Actor<typeof lockKeeperMachine> | undefined;
  /** Of the round under way, those that have not been sent. */
  #chunks: Chunk[] = [];
  #roundEndsAt = 0;
  /** Among those who wait: where the next turn of asking begins. */
  #askedFor = 0;
  #hasForeignConsumers = false;

  constructor(kernel: Kernel, lease: Lease, ownerships: Ownerships, giver: Giver) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#giver = giver;
    this.#machine = lockKeeperMachine.provide({
      actors: { ask: fromPromise<number>(() => this.#ask()) },
      actions: {
        layOut: () => this.#layOut(),
        extend: () => this.#sendWave(),
        verify: (_, { why }) => lease.verify(why),
        report: (_, { error }) => {
          if (!isPassing(error)) throw error;
        },
      },
    });
  }

  /** @param onError gets what no outage explains */
  start(onError: (error: unknown) => void): { stop(): void } {
    const { heartbeatMs, lockKeys } = this.#kernel.settings;
    const actor = startActor(this.#kernel, this.#machine, {
      path: 'consumer/lockKeeper',
      input: { heartbeatMs, hasLocks: lockKeys, hasForeignConsumers: this.#hasForeignConsumers },
      onError,
    });
    this.#actor = actor;
    return { stop: () => actor.stop() };
  }

  /** Whether consumers of the Go client are in the group: they can take entries without looking at presence. */
  set hasForeignConsumers(present: boolean) {
    if (present === this.#hasForeignConsumers) return;
    this.#hasForeignConsumers = present;
    this.#actor?.send({ type: 'foreignConsumers.seen', present });
  }

  /** A verification has taken the locks of all that is held, but for these: somebody else has them. */
  taken(foreign: readonly string[]): void {
    const isEven = this.#actor?.getSnapshot().matches({ locks: 'held' }) ?? true;
    if (isEven && foreign.length === 0) return;
    this.#actor?.send({ type: 'locks.taken', odd: named(foreign.map((id) => [id, 'foreign'])) });
  }

  #layOut(): void {
    const roundMs = this.#kernel.settings.heartbeatMs / 2;
    this.#roundEndsAt = this.#kernel.clock.monotonic() + roundMs;
    const held = this.#kernel.settings.lockKeys ? [...this.#ownerships] : [];
    this.#chunks = [...textBatches(held, CHUNK, lengthOfLock)];
    const waves = Math.ceil(this.#chunks.length / WAVE);
    this.#actor?.send({
      type: 'round.begun',
      count: held.length,
      waves,
      stepMs: roundMs / Math.max(1, waves),
      waiting: waves === 0 ? this.#ownerships.waiting.size : 0,
    });
  }

  #sendWave(): void {
    const wave = this.#chunks.splice(-WAVE);
    const isLast = this.#chunks.length === 0;
    const restMs = Math.max(1, this.#roundEndsAt - this.#kernel.clock.monotonic());
    // Timed before the work, so that a slow answer does not stretch the round past a heartbeat.
    this.#actor?.send({ type: 'wave.sent', restMs });
    void this.#extendAll(wave, isLast);
  }

  async #extendAll(wave: readonly Chunk[], isLast: boolean): Promise<void> {
    const actor = this.#actor;
    const answers = await Promise.allSettled(wave.map((chunk) => this.#extend(chunk)));
    const odd = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failures = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    );
    const isAnswered = failures.length === 0;
    const waiting = isLast && isAnswered ? this.#ownerships.waiting.size : 0;
    actor?.send({ type: 'wave.answered', odd: named(odd), isLast: isLast && isAnswered, waiting });
    const error = failures.find((failure) => !isPassing(failure)) ?? failures[0];
    if (!isAnswered) actor?.send({ type: 'wave.failed', error });
  }

  async #extend(chunk: Chunk): Promise<Odd> {
    const { locks, seam, commands } = this.#kernel;
    if (!commands.isUp) return [];
    const live = chunk.filter(({ hasEnded }) => !hasEnded);
    if (live.length === 0) return [];
    const count = live.length;
    try {
      const failures = await locks.extend(live.map(({ lockKey }) => lockKey));
      const foreign = failures.filter(({ reason }) => reason === 'foreign').length;
      seam.emit('locksExtended', { count, failed: failures.length, foreign, error: null });
      return failures.flatMap(({ index, reason }) => {
        const ownership = live[index];
        // Whoever is just being acquired or finished has a lock that comes or goes by itself.
        return ownership?.isAtRest && ownership.state !== 'contended'
          ? [[ownership.id, reason] as const]
          : [];
      });
    } catch (error) {
      seam.emit('locksExtended', { count, failed: count, foreign: 0, error: factOf(error).code });
      throw error;
    }
  }

  /** In turn, so that those who wait for long do not keep the others from being asked for. */
  #nextWaiting(): readonly Ownership[] {
    const all = [...this.#ownerships.waiting];
    const from = this.#askedFor < all.length ? this.#askedFor : 0;
    this.#askedFor = batchEnd(all, from, CHUNK, lengthOfLock);
    return all.slice(from, this.#askedFor);
  }

  /** Resolves with how many of those that wait were given back: their names were free. */
  async #ask(): Promise<number> {
    const { locks, logger, commands } = this.#kernel;
    const waiting = this.#nextWaiting();
    if (waiting.length === 0 || !commands.isUp || !this.#lease.isConfirmed) return 0;
    // An entry whose own lock somebody else holds waits for that first.
    const held = await locks.take(waiting.map(({ lockKey }) => lockKey));
    const asking = waiting.filter((ownership, index) => held[index] && ownership.state === 'contended');
    try {
      await this.#giver.giveBack('waiting', asking);
    } catch (error) {
      logger.debug({ error: messageOf(error) }, 'asking for names failed; asked again');
    }
    return asking.filter(({ hasEnded }) => hasEnded).length;
  }
}
