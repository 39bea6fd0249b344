/** The public face of a simulated world. */
import type { Clock } from '../core/clock.js';
import type { Ensured } from '../redis/announcing.js';
import type { Info } from '../redis/entry.js';
import type { NewEntryFields } from '../runtime/new-entries.js';
import type { AnyService } from '../runtime/define-service.js';
import type { Notification } from '../runtime/notifications.js';
import type { Producer } from '../runtime/open-producer.js';
import type { RuntimeOptions } from '../runtime/options.js';
import type { ProducerOptions } from '../runtime/producer.js';
import type { Runtime, StopOptions, StopReport } from '../runtime/types.js';
import type { Duration } from './duration.js';
import type { HandlerFailure } from './handler-calls.js';
import type { SimulatedHistory, SimulatedLetter, StreamOwner } from './service-view.js';

/** Options of {@link simulate}. */
export interface SimulateOptions {
  /** Decides all chance in the world: the same seed and the same program give the same run. 0 to 4,294,967,295. @defaultValue 1 */
  readonly seed?: number;
  /** How long a message takes one way at most, most of the time; one in twenty takes up to ten times as long. Above 0. @defaultValue '1 ms' */
  readonly latency?: Duration;
  /** How long the world waits for real work, in milliseconds of real time, before it says what it waits for. 1 to 600,000. @defaultValue 1000 */
  readonly realLimitMs?: number;
}

/**
 * Options of a simulated runtime: those of `createRuntime`, but for what the world itself gives it. There is no `record` either, which writes
 * files. `consumerId` is `consumer-1`, `consumer-2`, … unless given; the environment is not looked at.
 */
export type SimulatedRuntimeOptions<TInfo = Info | null, TCheckpoint = unknown> = Omit<
  RuntimeOptions<TInfo, TCheckpoint>,
  'redis' | 'clusterMode' | 'clock' | 'historyKey' | 'record' | 'telemetry' | 'inspect'
>;

/** Options of a simulated producer: those of `createProducer`, but for what the world itself gives it. */
export type SimulatedProducerOptions<TInput = object | null, TFields = NewEntryFields> = Omit<
  ProducerOptions<TInput, TFields>,
  'redis' | 'telemetry' | 'data'
>;

/** Which service is meant. Needed only in a world of several. */
export interface ServiceChoice {
  /** @defaultValue the only one that the world's runtimes and producers have */
  readonly service?: string | AnyService;
}

/** Options of {@link SimulatedWorld.until}. */
export interface UntilOptions {
  /** How much simulated time it may take. @defaultValue '10 min' */
  readonly within?: Duration;
}

/** Options of {@link SimulatedWorld.outage}. */
export interface OutageOptions {
  /** `refused`: connections end, and new ones are refused. `silent`: Redis answers nothing, and connections stay. @defaultValue 'refused' */
  readonly how?: 'refused' | 'silent';
  /** Whether Redis comes back with its data. `lost` is possible with `refused` only. @defaultValue 'kept' */
  readonly data?: 'kept' | 'lost';
}

/** Options of {@link SimulatedWorld.failover}. */
export interface FailoverOptions {
  /** How far the replica lags behind: what is written from now on for so long is lost with the master. @defaultValue '100 ms' */
  readonly lag?: Duration;
  /** How long nobody can connect. @defaultValue '1 s' */
  readonly downtime?: Duration;
}

/** What {@link SimulatedWorld.end} reports. */
export interface EndReport {
  /** Simulated time since the world began, in milliseconds. */
  readonly ms: number;
  /** How much has happened: timers, messages, turns of event loops. */
  readonly steps: number;
  /** Data streams whose handler had not returned when its grace was over. */
  readonly stragglers: readonly string[];
}

/**
 * A world with a seed: a Redis, a network, and processes, all simulated, in which real runtimes run the application's own handlers in simulated
 * time. Made by {@link simulate}. Simulated time goes by only within `advance`, `until`, `announce`, `stop` and `end`; one of them at a time.
 *
 * What they reject with is a {@link SimulationError}; a `StreamwardenError` with the code `InvalidOption` says that an argument is wrong. Methods that
 * are given a runtime throw `InvalidState` for one of another world, or, where that makes no sense, for one that has crashed.
 */
