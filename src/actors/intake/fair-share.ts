/**
 * What this process may take of the streams that wait, beside the others of its fleet. The last round of balancing says what all have; how large its part is just now,
 * the script `take` says (`redis/taking.ts`).
 *
 * Whoever has the least for its weight, or less than three quarters of its share, waits for entries in a parked read, and so is served first; among these, whoever came first. Whoever has
 * more does not wait there: where a heartbeat says that more has come, it asks for its part. Without a round everyone waits.
 *
 *   1. A, B and C own 0. 9,000 streams are announced at once.   2. A round finds A with 2,000 and C with 300, as A's heartbeat was later.
 *   If A went by that, it would wait no more, and C would be alone. So each compares the least that it has said in its last two heartbeats: 0.
 *
 *   1. A, B own 100 and C owns none. 300 streams are announced, one at a time.   2. Each is given to C, who waits alone, until the next round.
 *   So whoever gets more than its share was asks what it is now, and waits no more when it has more.
 *
 *   1. A has 16 streams by the round, and B has 3. Those of A end within milliseconds, and more come all the time.
 *   So what A has now counts as well: it waits again as soon as it has less than three quarters of its share.
 */
import type { Round } from '../../redis/fleet.js';
import type { Taken, TakeRequest } from '../../redis/taking.js';
import type { Kernel } from '../kernel.js';

/** So many streams more than the least, or its share, make no difference. */
const SLACK_STREAMS = 2;
/** Nor does this part of the load that all have when it is shared out. */
const SLACK_OF_LEVEL = 0.02;
/** Who has less than this part of its share waits beside the one who has least: its streams may end as quickly as they come. */
const BUSY_PART = 0.75;
/** What floating-point sums are off by, in streams. */
const TINY = 1e-6;

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
  /** Its load, if it had its share: by the round, or as it was told since. */
  #fair = 0;
  /** It waits only for as long as it has no more than that. Else it asks anew what its share is, when it has got more. */
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
    this.#fair = this.#round.level * this.#kernel.settings.weight;
    this.#isAbove = Math.min(last.load, before.load) > this.#least(this.#round) + this.#slack(this.#round);
  }

  /** Whether this process may wait in a parked read. @param mayLook whether those that do not wait can tell that nobody takes what there is */
  mayPark(mayLook: boolean): boolean {
    return !mayLook || !this.#isAbove || !this.#hasMoreThan(BUSY_PART);
  }

  /** Whether it has to ask for its part before it waits: it has got more than its share was. */
  get isToAsk(): boolean {
    return !this.#isAbove && this.#hasMoreThan(1);
  }

  /** Up to where everything had been given out when it looked last; '': it has not looked. */
  get givenOut(): string {
    return this.#delivered?.id ?? '';
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

  /** What came of a request. Neither its entries nor what had arrived before are among what this process has yet. */
  taken({ part, delivered, entries }: Taken, arrived: number): void {
    if (delivered !== undefined && delivered !== this.#delivered?.id)
      this.#delivered = { id: delivered, sinceMs: this.#kernel.clock.monotonic() };
    const round = this.#round;
    if (round === undefined) return;
    const { perStream } = round;
    // Redis knows of no round any more: as much as it has is right.
    const lacks = part ?? entries.length;
    this.#fair = this.#load + (arrived + lacks) * perStream;
    if ((lacks - entries.length) * perStream < -this.#slack(round)) this.#isAbove = true;
  }

  /** It has more than this part of its share, and more than the one who has least. */
  #hasMoreThan(part: number): boolean {
    const round = this.#round;
    if (round === undefined) return false;
    const most = Math.max(part * this.#fair, this.#least(round)) + this.#slack(round);
    return this.#load > most + TINY * round.perStream;
  }

  /** The load of the one who has least, as if it had this one's weight. */
  #least({ lowest }: Round): number {
    return lowest * this.#kernel.settings.weight;
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
