/** C-UNC-1: a deadline that has passed is told of within the loop delay. No event announces that something did not happen in time, so it is looked for. */
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

/** Loop delay, timers' grain and the tail of a message: what it may take, in milliseconds. */
const NOTICED_MS = 30;

export class UncertainWatch {
  readonly #fleet: Stage;
  readonly #lookEveryMs: number;
  /** Until when each process was not itself. */
  readonly #stillUntil = new Map<Member, number>();
  /** Whether a handler has thrown for an entry: C-UNC-3, it is not told of. */
  readonly #hasThrown: (consumer: string, id: string) => boolean;

  constructor(fleet: Stage, lookEveryMs: number, hasThrown: (consumer: string, id: string) => boolean) {
    this.#fleet = fleet;
    this.#lookEveryMs = lookEveryMs;
    this.#hasThrown = hasThrown;
  }

  /** Its clocks are not to be gone by for so long, from now on. */
  unsettle(member: Member, ms: number): void {
    this.#stillUntil.set(member, Math.max(this.#stillUntil.get(member) ?? 0, this.#fleet.now + ms));
  }

  look(): void {
    const { now, members } = this.#fleet;
    for (const member of members) {
      if (!member.isAlive || member.process.isStill) this.unsettle(member, 0);
      else if (
        member.state === 'running' &&
        now - (this.#stillUntil.get(member) ?? 0) >= NOTICED_MS + this.#lookEveryMs
      )
        this.#lookAt(member);
    }
  }

  #lookAt({ consumer, process, runtime }: Member): void {
    const { told, violations } = this.#fleet;
    for (const { name, id, validUntil } of runtime.ownedStreams()) {
      const overdueMs = process.wallNow - validUntil;
      if (validUntil === 0 || overdueMs < NOTICED_MS || this.#hasThrown(consumer, id)) continue;
      if (told.isUncertain(consumer, id) || !told.isWorkedOn(consumer, id)) continue;
      told.assumeUncertain(consumer, id);
      violations.add(
        'C-UNC-1',
        `${consumer} was not told that ${name} ${id} is uncertain, ${overdueMs.toFixed(0)} ms after its validUntil`,
      );
    }
  }
}