export interface SimulatedWorld extends AsyncDisposable {
  /** The seed that it was made with. */
  readonly seed: number;
  /** Simulated time since the world began, in milliseconds. */
  readonly now: number;
  /**
   * Time and chance for the application's code. In a handler they are those of the handler's process: its timers stand still while it is frozen, and
   * never fire after a crash. Elsewhere those of a process of the test's own.
   */
  readonly clock: Clock;
  /**
   * Makes a runtime in a process of its own. It is started with the next step of time, unless `start()` is called before. The rest is that of
   * `createRuntime()`; what takes time (`start()`, `stop()`, `done()`) needs it to go by: `world.until(runtime.stop())`.
   * @throws StreamwardenError `InvalidOption`
   */
  runtime<TInfo = Info | null, TCheckpoint = string>(
    options: SimulatedRuntimeOptions<TInfo, TCheckpoint>,
  ): Runtime<TInfo, TCheckpoint>;
  /**
   * Makes a producer in a process of its own. What it is asked to do needs time to go by: `world.until(producer.add('order-1'))`.
   * @throws StreamwardenError `InvalidOption`
   */
  producer<TInput = object | null, TFields = NewEntryFields>(
    options: SimulatedProducerOptions<TInput, TFields>,
  ): Producer<TInput, TFields>;
  /**
   * Announces a data stream, and lets time go by until Redis has it; within a handler, just announces it. Resolves with the entry id.
   * @param name name of the data stream
   * @param info what its owner should know
   * @throws StreamwardenError `InvalidOption`; `RedisUnavailable` when Redis is away for more than 10 s
   */
  announce(name: string, info?: object | null, options?: ServiceChoice): Promise<string>;
  /**
   * Announces a data stream unless it waits or is owned already, as `producer.ensure()`; otherwise as `announce`. Of one that is owned the owner
   * is told that it was touched.
   * @throws StreamwardenError `InvalidOption`; `RedisUnavailable` when Redis is away for more than 10 s
   */
  ensure(name: string, info?: object | null, options?: ServiceChoice): Promise<Ensured>;
  /** Lets so much time go by. Timers and messages that are due at its very end have happened when it resolves. */
  advance(duration: Duration): Promise<void>;
  /**
   * Lets time go by until a promise has settled, and settles as it does.
   * @throws SimulationError `NotReached` when that takes too long
   */
  until<T>(promise: PromiseLike<T>, options?: UntilOptions): Promise<T>;
  /**
   * Lets time go by until a condition holds. It is asked after each step, so it should be quick.
   * @throws SimulationError `NotReached` when that takes too long
   */
  until(condition: () => boolean, options?: UntilOptions): Promise<void>;
  /**
   * Resolves after so much simulated time: for handlers, in the place of timers of Node.js. In a handler it stands still while its process is frozen, and
   * never resolves after a crash. In the test itself, `advance` is what is meant. It is bound: `{ sleep: world.sleep }`.
   */
  sleep(duration: Duration): Promise<void>;
  /**
   * For a handler that does something real: a file, a database, a request. Simulated time stands still until it has settled; then the handler goes on
   * at the same moment of simulated time. It is bound.
   */
  real<T>(work: Promise<T> | (() => Promise<T>)): Promise<T>;
  /**
   * Stands a process still, as SIGSTOP does: neither timers nor messages are dealt with, and clocks run on. What its handlers
   * await outside the world goes on all the same.
   * @param duration how long. Without it, until `thaw()`
   */
  freeze(runtime: Runtime, duration?: Duration): void;
  /**
   * Blocks the event loop of a process, as a computation does: as `freeze()`, but the thread of `heartbeat: 'thread'` goes on.
   * @param duration how long
   */
  block(runtime: Runtime, duration: Duration): void;
  /** Lets a frozen process go on. It does within 10 ms of simulated time. */
  thaw(runtime: Runtime): void;
  /** Ends a process at once, as SIGKILL does: nothing of it happens any more, and what its handlers await of the world never comes. */
  crash(runtime: Runtime): void;
  /** Starts a process anew, with the same options and the same handler; crashes it first if it has not ended. Returns its new runtime. */
  restart<TInfo, TCheckpoint>(runtime: Runtime<TInfo, TCheckpoint>): Runtime<TInfo, TCheckpoint>;
  /** Stops a runtime, and lets time go by until it has stopped. */
  stop(runtime: Runtime, options?: StopOptions): Promise<StopReport>;
  /**
   * Ends the connections of a process, commands and answers on their way included.
   * @param duration for how long it cannot connect again. @defaultValue 0: it may at once
   */
  cut(runtime: Runtime, duration?: Duration): void;
  /** Takes Redis away from everyone for so long. */
  outage(duration: Duration, options?: OutageOptions): void;
  /** Has a replica that lags take over: the last writes are lost. From then on `end()` does not judge the history. */
  failover(options?: FailoverOptions): void;
  /** Who owns what, by the data stream's name, as Redis has it now. A handler of a previous owner may still run. */
  owners(options?: ServiceChoice): ReadonlyMap<string, StreamOwner>;
  /** Everything that a runtime has told so far, in order; what `notifications()` gives is none the less for it. */
  told<TInfo>(runtime: Runtime<TInfo>): readonly Notification<TInfo>[];
  /** What has been dead-lettered, in order. */
  letters(options?: ServiceChoice): readonly SimulatedLetter[];
  /** What handlers have thrown so far: failed assertions in a handler are here. */
  failures(): readonly HandlerFailure[];
  /** Every change of owner so far, and what the history checker of `streamwarden/testing` finds in them. */
  history(options?: ServiceChoice): SimulatedHistory;
  /** What has happened, a line each: commands, handlers, notifications, faults. The same seed and program give the same lines. At most the last 100,000. */
  trace(): readonly string[];
  /**
   * Ends whatever befell the world, stops every runtime (handOver) and checks the history. Idempotent. `await using world = simulate()` does it at
   * the end of the block.
   * @throws SimulationError `HistoryViolated`, `Unhandled`, `RealWork`, `NotReached`
   */
  end(): Promise<EndReport>;
}
