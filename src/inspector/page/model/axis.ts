/** The time of a recording: where its lines stand on it, and how it goes on when it is played. */
import type { Line } from '../../../replay/format.js';

export interface Pace {
  /** Milliseconds of the recording for each one that passes. */
  readonly speed: number;
  /** Jumps over what would be waited for long. */
  readonly skipsQuiet: boolean;
}

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 100] as const;

/** Who watches waits no longer for the next line, in milliseconds. */
const LONGEST_WAIT_MS = 1_000;
/** So long after a line the jump begins, and so long before the next one it ends. */
const REST_MS = 300;

export interface Moment {
  /** Milliseconds, epoch. */
  readonly at: number;
  /** How many lines have been gone through then. */
  readonly position: number;
}

export class Axis {
  /** Never goes back: what was written later happened later, whatever the clock said. */
  readonly #times: Float64Array;

  constructor(lines: readonly Pick<Line, 'at'>[]) {
    this.#times = new Float64Array(lines.length);
    let latest = Number.NEGATIVE_INFINITY;
    for (const [place, { at }] of lines.entries()) {
      // A line of somebody else's may say anything.
      if (Number.isFinite(at)) latest = Math.max(latest, at);
      this.#times[place] = latest;
    }
  }

  get start(): number {
    return this.#finite(this.#times[0]);
  }

  get end(): number {
    return this.#finite(this.#times.at(-1));
  }

  get lasts(): number {
    return this.end - this.start;
  }

  /** When the last of so many lines was written. */
  timeAt(position: number): number {
    return position === 0
      ? this.start
      : this.#finite(this.#times[Math.min(position, this.#times.length) - 1]);
  }

  /** How many lines had been written by then. */
  positionAt(at: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** From 0 at the beginning to 1 at the end. Where no time passes, lines stand at equal distances. */
  fractionAt(at: number): number {
    return this.lasts === 0 ? 1 : Math.min(1, Math.max(0, (at - this.start) / this.lasts));
  }

  momentAt(fraction: number): Moment {
    const at = this.start + Math.min(1, Math.max(0, fraction)) * this.lasts;
    return { at, position: this.positionAt(at) };
  }

  /** Where it is after so many milliseconds of playing. */
  advance({ at, position }: Moment, elapsedMs: number, { speed, skipsQuiet }: Pace): Moment {
    const next = this.#times[position];
    if (next === undefined) return { at: this.end, position };
    const rest = REST_MS * speed;
    const isQuiet = skipsQuiet && next - at > LONGEST_WAIT_MS * speed;
    const hasRested = at - this.timeAt(position) >= rest;
    const then = (isQuiet && hasRested ? next - rest : at) + elapsedMs * speed;
    return { at: Math.min(then, this.end), position: Math.max(position, this.positionAt(then)) };
  }

  #finite(time: number | undefined): number {
    return time === undefined || !Number.isFinite(time) ? 0 : time;
  }
}
