/** One process of the fleet: a real runtime on a simulated clock and a simulated Redis, and an application with its tempers. */
import type {
  DoneOptions,
  EntriesOptions,
  Entry,
  Notification,
  ReleaseOptions,
  Runtime,
  StopMode,
  StopReport,
  StreamHandle,
} from '../src/index.js';
import { isStreamwardenError, UnrecoverableError } from '../src/index.js';
import { composeRuntime } from '../src/runtime/runtime.js';
import type { Chance } from '../src/simulation/chance.js';
import { simulatedHeartbeatThread } from '../src/simulation/heartbeat-thread.js';
import type { SimulatedProcess } from '../src/simulation/process.js';
import { ORDER } from '../src/simulation/timeline.js';
import type { World } from '../src/simulation/world.js';
import type { Party, Worker } from './invariants/workers.js';
import { recordingIn } from './recordings.js';
import { isPoison, MOST_DELAY_MS, type Shape } from './schedule.js';
import type { Victim } from './victim.js';

/** One of the application's calls, and what it came to. */
export interface Call {
  readonly name: 'done' | 'release';
  /** When it was made, in milliseconds of the world. */
  readonly atMs: number;
  /** What it rejected with; null: it resolved. */
  readonly code: string | null;
}

export interface MemberHooks {
  /** Before the handler does anything. */
  begins(member: Member, handle: StreamHandle): Worker;
  /** @param keeps the runtime is about to finish it, and its checkpoint stays */
  returned(member: Member, worker: Worker, keeps: boolean): void;
  /** The handler begins to read the entries of its data stream. */
  iterates(member: Member, handle: StreamHandle): void;
  /** It has been given one. */
  handed(member: Member, handle: StreamHandle, entryId: string): void;
  /** It is about to throw with this one in hand. */
  throwsAt(member: Member, handle: StreamHandle, entryId: string): void;
  /** It is through with it, and about to ask for the next one, or to commit it. */
  through(member: Member, handle: StreamHandle, entryId: string): void;
  /** It has been told that Redis has its commit of it. */
  committed(member: Member, handle: StreamHandle, entryId: string): void;
  threw(member: Member, handle: StreamHandle, isRejected: boolean): void;
  /** The application is about to call done(), if it has not been touched more often; undefined: in any case. */
  asks(member: Member, handle: StreamHandle, ifTouches: number | undefined): void;
  /** The application, or the runtime as its handler has returned, is about to finish it; its checkpoint stays or goes. */
  finishes(member: Member, handle: StreamHandle, keeps: boolean): void;
  /** The application is about to save so much. Returns what is to hear of what came of it: null, or the code of an error. */
  saves(member: Member, handle: StreamHandle, worker: Worker, count: number): (code: string | null) => void;
  /** What a call of the application came to. */
  settled(member: Member, call: Call, handle: StreamHandle): void;
  /** Its event loop is about to stand still for so long. */
  blocks(member: Member, ms: number): void;
  crashed(member: Member): void;
  /** A poison has done its work. */
  killed(member: Member): void;
  told(member: Member, notification: Notification): void;
  stopped(member: Member, report: StopReport): void;
  say(text: string): void;
}

export interface MemberSettings {
  readonly world: World;
  readonly shape: Shape;
  readonly service: string;
  readonly historyKey: string;
  /** Counted from 0 in the order of their starts. */
  readonly index: number;
  readonly consumerId: string;
  readonly hooks: MemberHooks;
  /** Handlers are quick and mean well: nothing shall hold up the end. */
  isCalm(): boolean;
  readonly isTraced: boolean;
  /** Where a recording is kept; undefined: nowhere. */
  readonly recordings: string | undefined;
}

export interface StopUnderWay {
  /** When it was first asked for, in milliseconds of the world. */
  readonly atMs: number;
  mode: StopMode;
  /** When its budget runs out, in milliseconds of the world, if its process stands still at no time. */
  endsMs: number;
}

export type MemberState = 'starting' | 'running' | 'stopping' | 'ended' | 'crashed';

