/**
 * Notices that something else is pending for us than what we know of, although nothing has told us: no connection was lost, no beat
 * missed. An entry can become pending for a consumer that never hears of it, and then everybody sees a living owner:
 *
 *   1. A's reading connection breaks on A's side only. Redis keeps its parked read.   2. A reads on a new one, and verifies: all well.
 *   3. Redis answers the old read with e. Nobody receives it; e is pending for A, whose presence stands.
 *
 * Or a tool claims an entry for A, or from it. So the number of entries pending for us, which every sweep asks for anyway, is compared
 * with what we know. Counting is cheap and says when to look; looking is for the verification.
 */
import type { Clock } from '../../core/clock.js';

/** What is known of the entries in our hands. */
export interface InHand {
  /** Entries with an ownership. */
  readonly size: number;
  /** How many ownerships have begun, and how many have ended, since the start. */
  readonly begun: number;
  readonly ended: number;
  /** Of the `count` ownerships that began first and have not ended, how many are surely pending for us: nothing of ours is on its way. */
  atRest(count: number): number;
  /** Entries that have been read and have no ownership yet, or will have none. */
  readonly unlisted: number;
  /** How many entries have been read, or adopted, since the start. */
  readonly received: number;
  /** Whether anything is being done about this entry. */
  knows(id: string): boolean;
}

/** How things were when a question was sent. */
export interface Look {
  readonly begun: number;
  readonly ended: number;
}

/** More was pending than could be explained. */
interface Suspicion {
  readonly excess: number;
  /** Entries received until then. */
  readonly received: number;
  readonly at: number;
}

export class PendingAudit {
  readonly #clock: Clock;
  readonly #inHand: InHand;
  /** Answers to reads that are under way arrive within this time, in milliseconds, or are lost. */
  readonly #arrivalMs: number;
  readonly #verify: (why: string) => void;
  #suspicion: Suspicion | undefined;

  constructor(clock: Clock, inHand: InHand, arrivalMs: number, verify: (why: string) => void) {
    this.#clock = clock;
    this.#inHand = inHand;
    this.#arrivalMs = arrivalMs;
    this.#verify = verify;
  }

  /** Just before the question how many entries are pending for us. */
  begin(): Look {
    const { begun, ended } = this.#inHand;
    return { begun, ended };
  }

  /** The answer to that question, when it arrives. */
  judge(look: Look, pending: number): void {
    this.#seeWhatIsMissing(look, pending);
    this.#seeWhatIsUnknown(look, pending);
  }

  /** These have been found pending for us, delivered long enough ago for every answer to have arrived. */
  found(ids: readonly string[]): void {
    if (ids.some((id) => !this.#inHand.knows(id))) this.#verify('an entry is pending unknown');
  }

  /** Whoever was in our hands before the question, and is at rest after the answer, was pending in between: or is lost. */
  #seeWhatIsMissing(look: Look, pending: number): void {
    const before = this.#inHand.size - (this.#inHand.begun - look.begun);
    if (pending >= before || pending >= this.#inHand.atRest(before)) return;
    this.#verify('fewer entries are pending than are held');
  }

  /**
   * More than was known at any time since the question: in an answer to a read that has not arrived yet, or unknown. It has not
   * arrived if it does not come: when fewer entries have been received since than were too many, one of those was unknown.
   */
  #seeWhatIsUnknown(look: Look, pending: number): void {
    const { size, ended, unlisted, received } = this.#inHand;
    const excess = pending - (size + unlisted + (ended - look.ended));
    const now = this.#clock.monotonic();
    const before = this.#suspicion;
    if (excess <= 0) {
      this.#suspicion = undefined;
    } else if (before === undefined) {
      this.#suspicion = { excess, received, at: now };
    } else if (now - before.at >= this.#arrivalMs) {
      const isUnknown = received - before.received < before.excess;
      this.#suspicion = isUnknown ? undefined : { excess, received, at: now };
      if (isUnknown) this.#verify('more entries are pending than are known');
    }
  }
}
