/**
 * The actors that have ended, kept also while nobody watches: what a page that opens after a loss has to show. How each stood last is kept as the actor left it,
 * and becomes a row only when somebody looks.
 */
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { LiveActor, Seam } from '../core/seam.js';
import type { StateValue } from '../replay/format.js';
import type { Standing } from '../replay/tap.js';
import type { Notification } from '../runtime/notifications.js';
import { labelOf } from './actor-label.js';
import { parentOf } from './actor-path.js';
import { ownershipPath } from './lock-of.js';
import type { ActorRow, Ended, ThrownBefore } from './protocol.js';

const MOST_KEPT = 1000;
/** Of a stack: more is below what anybody reads. */
const MOST_STACK = 4000;

interface Kept extends Pick<LiveActor, 'path' | 'machine'> {
  readonly at: number;
  readonly standing: Standing;
  /** What its handler threw last. */
  readonly thrown: unknown;
}

export class EndedActors {
  readonly #clock: Clock;
  readonly #leave: readonly (() => void)[];
  /** The latest, oldest first; trimmed half at a time. */
  #kept: Kept[] = [];
  /** Of those the last one of each path. */
  #last = new Map<string, Kept>();
  /** By the path of an ownership that lives: what its handler threw last. */
  readonly #thrown = new Map<string, unknown>();

  constructor(seam: Seam, clock: Clock) {
    this.#clock = clock;
    this.#leave = [
      seam.on('actorEnded', (actor) => this.#ended(actor)),
      seam.on('notification', (notification) => this.#told(notification as Notification)),
    ];
  }

  /** Oldest first. */
  rows(): ActorRow[] {
    return this.#kept.slice(-MOST_KEPT).map((kept) => {
      const { path, machine, standing } = kept;
      return {
        path,
        parent: parentOf(path),
        machine,
        label: labelOf(kept, standing),
        lock: null,
        state: (standing.value ?? {}) as StateValue,
        status: statusOf(standing),
        restarts: null,
        since: null,
        events: 0,
        last: null,
        ended: endedOf(kept),
      };
    });
  }

  /** How the last one of this path ended; null: that is not known any more. */
  ended(path: string): Ended | null {
    const kept = this.#last.get(path);
    return kept === undefined ? null : endedOf(kept);
  }

  /** What a handler of that data stream threw last, under another entry. */
  thrownBefore(name: string, id: string): ThrownBefore | null {
    const path = ownershipPath(id);
    const kept = this.#kept.findLast(
      (one) => one.thrown !== undefined && one.path !== path && labelOf(one, one.standing) === name,
    );
    if (kept === undefined) return null;
    const thrown = endedOf(kept).thrown ?? '';
    return { id: kept.path.slice(ownershipPath('').length), at: kept.at, thrown };
  }

  close(): void {
    for (const leave of this.#leave) leave();
    this.#kept = [];
    this.#last.clear();
    this.#thrown.clear();
  }

  #ended({ path, machine, actor }: LiveActor): void {
    const thrown = this.#thrown.get(path);
    if (thrown !== undefined) this.#thrown.delete(path);
    const standing = actor.getSnapshot() as Standing;
    const kept = { path, machine, at: this.#clock.now(), standing, thrown };
    this.#kept.push(kept);
    this.#last.set(path, kept);
    if (this.#kept.length < 2 * MOST_KEPT) return;
    this.#kept = this.#kept.slice(-MOST_KEPT);
    this.#last = new Map(this.#kept.map((one) => [one.path, one]));
  }

  #told(notification: Notification): void {
    if (notification.type === 'StreamFailed')
      this.#thrown.set(ownershipPath(notification.id), notification.error);
  }
}

function statusOf({ status }: Standing): ActorRow['status'] {
  return status === 'done' || status === 'error' ? status : 'stopped';
}

function endedOf({ at, standing, thrown }: Kept): Ended {
  const { reason } = (standing.context ?? {}) as { reason?: unknown };
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  return {
    at,
    reason: typeof reason === 'string' ? reason : null,
    thrown: thrown === undefined ? null : redact(stack).slice(0, MOST_STACK),
  };
}