const HANDLER_FAILED = 'the handler failed';

export class Member implements Party, Victim {
  readonly index: number;
  readonly consumerId: string;
  readonly process: SimulatedProcess;
  readonly runtime: Runtime;
  /** Milliseconds of the world. */
  readonly startedAt: number;
  readonly #settings: MemberSettings;
  readonly #temper: Chance;
  readonly #rejects: Chance;
  readonly #conditions: Chance;
  readonly #delays: Chance;
  readonly #reads: Chance;
  readonly #commits: Chance;
  readonly #saves: Chance;
  state: MemberState = 'starting';
  stop: StopUnderWay | undefined;
  /** Milliseconds of the world. */
  disturbedUntil = Number.NEGATIVE_INFINITY;
  /** How often something befell it. */
  disturbances = 0;
  /** Until when its wall clock, set back, may hide that its machine sleeps, in milliseconds of the world. */
  clockHidesUntil = Number.NEGATIVE_INFINITY;
  /** Until when Redis refuses its scripts, in milliseconds of the world. */
  deniedUntil = Number.NEGATIVE_INFINITY;
  /** When it was last seen to be well, in milliseconds of the world. */
  wellAt = 0;
  /** When it was running first, in milliseconds of the world; Infinity: not yet. */
  runningAt = Number.POSITIVE_INFINITY;
  /** Calls of the application that have not come to anything yet. */
  readonly open = new Set<string>();
  /** Calls of release() since it was asked to stop, or under way then. */
  released = 0;

  constructor(settings: MemberSettings) {
    const { world, shape, index, consumerId, service, historyKey, hooks, isTraced, recordings } = settings;
    this.#settings = settings;
    this.index = index;
    this.consumerId = consumerId;
    this.startedAt = world.timeline.now;
    const chance = world.chance.fork(`member ${index}`);
    this.#temper = chance.fork('temper');
    this.#rejects = chance.fork('rejects');
    this.#conditions = chance.fork('conditions');
    this.#delays = chance.fork('delays');
    this.#reads = chance.fork('reads');
    this.#commits = chance.fork('commits');
    this.#saves = chance.fork('saves');
    this.process = world.process(`member ${index}`, {
      rate: 1 + chance.between(-shape.clockDrift, shape.clockDrift),
      wallOffsetMs: Math.round(chance.between(-500, 500)),
    });
    const say = (text: string) => hooks.say(`${consumerId}#${index} ${text}`);
    const log = (level: string) => (fields: object, message: string) =>
      say(`[${level}] ${message} ${JSON.stringify(fields)}`);
    const { heartbeatMs } = shape;
    const runtime = composeRuntime(
      {
        redis: world.redisFor(this.process),
        clock: this.process.clock,
        service,
        consumerId,
        historyKey,
        telemetry: false,
        heartbeatMs,
        ...(shape.hasThread && { heartbeat: 'thread', maxBlockedMs: shape.maxBlockedMs }),
        capacity: shape.capacity,
        lockKeys: shape.lockKeys,
        onUncertain: shape.onUncertain,
        autoClaim: shape.autoClaim,
        duplicates: shape.isCoalescing ? 'coalesce' : 'queue',
        maxRetries: shape.maxRetries,
        provenAfterMs: shape.provenAfterMs,
        balance: shape.balance,
        weight: shape.isWeighted ? 1 + (index % 3) : 1,
        keyspaceEvents: shape.keyspaceEvents,
        keyspaceOverride: true,
        handOverGraceMs: shape.handOverGraceMs,
        reconcileEveryMs: shape.reconcileEveryMs,
        minIdleMs: Math.max(2 * heartbeatMs, 2000),
        handlerBackoff: { initialMs: 50, maxMs: 500 },
        readRetry: { attempts: -1, initialMs: 50, maxMs: 500 },
        startTimeoutMs: 600_000,
        onError: () => {},
        ...(recordings === undefined ? {} : { record: recordingIn(recordings, `${consumerId}-${index}`) }),
        ...(isTraced
          ? { logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } }
          : {}),
      },
      // A cluster says by itself where keys are.
      {
        machine: { host: 'simulated', pid: index },
        heartbeatThread: simulatedHeartbeatThread(
          this.process,
          world.templateFor(this.process, this.process.thread),
        ),
        ...(shape.isApart && shape.servers === 1 && { layout: { dlqIsLocal: false, locksAreLocal: false } }),
      },
    );
    this.runtime = runtime;
    runtime.seam.on('notification', (event) => hooks.told(this, event as Notification));
    runtime.process((handle) => this.#work(handle));
    runtime.start().then(
      () => {
        if (this.state === 'starting') this.state = 'running';
        this.runningAt = world.timeline.now;
        say(`is running as ${this.consumer}`);
      },
      (error: unknown) => {
        say(`did not start: ${codeOf(error)}`);
        if (this.state !== 'stopping') this.state = 'ended';
      },
    );
  }

