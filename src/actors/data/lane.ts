/**
 * Looks at data streams of one server, for all that iterate over them: in rounds, one at a time, each for whoever is due. What a round brings is bounded by how
 * large entries were before; who finds no place in it is first in the next one. Quiet streams are looked at in crowds. Runs the data reader machine.
 */
import type { Actor } from 'xstate';
import { onNextTurn, type Timer } from '../../core/clock.js';
import { isStreamwardenError, StreamwardenError } from '../../core/errors.js';
import { dataReaderMachine } from '../../machines/data-reader.machine.js';
import { factOf } from '../../machines/facts.js';
import type { DataAnswer, DataRow } from '../../redis/data-streams.js';
import { PageSize } from '../../redis/page-size.js';
import { isPassing } from '../../redis/reply-errors.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import { Crowd } from './crowd.js';
import { type EntrySizes, sizeOf } from './entry-sizes.js';
import { dueAt, found, foundNothing, IDLE_MS, LookRate } from './pace.js';
import type { Reading } from './reading.js';
import type { EntryTally } from './tally.js';

/** Times are rounded to these, in milliseconds, so that streams share rounds. */
const TICK_MS = 4;
/** Who waits for at least as many ticks need not be served to the millisecond: quiet streams come in fewer, larger rounds. */
const COARSE_TICKS = 8;
/** Keys of one command: Redis stands still for half a millisecond. More make a key no cheaper. */
const MOST_KEYS = 500;
const MOST_KEYS_A_ROUND = 2000;
/** If every key that a round looks at had an entry, it would bring so many pages of bytes at most. */
const PAGES_OF_ONES = 4;

export interface LaneSettings {
  readonly place: string;
  readonly sizes: EntrySizes;
  readonly tally: EntryTally;
  /** How long an answer may take before less is asked for, in milliseconds. */
  readonly goalMs: number;
  /** It is to be scheduled again, where it is served by now. */
  readonly again: (reading: Reading) => void;
  /** What neither time nor another server heals. */
  readonly onError: (error: unknown) => void;
}

export class Lane {
  readonly #kernel: Kernel;
  readonly #settings: LaneSettings;
  readonly #actor: Actor<typeof dataReaderMachine>;
  readonly #pages: PageSize;
  readonly #rate = new LookRate();
  #due: Reading[] = [];
  /** Who waits for this tick. One that has been served meanwhile is in its list still, and skipped. */
  readonly #ticks = new Map<number, Reading[]>();
  readonly #crowds = new Set<Crowd<Reading>>();
  #dueCrowds: Crowd<Reading>[] = [];
  #timer: Timer | undefined;
  #timerTick = Number.POSITIVE_INFINITY;
  #isRunning = false;
  #isStopped = false;
  /** Iterators over streams of this server. */
  #size = 0;

  constructor(kernel: Kernel, settings: LaneSettings) {
    this.#kernel = kernel;
    this.#settings = settings;
    this.#pages = new PageSize(settings.goalMs);
    const { place } = settings;
    const machine = dataReaderMachine.provide({
      // Actions run before the new state can be seen.
      actions: { resume: () => onNextTurn(kernel.clock, () => this.#kick()) },
    });
    this.#actor = startActor(kernel, machine, {
      path: place === '' ? 'consumer/dataReader' : `consumer/dataReader/${place}`,
      input: { place },
      onError: settings.onError,
    });
  }

  get place(): string {
    return this.#settings.place;
  }

  get size(): number {
    return this.#size;
  }

