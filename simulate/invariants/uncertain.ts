/**
 * C-UNC-1: a deadline that has passed is told of within the loop delay. C-UNC-6: one that has passed while the machine slept, within half a
 * heartbeat of its waking. No event announces that something did not happen in time, so it is looked for. C-UNC-7: what was told as uncertain is not certain again before that has been told.
 */
import type { Notification } from '../../src/index.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** Loop delay, timers' grain and the tail of a message: what it may take, in milliseconds. */
const NOTICED_MS = 30;
/** Beyond the half heartbeat after which the wall clock is asked, in milliseconds: a command may have to be given up first. */
const AWAKE_MS = 200;

/** A machine that sleeps, or has woken. */
interface Sleep {
  /** Milliseconds of the world. */
  readonly wakesAt: number;
  /** Entries that are uncertain by its wall clock when it wakes, and of which it has not told since. */
  readonly untold: Set<string>;
}

export class UncertainWatch {
  readonly #fleet: Stage;
  readonly #lookEveryMs: number;
  /** Until when each process was not itself. */
  readonly #stillUntil = new Map<Member, number>();
  readonly #sleeps = new Map<Member, Sleep>();
  /** Whether a handler has thrown for an entry: C-UNC-3, it is not told of. */
  readonly #hasThrown: (consumer: string, id: string) => boolean;

  constructor(fleet: Stage, lookEveryMs: number, hasThrown: (consumer: string, id: string) => boolean) {
    this.#fleet = fleet;
    this.#lookEveryMs = lookEveryMs;
    this.#hasThrown = hasThrown;
  }

  /** Its clocks are not to be gone by for so long, from now on. */
  unsettle(member: Member, ms: number): void {
    this.#sleeps.delete(member);
    this.#notItself(member, ms);
  }

  /** Its machine is about to sleep for so long. */
  sleeps(member: Member, ms: number): void {
    const { consumer, process, runtime, state } = member;
    const { now, told, shape } = this.#fleet;
    // One that stands still already wakes when something else says.
    const isStill = process.isStill || state !== 'running';
    // A lease of before may end after the waking, and the clock that its deadline goes by has stood still.
    this.unsettle(member, Math.max(ms, shape.heartbeatMs) + shape.heartbeatMs / 2 + AWAKE_MS);
    if (isStill) return;
    const wakesAtWall = process.wallNow + ms;
    const untold = new Set<string>();
    for (const { id, validUntil } of runtime.ownedStreams()) {
      const isOver = validUntil > 0 && wakesAtWall - validUntil >= NOTICED_MS;
      if (isOver && this.#isToBeTold(consumer, id) && !told.isUncertain(consumer, id)) untold.add(id);
    }
    this.#sleeps.set(member, { wakesAt: now + ms, untold });
  }

  told(member: Member, notification: Notification): void {
    if (notification.type === 'StreamUncertain' || notification.type === 'StreamDisowned')
      this.#sleeps.get(member)?.untold.delete(notification.id);
  }

  look(): void {
    const { now, members } = this.#fleet;
    for (const member of members) {
      this.#lookAtSleep(member);
      if (!member.isAlive || member.process.isStill) this.#notItself(member, 0);
      else if (
        member.state === 'running' &&
        now - (this.#stillUntil.get(member) ?? 0) >= NOTICED_MS + this.#lookEveryMs
      )
        this.#lookAt(member);
    }
  }

  #notItself(member: Member, ms: number): void {
    this.#stillUntil.set(member, Math.max(this.#stillUntil.get(member) ?? 0, this.#fleet.now + ms));
  }

  #isToBeTold(consumer: string, id: string): boolean {
    return this.#fleet.told.isWorkedOn(consumer, id) && !this.#hasThrown(consumer, id);
  }

  #lookAtSleep(member: Member): void {
    const sleep = this.#sleeps.get(member);
    if (sleep === undefined) return;
    const { now, shape, ledger, violations } = this.#fleet;
    const { consumer, process, runtime, state } = member;
    const awakeMs = now - sleep.wakesAt;
    // What stands still once more tells nothing.
    if (state !== 'running' || (awakeMs > 0 && process.isStill)) this.#sleeps.delete(member);
    if (awakeMs <= 0) return;
    // What its handler has finished meanwhile is on its way out: nobody works on it. Where Redis refuses that, since it was ensured, it is
    // told of as C-UNC-1 says.
    const owned = new Set([...runtime.ownedStreams()].map(({ id }) => id));
    for (const id of sleep.untold) if (!owned.has(id)) sleep.untold.delete(id);
    if (awakeMs < shape.heartbeatMs / 2 + AWAKE_MS || !this.#sleeps.delete(member)) return;
    for (const id of sleep.untold) {
      if (!this.#isToBeTold(consumer, id)) continue;
      violations.add(
        'C-UNC-6',
        `${consumer} was not told that ${ledger.lives.get(id)?.name} ${id} is uncertain, ${awakeMs.toFixed(0)} ms after its machine woke`,
      );
    }
  }

  #lookAt({ consumer, process, runtime }: Member): void {
    const { shape, told, violations } = this.#fleet;
    for (const { name, id, validUntil } of runtime.ownedStreams()) {
      const overdueMs = process.wallNow - validUntil;
      // C-UNC-5: what its signal was aborted for is told of no more.
      if (
        shape.onUncertain === 'continue' &&
        overdueMs < 0 &&
        told.isUncertain(consumer, id) &&
        this.#isToBeTold(consumer, id)
      )
        violations.add(
          'C-UNC-7',
          `${name} ${id} is uncertain to ${consumer}, and yet certain for ${-overdueMs} ms`,
        );
      if (validUntil === 0 || overdueMs < NOTICED_MS) continue;
      if (told.isUncertain(consumer, id) || !this.#isToBeTold(consumer, id)) continue;
      told.assumeUncertain(consumer, id);
      violations.add(
        'C-UNC-1',
        `${consumer} was not told that ${name} ${id} is uncertain, ${overdueMs.toFixed(0)} ms after its validUntil`,
      );
    }
  }
}