  get consumer(): string {
    return this.runtime.consumer;
  }

  get label(): string {
    return this.consumer;
  }

  /** It works, or is about to, or is on its way out. */
  get isAlive(): boolean {
    return this.state !== 'ended' && this.state !== 'crashed';
  }

  /** It is there for good, as far as it knows. */
  get isServing(): boolean {
    return this.state === 'starting' || this.state === 'running';
  }

  requestStop(mode: StopMode, atMs: number, timeoutMs?: number): void {
    this.state = 'stopping';
    const { heartbeatMs, handOverGraceMs } = this.#settings.shape;
    const endsMs = atMs + (timeoutMs ?? handOverGraceMs + 5 * heartbeatMs);
    if (this.stop === undefined) {
      this.stop = { atMs, mode, endsMs };
      this.released = [...this.open].filter((call) => call.startsWith('release')).length;
    } else {
      this.stop.endsMs = endsMs;
      if (isHarder(mode, this.stop.mode)) this.stop.mode = mode;
    }
    this.#settings.hooks.say(`${this.consumer} is asked to stop (${mode})`);
    void this.runtime.stop({ mode, ...(timeoutMs === undefined ? {} : { timeoutMs }) }).then((report) => {
      const isFirst = this.state !== 'ended';
      this.state = 'ended';
      if (isFirst) this.#settings.hooks.stopped(this, report);
    });
  }

  crash(): void {
    this.state = 'crashed';
    this.process.end();
    this.#settings.hooks.crashed(this);
  }

  /** Something befell it, or its server, for so long, that a stop may have to wait for. */
  disturb(ms = 0): void {
    this.disturbances += 1;
    this.disturbedUntil = Math.max(this.disturbedUntil, this.#settings.world.timeline.now + ms);
  }

  /** Its event loop stands still for so long. */
  block(ms: number): void {
    this.#settings.hooks.blocks(this, ms);
    this.disturb(ms);
    this.process.block(ms);
  }

  #sleep(ms: number): Promise<void> {
    const { timeline } = this.#settings.world;
    return new Promise((resolve) => {
      timeline.after(ms, ORDER.timer, this.process, resolve);
    });
  }

