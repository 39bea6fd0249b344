/**
 * Finds consumers whose presence has run out. The index of presences says who that may be (`scripts/find-dead.lua`), at a cost that does not grow with the
 * fleet; whether it is so, presence says. Each one found is given to one of the living at a time, for half a heartbeat: its turn.
 *
 * Not everyone is in the index: consumers of version 0.1.0 and of the Go client do not write it, an index may have been lost, and what is due for the dead-letter
 * stream is pending for consumers that are nobody. A census finds those: it asks for everyone. It is taken after each scan, when more consumers are in the group
 * beside the index than there were, and with every sweep for as long as some of them are alive.
 */
import { DEAD_LETTER_REASONS, dueConsumer, dueReason } from '../../redis/due-consumer.js';
import type { FoundDead, GroupConsumer } from '../../redis/group.js';
import { isIncarnation } from '../../redis/names.js';
import type { Kernel } from '../kernel.js';
import { GroupCensus } from './group-census.js';

/** A presence is asked for this long after it should have run out. */
export const MARGIN_MS = 3;
/** So many are found in one sweep. */
const MOST_FOUND = 200;
/** The same where they are only told of: they stay dead until somebody claims what they had. */
const MOST_TOLD = 1000;

export interface DeadConsumers {
  /** Those that this consumer is to see to now. */
  readonly dead: readonly string[];
  /** How many of them are real ones. */
  readonly deadCount: number;
  /** When to look again, in milliseconds from now. */
  readonly nextMs: number;
  /** How many others there are. */
  readonly others: number;
}

interface Census {
  readonly dead: readonly string[];
  readonly nextMs: number;
}

export interface ClockLook {
  /** When the question was sent and answered, on the monotonic clock. */
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly redisMs: number;
}

export interface DeadFinderHooks {
  /** Whether consumers of the Go client are in the group. */
  foreignConsumers(present: boolean): void;
}

export class DeadFinder {
  readonly #kernel: Kernel;
  readonly #hooks: DeadFinderHooks;
  readonly #census: GroupCensus;
  #isCensusDue = true;
  /** Those in the index are looked at as well, with the next census. */
  #isThorough = false;
  /** How many consumers of the group were not in the index when the last census was taken. */
  #strangers = 0;
  /** Somebody lives who does not write the index: found by a census only. */
  #isMixed = false;
  /** The one before this incarnation in the order of names. */
  #predecessor: string | undefined;
  /** Those whose turn this consumer has. */
  readonly #turns = new Set<string>();
  /** Dead consumer → since when it has been dead, on the monotonic clock. */
  readonly #deadSince = new Map<string, number>();
  /** Consumer → the longest that its presence was seen to have left, in milliseconds. */
  #longest = new Map<string, number>();
  /** The place of this incarnation among the living, by their names, from 0: the first does what one of them has to. */
  place = Number.POSITIVE_INFINITY;
  /** Whether consumers of the Go client were in the group when it was last looked at. */
  hasForeign = false;

  constructor(kernel: Kernel, hooks: DeadFinderHooks) {
    this.#kernel = kernel;
    this.#hooks = hooks;
    this.#census = new GroupCensus(kernel.group);
  }

  /** Everyone is asked for with the next sweep: until then it is not known who is there beside the index. */
  get isCensusDue(): boolean {
    return this.#isCensusDue;
  }

  /** Everyone is asked for with the next sweep. */
  wantCensus(isThorough = false): void {
    this.#isCensusDue = true;
    this.#isThorough ||= isThorough;
  }

  /** Nobody may be taken from for a while: others may have the turns. */
  forget(): void {
    this.#turns.clear();
    this.#deadSince.clear();
  }

  /** Nothing is left to do for this one. */
  settled(name: string): void {
    this.#turns.delete(name);
    this.#deadSince.delete(name);
  }

  /** Since when it has been dead, on the monotonic clock. */
  deadSince(name: string): number | undefined {
    return this.#deadSince.get(name);
  }

