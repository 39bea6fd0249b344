/**
 * How far the streams of this process are behind. Who waits for entries at the end of a stream is not, and that is known without asking. The others are asked for
 * what XINFO STREAM says, which costs the same however long a stream is: in pipelines on the connection that entries come by, one at a time for each server.
 */
import type { Timer } from '../../core/clock.js';
import { timeOfEntryId } from '../../core/entry-id.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { LookAnswer } from '../../redis/data-facts.js';
import { type Lag, NO_LAG, type Standing } from '../../redis/lag.js';
import { LagCount } from '../../redis/lag-count.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { EntrySizes } from './entry-sizes.js';
import type { Follower, ProcessLag } from './lag.js';

/** Between two looks at who is behind, in milliseconds. */
export const LAG_EVERY_MS = 1000;
/** The same stream is asked about no more often, in milliseconds. */
const SELDOM_MS = 3000;
/** So many are asked about at a time, each second. */
const MOST_ASKED = 300;
/** About so many bytes an answer may have: it brings the first and the last entry of each stream. */
const MOST_BYTES = 262_144;
/** After a refusal: a right may be granted meanwhile. In milliseconds. */
const REFUSED_MS = 60_000;
/** A stream that is behind counts for one more stream for each of these that its oldest entry has waited, in milliseconds; */
const STREAM_MORE_MS = 10_000;
/** but for no more than so many more: one that is stuck shall not be taken for a hundred. */
const MOST_MORE = 3;
/** What was found out longer ago says nothing any more, as while a server does not answer. In milliseconds. */
const STALE_MS = 60_000;

export class LagWatch {
  readonly #kernel: Kernel;
  readonly #ownerships: Iterable<Ownership>;
  readonly #sizes: EntrySizes;
  /** Servers that have been asked and have not answered. */
  readonly #asked = new Set<string>();
  readonly #eachTime: () => void;
  #timer: Timer | undefined;
  #isRunning = false;
  #surplus = 0;
  #hasWarned = false;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #onError: (error: unknown) => void = () => {};
  /** Of all streams, as of the last look; undefined: nobody has read any entry. */
  total: ProcessLag | undefined;

  /** @param eachTime called with each look */
  constructor(
    kernel: Kernel,
    ownerships: Iterable<Ownership>,
    sizes: EntrySizes,
    eachTime: () => void = () => {},
  ) {
    this.#eachTime = eachTime;
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#sizes = sizes;
  }

  /** XINFO STREAM is not permitted, or was not when it was asked last. */
  get isRefused(): boolean {
    return this.#refusedAt !== Number.NEGATIVE_INFINITY;
  }

  /** From the first iterator on. */
  start(onError: (error: unknown) => void): void {
    this.#onError = onError;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#kernel.clock.clearTimeout(this.#timer);
  }

  /** What those that are behind count for more than their number, as of the last look. */
  get surplus(): number {
    return this.#surplus;
  }

  /** Null: it has no entries that a handler reads, or it is not known. */
  of({ walks }: Ownership): Lag | null {
    return walks === undefined || walks.followers.length === 0 ? null : lagOf(walks.followers, this.#now);
  }

  get #now(): number {
    return this.#kernel.clock.monotonic();
  }