  async #work(handle: StreamHandle): Promise<void> {
    const { hooks, isCalm } = this.#settings;
    const worker = hooks.begins(this, handle);
    const { signal } = handle;
    if (isPoison(handle.name)) {
      await Promise.race([this.#sleep(this.#settings.shape.poisonMs), aborted(signal)]);
      if (!signal.aborted) hooks.killed(this);
    }
    const isReading = this.#settings.shape.isReading && !isPoison(handle.name);
    const isStubborn = !isCalm() && this.#temper.isTrue(0.1);
    try {
      if (isReading) {
        await this.#read(handle);
        return;
      }
      const workMs = this.#workMs();
      const worked = this.#sleep(workMs);
      if (this.#saves.isTrue(this.#settings.shape.saving) && !isPoison(handle.name))
        void this.#saveNowAndThen(handle, worker, workMs);
      if (isStubborn) await worked;
      else await Promise.race([worked, aborted(signal)]);
      if (signal.aborted && !isStubborn) {
        if (this.#temper.isTrue(0.3))
          await this.#sleep(this.#temper.next() * this.#settings.shape.handOverGraceMs * 1.5);
        return;
      }
      if (this.#settings.shape.ensuring > 0 && this.#conditions.isTrue(0.6)) {
        await this.#finishUntouched(handle, worker);
        return;
      }
      const temper = isCalm() ? 1 : this.#temper.next();
      if (temper < 0.12) {
        // What is thrown after the signal has aborted, or after done(), spends nothing.
        const isRejected = this.#rejects.isTrue(this.#settings.shape.rejecting);
        if (!signal.aborted) hooks.threw(this, handle, isRejected);
        throw isRejected ? new UnrecoverableError(HANDLER_FAILED) : new Error(HANDLER_FAILED);
      }
      if (temper < 0.22) await this.#release(handle, worker);
      else if (temper < 0.45) await this.#call('done', handle, worker, this.#maybeKept({}));
      // Busy: the event loop stands still.
      else if (temper < 0.47) this.block(this.#temper.next() * this.#settings.shape.heartbeatMs * 1.5);
    } finally {
      hooks.returned(this, worker, isReading);
    }
  }

  /** Until nothing comes for a while, or to the end mark; the runtime finishes the stream then, unless it was touched. */
  async #read(handle: StreamHandle): Promise<void> {
    const { hooks, isCalm, shape } = this.#settings;
    const { signal } = handle;
    const chance = this.#reads;
    const idleMs = isCalm() ? 20 : chance.pick([0, 50, shape.heartbeatMs]);
    const { isEnding, isTrimming, isBatching, isCommitting, onEntryError, entryRetries, maxRetries } = shape;
    const options: EntriesOptions = {
      count: chance.pick([1, 2, 100]),
      ...(isEnding ? {} : { idleMs }),
      ...(isTrimming ? { trim: 'committed' as const } : {}),
      ...(isCommitting ? { commit: 'manual' as const } : {}),
      ...(onEntryError === 'stop' ? {} : { onEntryError, entryRetries: Math.min(entryRetries, maxRetries) }),
    };
    hooks.iterates(this, handle);
    try {
      if (isBatching) {
        for await (const batch of handle.batches(options)) await this.#handleAll(handle, batch.entries);
      } else {
        for await (const entry of handle.entries(options)) await this.#handleAll(handle, [entry]);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** What it has been given at once. */
  async #handleAll(handle: StreamHandle, entries: readonly Entry[]): Promise<void> {
    const { hooks, isCalm, shape } = this.#settings;
    for (const { id } of entries) hooks.handed(this, handle, id);
    for (const entry of entries) {
      // Of several the first one is taken for the one that failed, until they are handed out one by one.
      if (!isCalm()) await this.#handle(handle, this.#reads, (entries[0] as Entry).id);
      if (shape.isCommitting) await this.#commit(handle, entry);
    }
    if (!shape.isCommitting) for (const { id } of entries) hooks.through(this, handle, id);
  }

  /** Commits some, and does not always wait for that. */
  async #commit(handle: StreamHandle, entry: Entry): Promise<void> {
    const { hooks, isCalm } = this.#settings;
    const chance = this.#commits;
    if (!isCalm() && chance.isTrue(0.3)) return;
    hooks.through(this, handle, entry.id);
    const committed = entry.commit().then(
      () => hooks.committed(this, handle, entry.id),
      // It has lost the stream, or Redis cannot be reached: nothing is promised then.
      () => {},
    );
    if (chance.isTrue(0.5)) await committed;
  }

  /** Works on an entry, which may take its time, and fail. */
  async #handle(handle: StreamHandle, chance: Chance, entryId: string): Promise<void> {
    const { hooks, shape } = this.#settings;
    const { signal } = handle;
    await this.#sleep(chance.isTrue(0.5) ? 1 : (chance.next() * shape.heartbeatMs) / 3);
    if (chance.isTrue(0.02)) this.block(chance.next() * shape.heartbeatMs * 1.5);
    if (chance.isTrue(shape.onEntryError === 'stop' ? 0.05 : 0.2)) {
      if (!signal.aborted) {
        hooks.threw(this, handle, false);
        hooks.throwsAt(this, handle, entryId);
      }
      throw new Error(HANDLER_FAILED);
    }
    // Who has been told to stop may be at an entry for a while.
    if (signal.aborted && chance.isTrue(0.3)) await this.#sleep(chance.next() * shape.handOverGraceMs * 1.5);
  }

  #maybeKept(options: DoneOptions): DoneOptions {
    const { saving } = this.#settings.shape;
    return saving > 0 && this.#saves.isTrue(0.3) ? { ...options, keep: true } : options;
  }

  /** Counts on from where the owner before has got to; waits for some of it, and goes on saving for a while after the handler has returned, or the signal aborted. */
  async #saveNowAndThen(handle: StreamHandle, worker: Worker, workMs: number): Promise<void> {
    let count = Number(handle.checkpoint ?? 0);
    for (let left = this.#saves.integer(1, 5); left > 0; left -= 1) {
      await this.#sleep(this.#saves.isTrue(0.3) ? 0 : (this.#saves.next() * workMs) / 2);
      count += 1;
      const settled = this.#settings.hooks.saves(this, handle, worker, count);
      const saved = handle.save(String(count)).then(
        () => settled(null),
        (error: unknown) => settled(codeOf(error)),
      );
      if (this.#saves.isTrue(0.5)) await saved;
    }
  }

  async #release(handle: StreamHandle, worker: Worker): Promise<void> {
    const afterMs = this.#delays.isTrue(this.#settings.shape.delaying)
      ? this.#delays.integer(0, MOST_DELAY_MS)
      : 0;
    await this.#call('release', handle, worker, undefined, { afterMs });
  }

  /** Until nobody has touched it since it was looked at last. */
  async #finishUntouched(handle: StreamHandle, worker: Worker): Promise<void> {
    const { shape, isCalm } = this.#settings;
    while (!handle.signal.aborted) {
      const { touched } = handle;
      await this.#sleep(isCalm() ? 5 : this.#conditions.next() * shape.heartbeatMs);
      const code = await this.#call('done', handle, worker, this.#maybeKept({ ifTouches: touched }));
      if (code !== 'StreamTouched') return;
      worker.isOver = false;
    }
  }