  /** One more iterator, or one less. */
  count(change: 1 | -1): void {
    this.#size += change;
    if (this.#size === 1 && change === 1) this.#actor.send({ type: 'iterating.begun' });
    if (this.#size === 0) this.#actor.send({ type: 'iterating.ended' });
  }

  /** It is looked at when its time has come; at once where more is known to be there. */
  schedule(reading: Reading): void {
    this.leave(reading);
    const now = this.#kernel.clock.monotonic();
    const at = reading.isWoken ? now : Math.min(dueAt(reading), reading.idleAt);
    if (at <= now) this.#push(reading);
    else if (isQuiet(reading)) this.#rest(reading);
    else this.#wait(reading, at);
  }

  /** It is not looked at with others any more. */
  leave(reading: Reading): void {
    const { crowd } = reading;
    if (crowd === undefined) return;
    crowd.leave(reading);
    reading.crowd = undefined;
    if (crowd.size > 0) return;
    this.#kernel.clock.clearTimeout(crowd.timer);
    this.#crowds.delete(crowd);
  }

  /** Heartbeats do not arrive in time beside what is read here. */
  slowDown(): void {
    this.#pages.shrink();
  }

  connectionUp(): void {
    this.#actor.send({ type: 'connection.up' });
  }

  stop(): void {
    this.#isStopped = true;
    const { clock } = this.#kernel;
    clock.clearTimeout(this.#timer);
    for (const { timer } of this.#crowds) clock.clearTimeout(timer);
    this.#actor.stop();
  }

  get #mayRead(): boolean {
    return !this.#isStopped && this.#actor.getSnapshot().value === 'reading';
  }

  #push(reading: Reading): void {
    reading.state = 'due';
    this.#due.push(reading);
    this.#kick();
  }

  #wait(reading: Reading, at: number): void {
    const now = this.#kernel.clock.monotonic();
    const first = Math.floor(now / TICK_MS) + 1;
    let tick = Math.max(first, Math.round(at / TICK_MS));
    if (tick - first >= COARSE_TICKS) tick -= tick % COARSE_TICKS;
    reading.state = 'waiting';
    reading.tick = tick;
    const list = this.#ticks.get(tick);
    if (list === undefined) this.#ticks.set(tick, [reading]);
    else list.push(reading);
    if (tick < this.#timerTick) this.#arm(tick);
  }

  /** Joins others who wait for as long. */
  #rest(reading: Reading): void {
    reading.state = 'waiting';
    reading.tick = Number.POSITIVE_INFINITY;
    const most = this.#mostKeys(MOST_KEYS);
    for (const crowd of this.#crowds) {
      if (crowd.size >= most || crowd.has(reading.key)) continue;
      crowd.join(reading);
      reading.crowd = crowd;
      return;
    }
    const crowd = new Crowd<Reading>();
    crowd.join(reading);
    reading.crowd = crowd;
    this.#crowds.add(crowd);
    // Those that begin together need not be looked at together.
    this.#armCrowd(crowd, IDLE_MS * this.#kernel.clock.random());
  }

  #armCrowd(crowd: Crowd<Reading>, ms: number): void {
    if (this.#isStopped) return;
    const due = () => {
      this.#dueCrowds.push(crowd);
      this.#kick();
    };
    crowd.timer = this.#kernel.clock.setTimeout(due, Math.max(1, ms));
  }

  #arm(tick: number): void {
    const { clock } = this.#kernel;
    clock.clearTimeout(this.#timer);
    this.#timerTick = tick;
    if (this.#isStopped || tick === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.setTimeout(() => this.#tick(), Math.max(1, tick * TICK_MS - clock.monotonic()));
  }

  #tick(): void {
    const now = Math.floor(this.#kernel.clock.monotonic() / TICK_MS);
    let next = Number.POSITIVE_INFINITY;
    for (const [tick, list] of this.#ticks) {
      // A timer may fire a moment early.
      if (tick > Math.max(now, this.#timerTick)) {
        next = Math.min(next, tick);
        continue;
      }
      this.#ticks.delete(tick);
      for (const reading of list) {
        if (reading.state !== 'waiting' || reading.tick !== tick) continue;
        reading.state = 'due';
        this.#due.push(reading);
      }
    }
    this.#arm(next);
    this.#kick();
  }

  #kick(): void {
    if (this.#isRunning || !this.#isAnyDue || !this.#mayRead) return;
    this.#isRunning = true;
    // Whoever asks in this turn of the loop comes along.
    onNextTurn(this.#kernel.clock, () => void this.#run());
  }

  get #isAnyDue(): boolean {
    return this.#due.length > 0 || this.#dueCrowds.length > 0;
  }

  async #run(): Promise<void> {
    try {
      while (this.#mayRead && this.#isAnyDue) {
        const crowd = this.#dueCrowds.shift();
        if (crowd !== undefined && this.#crowds.has(crowd)) await this.#look(crowd);
        if (this.#mayRead) await this.#round();
        // What has been found is dealt with before more is asked for, and who asks for more then comes along.
        await new Promise<void>((resolve) => onNextTurn(this.#kernel.clock, resolve));
      }
      this.#isRunning = false;
    } catch (error) {
      this.#isRunning = false;
      if (!this.#isStopped) this.#settings.onError(error);
    }
  }

  async #round(): Promise<void> {
    const { clock, dataStreams } = this.#kernel;
    const taken = this.#take();
    if (taken.length === 0) return;
    const began = clock.monotonic();
    this.#looked(taken.length, began);
    const each = this.#pages.bytes / (taken.length * this.#settings.sizes.bytes);
    let bytes = 0;
    let failure: StreamwardenError | undefined;
    await Promise.all(
      groupsOf(taken).map(async (group) => {
        const [{ count: most, raw }] = group as [Reading];
        const count = Math.max(1, Math.min(most, Math.floor(each)));
        for (const reading of group) {
          reading.state = 'looking';
          reading.isWoken = false;
          reading.touches = reading.ownership.touches;
        }
        const answers = await dataStreams.read(this.#settings.place, group, count, raw);
        bytes += this.#learn(answers);
        group.forEach((reading, index) => {
          const answer = answers[index];
          if (answer instanceof StreamwardenError && isPassing(answer)) failure ??= answer;
          this.#deal(reading, answer, began, count);
        });
      }),
    );
    this.#answered(failure, bytes, began);
  }

  /** Who has found something leaves the crowd, and is looked at on its own from then on. */
  async #look(crowd: Crowd<Reading>): Promise<void> {
    const { clock, dataStreams } = this.#kernel;
    const { place, again } = this.#settings;
    const most = this.#mostKeys(MOST_KEYS);
    for (const [index, reading] of crowd.list.entries()) {
      reading.touches = reading.ownership.touches;
      if (dataStreams.placeOf(reading.key) !== place) again(reading);
      else if (index >= most) this.schedule(reading);
    }
    const { list } = crowd;
    if (list.length === 0) return;
    const began = clock.monotonic();
    this.#looked(list.length, began);
    const answers = await dataStreams.readFirst(place, list);
    const bytes = this.#learn(answers);
    let failure: StreamwardenError | undefined;
    answers.forEach((answer, index) => {
      const reading = list[index] as Reading;
      // It may have been woken meanwhile.
      if (answer === undefined || reading.crowd !== crowd) return;
      if (answer instanceof StreamwardenError && isPassing(answer)) {
        failure ??= answer;
        return;
      }
      this.leave(reading);
      reading.state = 'looking';
      this.#deal(reading, answer, began, 1);
    });
    if (failure === undefined) crowd.lookedAt = began;
    if (this.#crowds.has(crowd)) this.#armCrowd(crowd, IDLE_MS - (clock.monotonic() - began));
    this.#answered(failure, bytes, began);
  }

  #answered(failure: StreamwardenError | undefined, bytes: number, began: number): void {
    const { clock } = this.#kernel;
    if (failure === undefined) {
      this.#pages.arrived(bytes, clock.monotonic() - began);
      if (this.#actor.getSnapshot().context.failures > 0) this.#actor.send({ type: 'round.answered' });
      return;
    }
    if (isStreamwardenError(failure, 'RedisUnavailable')) this.#pages.shrink();
    this.#actor.send({ type: 'round.failed', error: factOf(failure), chance: clock.random() });
  }

  /** So many may be asked for at once: every one of them may have an entry. */
  #mostKeys(bound: number): number {
    const room = Math.floor((this.#pages.bytes * PAGES_OF_ONES) / this.#settings.sizes.bytes);
    return Math.max(1, Math.min(bound, room));
  }

  /** Those that are due, as many as there is room for, the first ones first. */
  #take(): Reading[] {
    const most = this.#mostKeys(MOST_KEYS_A_ROUND);
    const all = this.#due;
    const taken: Reading[] = [];
    let at = 0;
    for (; at < all.length && taken.length < most; at += 1) {
      const reading = all[at] as Reading;
      if (reading.state === 'due') taken.push(reading);
    }
    this.#due = at === all.length ? [] : all.slice(at);
    return taken;
  }

  #looked(count: number, at: number): void {
    this.#settings.tally.looks += count;
    this.#rate.looked(count, at);
  }

  #learn(answers: readonly DataAnswer[]): number {
    const { tally } = this.#settings;
    let bytes = 0;
    let largest = 0;
    for (const answer of answers) {
      if (!Array.isArray(answer)) continue;
      tally.read += answer.length;
      for (const [, fields] of answer as readonly DataRow[]) {
        const size = sizeOf(fields);
        bytes += size;
        if (size > largest) largest = size;
      }
    }
    if (largest > 0) this.#settings.sizes.saw(largest);
    tally.bytes += bytes;
    return bytes;
  }

  /** @param began when it was looked at */
  #deal(reading: Reading, answer: DataAnswer, began: number, count: number): void {
    // Another lane may have taken over what this one had under way.
    if (reading.state !== 'looking' || this.#isStopped) return;
    if (answer instanceof StreamwardenError) {
      if (isPassing(answer)) {
        this.#settings.again(reading);
      } else {
        reading.state = 'away';
        reading.fail(answer);
      }
      return;
    }
    reading.lookedAt = began;
    const last = answer?.at(-1);
    if (answer !== undefined && last !== undefined) {
      reading.after = last[0];
      reading.isFull = answer.length >= count;
      found(reading, began, reading.isFull, this.#rate.activeMs);
      reading.state = 'away';
      reading.settle(answer);
      return;
    }
    reading.isFull = false;
    foundNothing(reading, began, this.#rate.activeMs);
    if (began >= reading.idleAt) {
      reading.state = 'away';
      reading.settle(undefined);
    } else {
      // In a cluster its slot may be elsewhere by now.
      this.#settings.again(reading);
    }
  }
}

/** Nothing has come for a while, and it waits for ever. */
function isQuiet({ delayMs, idleAt, raw }: Reading): boolean {
  return delayMs >= IDLE_MS && idleAt === Number.POSITIVE_INFINITY && !raw;
}

/** What can be asked for by one command: as large pages, in the same form, and no key twice. */
function groupsOf(readings: readonly Reading[]): Reading[][] {
  const open = new Map<number, { readonly group: Reading[]; readonly keys: Set<string> }>();
  const groups: Reading[][] = [];
  for (const reading of readings) {
    const kind = reading.raw ? -reading.count : reading.count;
    let at = open.get(kind);
    if (at === undefined || at.group.length >= MOST_KEYS || at.keys.has(reading.key)) {
      at = { group: [], keys: new Set() };
      open.set(kind, at);
      groups.push(at.group);
    }
    at.group.push(reading);
    at.keys.add(reading.key);
  }
  return groups;
}
