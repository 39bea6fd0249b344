/** A process with a real producer, and an application that announces by it what it has been asked to, as C-PRO-2 says: until it knows, or has to guess. */
import { isStreamwardenError } from '../src/index.js';
import type { Producer } from '../src/runtime/open-producer.js';
import { composeProducer } from '../src/runtime/producer.js';
import type { Chance } from '../src/simulation/chance.js';
import { type Command, labelOf } from '../src/simulation/labels.js';
import type { SimulatedProcess } from '../src/simulation/process.js';
import type { Reply } from '../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../src/simulation/replies.js';
import type { Adds, Attempt } from './invariants/adds.js';
import type { EnsureWatch } from './invariants/ensures.js';
import type { EntriesWatch } from './invariants/entries.js';
import { type Announcement, producerName } from './schedule.js';
import { SERVICE, type Stage } from './stage.js';
import type { Bystander } from './victim.js';

/** How long it waits for a connection; an answer is waited for a second (C-PRO-3). In milliseconds. */
const TIMEOUT_MS = 3000;
const REPEAT_AFTER_MS = 100;
/** Payloads that keep a connection busy for longer may keep an answer from coming in time, in milliseconds. */
const BUSY_MS = 300;

export class Announcer implements Bystander {
  readonly label: string;
  readonly #fleet: Stage;
  readonly #adds: Adds;
  readonly #ensures: EnsureWatch;
  readonly #entries: EntriesWatch;
  readonly #temper: Chance;
  #lives = 0;
  #isAlive = true;
  #process: SimulatedProcess;
  #producer: Producer;
  readonly #processes = new Set<SimulatedProcess>();
  disturbedUntil = Number.NEGATIVE_INFINITY;
  /** Until when its connection carries payloads, in milliseconds of the world. */
  #busyUntil = 0;
  /** What has not come to anything yet. */
  readonly #open = new Set<Announcement>();

  constructor(fleet: Stage, index: number, adds: Adds, ensures: EnsureWatch, entries: EntriesWatch) {
    this.#fleet = fleet;
    this.#adds = adds;
    this.#ensures = ensures;
    this.#entries = entries;
    this.label = producerName(index);
    this.#temper = fleet.world.chance.fork(`temper of ${this.label}`);
    [this.#process, this.#producer] = this.#begin();
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  was(process: SimulatedProcess): boolean {
    return this.#processes.has(process);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  get isImpaired(): boolean {
    return this.#fleet.world.network.of(this.#process).some((connection) => connection.isImpaired);
  }

  disturb(ms = 0): void {
    this.disturbedUntil = Math.max(this.disturbedUntil, this.#fleet.now + ms);
  }

  crash(): void {
    this.disturb();
    this.#isAlive = false;
    this.#process.end();
  }

  /** What was under way when it crashed is announced once more: nobody knows what became of it. */
  startAnew(): void {
    if (this.#isAlive) return;
    this.#isAlive = true;
    [this.#process, this.#producer] = this.#begin();
    for (const announcement of this.#open) this.#try(announcement);
  }

  announce(announcement: Announcement): void {
    this.#open.add(announcement);
    if (this.#isAlive) this.#try(announcement);
  }

  #begin(): [SimulatedProcess, Producer] {
    const { world } = this.#fleet;
    const process = world.process(`${this.label} ${this.#lives}`);
    this.#lives += 1;
    this.#processes.add(process);
    const redis = world.redisFor(process);
    const settings = { redis, service: SERVICE, timeoutMs: TIMEOUT_MS, telemetry: false };
    return [process, composeProducer(settings, process.clock, false)];
  }

  #try(announcement: Announcement): void {
    if (announcement.isCancelled) this.#cancel(announcement);
    else if (announcement.pauseMs !== undefined) void this.#pause(announcement, announcement.pauseMs);
    else if (announcement.isEnsured) this.#ensure(announcement);
    else if (announcement.isEnd) this.#end(announcement);
    else if (announcement.entries !== undefined) this.#append(announcement, announcement.entries);
    else this.#add(announcement);
  }

  /** Safe to repeat, until it is known to be there. */
  #ensure(announcement: Announcement): void {
    const { name, bytes = 0 } = announcement;
    this.#carries(bytes);
    this.#producer.ensure(name, bytes > 0 ? { pad: 'x'.repeat(bytes) } : null).then(
      ({ id }) => {
        this.#ensures.resolved(this.label, name, id);
        this.#open.delete(announcement);
      },
      (error: unknown) => {
        if (!isStreamwardenError(error)) throw error;
        if (error.retriable) this.#process.clock.setTimeout(() => this.#try(announcement), REPEAT_AFTER_MS);
        else this.#open.delete(announcement);
      },
    );
  }

  /** Until it knows, or has to guess: an entry that may be there is as good as one that is, once its stream is announced. */
  #append(announcement: Announcement, count: number): void {
    const { name } = announcement;
    const call = this.#entries.begins(this.label, name, count);
    const entries = Array.from({ length: count }, (_, at) => ({ name, fields: { call: call.number, at } }));
    this.#producer.appendMany(entries).then(
      (appended) => {
        this.#entries.resolved(
          call,
          appended.map(({ id }) => id),
        );
        for (const { stream } of appended) this.#ensures.resolved(this.label, name, stream.id);
        this.#open.delete(announcement);
      },
      (error: unknown) => {
        const isUnknown = this.#entries.rejected(call, error);
        const isHopeless = isStreamwardenError(error) && !error.retriable;
        if (isUnknown) this.#process.clock.setTimeout(() => this.#ensure(announcement), REPEAT_AFTER_MS);
        else if (isHopeless) this.#open.delete(announcement);
        else this.#process.clock.setTimeout(() => this.#try(announcement), REPEAT_AFTER_MS);
      },
    );
  }