  async #call(
    call: 'done' | 'release',
    handle: StreamHandle,
    worker: Worker,
    options?: DoneOptions,
    released?: ReleaseOptions,
  ): Promise<string | null> {
    const { hooks } = this.#settings;
    hooks.asks(this, handle, options?.ifTouches);
    if (call === 'done') hooks.finishes(this, handle, options?.keep === true);
    worker.isOver = true;
    const key = `${call} ${handle.id}`;
    const atMs = this.#settings.world.timeline.now;
    this.open.add(key);
    if (call === 'release' && this.stop !== undefined) this.released += 1;
    let code: string | null = null;
    try {
      await (call === 'done' ? handle.done(options) : handle.release(released));
    } catch (error) {
      code = codeOf(error);
    }
    this.open.delete(key);
    hooks.settled(this, { name: call, atMs, code }, handle);
    return code;
  }

  #workMs(): number {
    const { shape, isCalm } = this.#settings;
    if (isCalm()) return 5;
    const chance = this.#temper;
    const heartbeats =
      shape.isLong && chance.isTrue(0.5) ? (chance.isTrue(0.5) ? 3 : 12) : chance.isTrue(0.6) ? 1 : 3;
    return chance.next() * heartbeats * shape.heartbeatMs;
  }
}

export function codeOf(error: unknown): string {
  return isStreamwardenError(error) ? error.code : String(error);
}

const MODES: readonly StopMode[] = ['finish', 'handOver', 'abandon'];

function isHarder(mode: StopMode, than: StopMode): boolean {
  return MODES.indexOf(mode) > MODES.indexOf(than);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