  /**
   * @param due consumers that are nobody, and that something is pending for
   * @param haveLocksExpired locks have, of whomever: of consumers of the Go client, if there are any
   * @param isClockSet whether the clock of Redis was set before this answer: then it says nothing of who is dead
   * @returns undefined: the clock was set
   */
  async find(
    due: readonly string[],
    haveLocksExpired: boolean,
    isClockSet: (look: ClockLook) => boolean,
  ): Promise<DeadConsumers | undefined> {
    const { clock, group, settings } = this.#kernel;
    const { heartbeatMs, autoClaim } = settings;
    const isTaken = this.#isCensusDue || this.#isMixed;
    const census = isTaken ? await this.#takeCensus(isClockSet) : undefined;
    if (isTaken && census === undefined) return undefined;
    const suspects = [...new Set([...(census?.dead ?? []), ...due])];
    const askedAt = clock.monotonic();
    const found = await group.findDead({
      turnMs: autoClaim ? heartbeatMs / 2 : 0,
      most: autoClaim ? MOST_FOUND : MOST_TOLD,
      watched: this.#predecessor,
      suspects,
    });
    const answeredAt = clock.monotonic();
    if (this.#isOutdated({ askedAt, answeredAt, redisMs: found.redisMs }, isClockSet)) return undefined;
    const dead = await this.#present(found, answeredAt);
    if (!autoClaim) this.#turns.clear();
    for (const name of dead) this.#turns.add(name);
    let nextMs = Math.min(heartbeatMs, census?.nextMs ?? heartbeatMs);
    if (this.#isCensusWanted(found, haveLocksExpired && census === undefined)) nextMs = MARGIN_MS;
    const soonMs = this.lookInMs(found.nextMs);
    if (soonMs !== undefined) nextMs = Math.min(nextMs, soonMs);
    const mine = [...this.#turns];
    return {
      dead: mine,
      deadCount: mine.filter((name) => dueReason(name) === undefined).length,
      nextMs,
      others: found.indexed - 1 + (found.strangers ?? this.#strangers),
    };
  }

  /**
   * When to look at somebody whose presence runs out in so many milliseconds; undefined: the next heartbeat is early enough to say so. Whoever lives renews it half
   * a heartbeat before it runs out, so most of those that run out next do not.
   */
  lookInMs(nextMs: number | undefined): number | undefined {
    const { heartbeatMs } = this.#kernel.settings;
    if (nextMs === undefined || nextMs >= (heartbeatMs * 7) / 16) return undefined;
    return Math.max(0, nextMs) + MARGIN_MS;
  }

  /** The clock of Redis was set back: what was written before lasts longer by as much. It is given as long as it was seen to have. */
  async shorten(): Promise<void> {
    const { group, consumer, settings } = this.#kernel;
    const names = [...this.#longest.keys()].filter((name) => name !== consumer);
    const { ttls, redisMs } = await group.presences(names);
    const untilMs = new Map<string, number>();
    for (const [index, name] of names.entries()) {
      const longest = this.#longest.get(name) as number;
      // Whoever lives renews it within half of that.
      if ((ttls[index] as number) <= longest + settings.heartbeatMs / 4) continue;
      await group.shorten(name, longest);
      untilMs.set(name, redisMs + longest);
    }
    await group.reindex(untilMs, true);
  }

  /** Of those that the index says are dead the ones that are; of the others it is told better. */
  async #present({ dead, redisMs }: FoundDead, answeredAt: number): Promise<string[]> {
    const { group } = this.#kernel;
    const real = dead.filter(({ name }) => dueReason(name) === undefined);
    const ttls = real.length === 0 ? [] : (await group.presences(real.map(({ name }) => name))).ttls;
    const found: string[] = [];
    const alive = new Map<string, number>();
    for (const [index, { name, overdueMs }] of real.entries()) {
      const ttl = ttls[index] as number;
      if (ttl === -2) {
        found.push(name);
        if (!this.#deadSince.has(name)) this.#deadSince.set(name, answeredAt - overdueMs);
      } else {
        alive.set(name, redisMs + (ttl < 0 ? this.#kernel.settings.heartbeatMs : ttl));
      }
    }
    await group.reindex(alive);
    const over: string[] = [];
    for (const { name } of dead.filter((one) => dueReason(one.name) !== undefined)) {
      if ((await group.pending('-', 1, name)).length > 0) found.push(name);
      else over.push(name);
    }
    await group.unindex(over);
    return found;
  }

  /** @param haveLocksExpired of consumers that nobody has asked for since, perhaps */
  #isCensusWanted({ isWatchedThere, strangers }: FoundDead, haveLocksExpired: boolean): boolean {
    const isMore = strangers === undefined ? haveLocksExpired : strangers > this.#strangers;
    if (isMore || (this.#predecessor !== undefined && !isWatchedThere)) this.wantCensus();
    return this.#isCensusDue;
  }

  /** Whether the clock was set before this answer. */
  #isOutdated(look: ClockLook, isClockSet: (look: ClockLook) => boolean): boolean {
    if (!isClockSet(look)) return false;
    this.forget();
    this.wantCensus();
    return true;
  }

  /** Asks for everyone. Resolves with those that are dead and not in the index, and when the first of the others that are not runs out, in milliseconds. */
  async #takeCensus(isClockSet: (look: ClockLook) => boolean): Promise<Census | undefined> {
    const { clock, group, consumer } = this.#kernel;
    const isThorough = this.#isThorough;
    const everyone = await group.consumers();
    const askedAt = clock.monotonic();
    const { untilMs, redisMs } = await group.indexed();
    // Before anything is learnt from it: by the new clock everybody's presence has another time to live.
    if (this.#isOutdated({ askedAt, answeredAt: clock.monotonic(), redisMs }, isClockSet)) return undefined;
    const others = everyone.filter(({ name }) => name !== consumer && dueReason(name) === undefined);
    const strangers = others.filter(({ name }) => !untilMs.has(name));
    const { ttls } = await this.#census.presences(strangers);
    const due = everyone.filter(({ name, pending }) => dueReason(name) !== undefined && pending > 0);
    const dead = due.map(({ name }) => name).filter((name) => !untilMs.has(name));
    const living = [consumer];
    const longest = new Map<string, number>();
    const see = (name: string, ttl: number) => {
      living.push(name);
      if (ttl > 0)
        longest.set(name, Math.max(ttl, this.#longest.get(name) ?? this.#kernel.settings.heartbeatMs));
    };
    for (const [name, until] of untilMs) {
      if (name !== consumer && dueReason(name) === undefined) see(name, until - redisMs);
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { name, pending } of strangers.filter((one) => isIncarnation(one.name))) {
      const ttl = ttls.get(name) ?? -2;
      if (ttl !== -2) {
        see(name, ttl);
        if (pending > 0 && ttl >= 0) nextMs = Math.min(nextMs, ttl + MARGIN_MS);
      } else if (pending > 0) {
        dead.push(name);
      }
    }
    if (isThorough) await this.#correct(others, untilMs, redisMs);
    this.#longest = longest;
    this.#strangers = everyone.filter(({ name }) => name !== consumer && !untilMs.has(name)).length;
    this.hasForeign = strangers.some(({ name }) => !isIncarnation(name));
    this.#isMixed = this.hasForeign || strangers.some(({ name }) => living.includes(name));
    const order = living.sort();
    this.place = order.indexOf(consumer);
    const predecessor = order[this.place - 1];
    this.#predecessor = predecessor !== undefined && untilMs.has(predecessor) ? predecessor : undefined;
    if (this.place === 0) await this.#census.tidy(strangers, { ttls, redisMs });
    this.#isCensusDue = false;
    this.#isThorough &&= !isThorough;
    this.#hooks.foreignConsumers(this.hasForeign);
    return { dead, nextMs };
  }

  /** An index that says of somebody dead that he is present, for longer than anybody's turn: nobody would find him. */
  async #correct(
    others: readonly GroupConsumer[],
    indexedUntilMs: ReadonlyMap<string, number>,
    redisMs: number,
  ): Promise<void> {
    const { group, settings } = this.#kernel;
    const asked = others
      .filter(({ name }) => (indexedUntilMs.get(name) ?? 0) > redisMs)
      .map(({ name }) => name);
    const present = await group.present(asked);
    const soon = redisMs + settings.heartbeatMs / 2;
    const gone = asked.filter((_, index) => !present[index]);
    await group.reindex(new Map(gone.map((name) => [name, soon])), true);
  }
}

/** Names in the group of the consumers that are nobody. */
export const NOBODIES: readonly string[] = DEAD_LETTER_REASONS.map(dueConsumer);
