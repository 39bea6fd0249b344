/**
 * What this process may take of the streams that wait, beside the others of its fleet. The last round of balancing says what all have; how large its part is just now,
 * the script `take` says (`redis/taking.ts`).
 *
 * Whoever has the least for its weight waits for entries in a parked read, and so is served first; among equals, whoever came first. Whoever has more does not wait
 * there: with each heartbeat it asks for its part. Without a round everyone waits.
 *
 *   1. A, B and C own 0. 9,000 streams are announced at once.   2. A round finds A with 2,000 and C with 300, as A's heartbeat was later.
 *   If A went by that, it would wait no more, and C would be alone. So each compares the least that it has said in its last two heartbeats: 0.
 *
 *   1. A, B own 100 and C owns none. 300 streams are announced, one at a time.   2. Each is given to C, who waits alone, until the next round.
 *   So whoever gets more than its share was by the last round asks what it is now, and waits no more when it has more.
 */
import type { Round } from '../../redis/fleet.js';
import type { Taken, TakeRequest } from '../../redis/taking.js';
import type { Kernel } from '../kernel.js';

/** So many streams more than the least, or its share, make no difference. */
const SLACK_STREAMS = 2;
/** Nor does this part of the load that all have when it is shared out. */
const SLACK_OF_LEVEL = 0.02;

/** What this process has said of itself with a heartbeat. */
interface Said {
  readonly load: number;
  readonly owned: number;
}

const NOTHING: Said = { load: 0, owned: 0 };

export class FairShare {
  readonly #kernel: Kernel;
  readonly #figure: () => number | null;
  readonly #owned: () => number;
  /** With the last heartbeats, the newest first. */
  #said: readonly [Said, Said] = [NOTHING, NOTHING];
  #round: Round | undefined;
  /** What is compared with the least of all: what it said by the time of the round. */
  #saidAtRound = 0;
  /** Up to this load it waits without asking whether it has its share. */
  #limit = 0;
  /** It has more than its share, as it was told. */
  #isAbove = false;
  #delivered: { readonly id: string; readonly sinceMs: number } | undefined;

  /**
   * @param figure what it says of its load; null: streams are counted
   * @param owned how many streams this process has, those included that are being acquired
   */
  constructor(kernel: Kernel, figure: () => number | null, owned: () => number) {
    this.#kernel = kernel;
    this.#figure = figure;
    this.#owned = owned;
  }

  /** A heartbeat has been answered, and has brought what the last round found. */
  beat(): void {
    const [last, before] = this.#said;
    const owned = this.#owned();
    this.#said = [{ owned, load: this.#figure() ?? owned }, last];
    const { round, dueInMs } = this.#kernel.lease.roundHeard();
    // One that is over for long: nobody makes rounds any more.
    const isMade = round !== undefined && round.weight > 0 && dueInMs > -this.#kernel.settings.heartbeatMs;
    const isAnother = round?.number !== this.#round?.number;
    this.#round = isMade ? round : undefined;
    if (this.#round === undefined || !isAnother) return;
    this.#saidAtRound = Math.min(last.load, before.load);
    this.#limit = this.#round.level * this.#kernel.settings.weight + this.#slack(this.#round);
    this.#isAbove = false;
  }

  /** Whether this process may wait in a parked read. @param mayLook whether those that do not wait can tell that nobody takes what there is */
  mayPark(mayLook: boolean): boolean {
    const round = this.#round;
    if (round === undefined || !mayLook) return true;
    const { weight } = this.#kernel.settings;
    return !this.#isAbove && this.#saidAtRound / weight <= round.lowest + this.#slack(round) / weight;
  }

  /** Whether it has to ask for its part before it waits: it has got more than its share was. */
  get isToAsk(): boolean {
    return this.#round !== undefined && this.#load > this.#limit;
  }

  request(wanted: number, arrived: number): TakeRequest {
    const { clock, settings } = this.#kernel;
    const [{ load, owned }] = this.#said;
    const patienceMs = settings.heartbeatMs / 4;
    const seen = this.#delivered;
    return {
      wanted,
      weight: settings.weight,
      load,
      gained: this.#owned() + arrived - owned,
      patienceMs,
      deliveredThen:
        seen !== undefined && clock.monotonic() - seen.sinceMs >= patienceMs ? seen.id : undefined,
    };
  }

  /** What came of a request. Its entries are not among what this process has yet. */
  taken({ part, delivered, entries }: Taken): void {
    if (delivered !== undefined && delivered !== this.#delivered?.id)
      this.#delivered = { id: delivered, sinceMs: this.#kernel.clock.monotonic() };
    const round = this.#round;
    if (round === undefined) return;
    const slack = this.#slack(round);
    const gained = entries.length * round.perStream;
    this.#isAbove = part !== undefined && part * round.perStream - gained < -slack;
    this.#limit = Math.max(this.#limit, this.#load + gained + slack);
  }

  /** What it has now, in the measure that the fleet goes by. */
  get #load(): number {
    const [{ load, owned }] = this.#said;
    return load + (this.#owned() - owned) * (this.#round?.perStream ?? 1);
  }

  /** Of its own load. */
  #slack({ perStream, level }: Round): number {
    return Math.max(SLACK_STREAMS * perStream, SLACK_OF_LEVEL * level * this.#kernel.settings.weight);
  }
}