  /** A second mark does no harm. */
  #end(announcement: Announcement): void {
    const { name } = announcement;
    this.#producer.end(name).then(
      ({ stream }) => {
        this.#ensures.resolved(this.label, name, stream.id);
        this.#open.delete(announcement);
      },
      (error: unknown) => {
        if (!isStreamwardenError(error)) throw error;
        if (error.retriable) this.#process.clock.setTimeout(() => this.#try(announcement), REPEAT_AFTER_MS);
        else this.#open.delete(announcement);
      },
    );
  }

  /** Safe to repeat as well. */
  #cancel(announcement: Announcement): void {
    this.#producer.cancel(announcement.name).then(
      () => this.#open.delete(announcement),
      (error: unknown) => {
        if (!isStreamwardenError(error)) throw error;
        if (error.retriable) this.#process.clock.setTimeout(() => this.#try(announcement), REPEAT_AFTER_MS);
        else this.#open.delete(announcement);
      },
    );
  }

  /** Until it has been resumed as well, however often. */
  async #pause(announcement: Announcement, ms: number): Promise<void> {
    const { clock } = this.#process;
    try {
      await this.#producer.pause(announcement.name);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
      await this.#producer.resume(announcement.name);
      this.#open.delete(announcement);
    } catch (error) {
      if (!isStreamwardenError(error)) throw error;
      if (error.retriable) clock.setTimeout(() => this.#try(announcement), REPEAT_AFTER_MS);
      else this.#open.delete(announcement);
    }
  }

  #add(announcement: Announcement): void {
    const { name, bytes = 0, delayMs = 0 } = announcement;
    const attempt = this.#adds.begin(this, name);
    this.#carries(bytes);
    const info = { attempt: attempt.number, ...(bytes > 0 ? { pad: 'x'.repeat(bytes) } : {}) };
    this.#producer.add(name, info, { delayMs }).then(
      (id) => {
        this.#adds.resolved(attempt, id);
        this.#open.delete(announcement);
      },
      (error: unknown) => this.#failed(announcement, attempt, error),
    );
  }

  /** What is sent behind a large payload waits until that has been carried, and so does its answer. */
  #carries(bytes: number): void {
    const { bytesPerMs } = this.#fleet.shape;
    if (bytesPerMs === null) return;
    const { now } = this.#fleet;
    this.#busyUntil = Math.max(now, this.#busyUntil) + bytes / bytesPerMs;
    // What takes little is no reason for an answer not to come.
    if (this.#busyUntil - now > BUSY_MS) this.disturb(this.#busyUntil - now);
  }

  #failed(announcement: Announcement, attempt: Attempt, error: unknown): void {
    const isUnknown = this.#adds.rejected(attempt, error);
    // C-PRO-2: repeating it may announce it twice, and not repeating it may mean that it was never announced.
    const isGivenUp = isUnknown && this.#temper.isTrue(0.5);
    const isHopeless = isStreamwardenError(error) && !error.retriable;
    if (isGivenUp || isHopeless) {
      this.#open.delete(announcement);
      return;
    }
    this.#process.clock.setTimeout(() => this.#try(announcement), REPEAT_AFTER_MS);
  }

  /** The server has executed one of its commands. */
  executed(command: Command, reply: Reply | undefined): void {
    const { names } = this.#fleet;
    if (labelOf([command]) === 'add-delayed' && reply !== undefined && !isReplyError(reply)) {
      const number = Number(/"attempt":(\d+)/.exec(String(command.at(-1)))?.[1]);
      this.#adds.executed(number, String((toTexts(reply) as string[])[0]));
    }
    if (command[0] !== 'XADD' || reply === undefined || isReplyError(reply)) return;
    const id = String(toTexts(reply));
    if (String(command[1]) !== names.lbs) {
      if (command.includes('_end')) {
        this.#entries.marked(String(command[1]));
        return;
      }
      const [call, at] = [command.indexOf('call'), command.lastIndexOf('at')];
      this.#entries.added(String(command[1]), id, Number(command[call + 1]), Number(command[at + 1]));
      return;
    }
    const payload = String(command[command.indexOf('lbs-input') + 1]);
    // A pad is long, and says nothing.
    const [, name, number] = /"DataStreamName":"([^"]*)".*?"attempt":(\d+)/.exec(payload) ?? [];
    this.#fleet.wasAnnounced(id, name as string);
    this.#adds.executed(Number(number), id);
  }
}