  #schedule(): void {
    if (!this.#isRunning) return;
    this.#timer = this.#kernel.clock.setTimeout(() => {
      try {
        this.#look();
        this.#eachTime();
        this.#schedule();
      } catch (error) {
        this.#isRunning = false;
        this.#onError(error);
      }
    }, LAG_EVERY_MS);
  }

  /** All of them are walked over, which is cheap; who is at the end costs nothing more. */
  #look(): void {
    const now = this.#now;
    const behind: Follower[] = [];
    const sum = new Sum();
    for (const { walks } of this.#ownerships) {
      if (walks === undefined) continue;
      const { followers } = walks;
      if (followers.every((follower) => follower.isAtEnd(now))) continue;
      sum.add(lagOf(followers, now));
      for (const follower of followers) if (!follower.isAtEnd(now)) behind.push(follower);
    }
    this.total = sum.total;
    this.#surplus = sum.surplus;
    const everyMs = Math.max(SELDOM_MS, (behind.length / MOST_ASKED) * LAG_EVERY_MS);
    this.#ask(behind.filter(({ measure }) => measure === undefined || now - measure.askedAt >= everyMs));
  }

  /** As many as there is room for, of each server that has answered what it was asked before. */
  #ask(due: readonly Follower[]): void {
    if (this.#now - this.#refusedAt < REFUSED_MS) return;
    const most = Math.max(1, Math.min(MOST_ASKED, Math.floor(MOST_BYTES / (2 * this.#sizes.bytes))));
    const byPlace = new Map<string, Follower[]>();
    for (const follower of due) {
      const place = this.#kernel.dataStreams.placeOf(follower.key);
      const group = byPlace.get(place);
      if (group === undefined) byPlace.set(place, [follower]);
      else if (group.length < most) group.push(follower);
    }
    for (const [place, group] of byPlace) {
      if (this.#asked.has(place)) continue;
      this.#asked.add(place);
      this.#askOne(place, group).then(
        () => this.#asked.delete(place),
        (error: unknown) => {
          this.#asked.delete(place);
          // An outage is heard of elsewhere.
          if (!isStreamwardenError(error)) this.#onError(error);
        },
      );
    }
  }

  async #askOne(place: string, followers: readonly Follower[]): Promise<void> {
    const asked = followers.map((follower) => ({ follower, standing: follower.standing() }));
    const asks = asked.map(({ follower: { key }, standing: { nextId, position } }) => {
      return { key, after: nextId === null ? position : null };
    });
    const { redisMs, answers } = await this.#kernel.dataStreams.look(place, asks);
    asked.forEach(({ follower, standing }, at) => {
      const answer = answers[at] as LookAnswer | StreamwardenError;
      if (!(answer instanceof StreamwardenError)) this.#found(follower, standing, answer, redisMs);
      else if (isStreamwardenError(answer, 'PermissionDenied')) this.refused(answer);
    });
  }

  #found(follower: Follower, standing: Standing, { facts, nextId }: LookAnswer, redisMs: number): void {
    this.#refusedAt = Number.NEGATIVE_INFINITY;
    const counter = follower.measure?.counter ?? new LagCount();
    const { entries, isExact } = counter.count(standing, facts);
    const next = standing.nextId ?? nextId;
    const addedAt = next === null ? null : timeOfEntryId(next, redisMs);
    const ms = addedAt === null ? null : Math.max(0, Math.round(redisMs - addedAt));
    const lag = entries === 0 ? NO_LAG : { entries, isExact, ms };
    follower.measure = { counter, askedAt: this.#now, lag };
  }

  /** XINFO STREAM is not permitted. Said once; `isRefused` stands for as long as it is so. */
  refused(error: unknown): void {
    this.#refusedAt = this.#now;
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#kernel.logger.warn(
      { error: redact(messageOf(error)) },
      'entries that are removed before they are read go unheard of, and lag is unknown: XINFO STREAM is not permitted',
    );
  }
}

/** Of all streams. */
class Sum {
  #entries = 0;
  #isExact = true;
  #ms = 0;
  #behind = 0;
  #unknown = 0;
  #untimed = 0;
  surplus = 0;

  add(lag: Lag | null): void {
    if (lag === null) {
      this.#unknown += 1;
      return;
    }
    if (lag.entries === 0) return;
    this.#behind += 1;
    this.#entries += lag.entries;
    this.#isExact &&= lag.isExact;
    if (lag.ms === null) this.#untimed += 1;
    else this.#ms = Math.max(this.#ms, lag.ms);
    this.surplus += Math.min(MOST_MORE, (lag.ms ?? 0) / STREAM_MORE_MS);
  }

  get total(): ProcessLag {
    const isUntimed = this.#behind > 0 && this.#untimed === this.#behind;
    return {
      entries: this.#entries,
      isExact: this.#isExact && this.#unknown === 0,
      ms: isUntimed ? null : this.#ms,
      behind: this.#behind,
      unknown: this.#unknown,
    };
  }
}

/** Null: it is not known of all of them. */
function lagOf(followers: readonly Follower[], now: number): Lag | null {
  let lag = NO_LAG;
  for (const follower of followers) {
    if (follower.isAtEnd(now)) continue;
    const { measure } = follower;
    if (measure === undefined || now - measure.askedAt > STALE_MS) return null;
    lag = both(lag, measure.lag);
  }
  return lag;
}

function both(one: Lag, other: Lag): Lag {
  if (one.entries === 0) return other;
  if (other.entries === 0) return one;
  return {
    entries: one.entries + other.entries,
    isExact: one.isExact && other.isExact,
    ms: one.ms === null || other.ms === null ? (one.ms ?? other.ms) : Math.max(one.ms, other.ms),
  };
}
