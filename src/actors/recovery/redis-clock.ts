/**
 * Notices that the clock of Redis was set. Presence runs out by that clock: set forward, everyone looks dead at once; set back, the dead look
 * alive for as long as it was set back.
 *
 * It is compared with the monotonic clock of this process, which nobody sets. Redis read its clock at some time between question and answer, so
 * each reading bounds by how much the two differ; two that cannot both be true are a step. A process that stood still, or a machine that slept,
 * looks like a step forward as well, and rightly: it has missed as much.
 */
export interface ClockReading {
  /** On the monotonic clock, milliseconds. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** What Redis said, epoch milliseconds. */
  readonly redisMs: number;
}

export class RedisClock {
  readonly #toleranceMs: number;
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  /** @param toleranceMs smaller steps are none: clocks that are kept in step creep */
  constructor(toleranceMs: number) {
    this.#toleranceMs = toleranceMs;
  }

  /** By how much it was set since the reading before, in milliseconds; negative: back; 0: it was not, as far as can be told. */
  stepOf({ askedAt, answeredAt, redisMs }: ClockReading): number {
    const least = redisMs - answeredAt;
    const most = redisMs - askedAt;
    const forward = least - this.#most;
    const back = this.#least - most;
    this.#least = least;
    this.#most = most;
    if (forward > this.#toleranceMs) return forward;
    return back > this.#toleranceMs ? -back : 0;
  }

  /** Another server has another clock. */
  forget(): void {
    this.#least = Number.NEGATIVE_INFINITY;
    this.#most = Number.POSITIVE_INFINITY;
  }
}
