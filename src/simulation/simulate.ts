/** `simulate()`: a world with a seed, for the tests of applications. */
import type { Clock } from '../core/clock.js';
import { StreamwardenError, textOf } from '../core/errors.js';
import type { Ensured } from '../redis/announcing.js';
import type { Info } from '../redis/entry.js';
import { createNames } from '../redis/names.js';
import type { NewEntryFields } from '../runtime/new-entries.js';
import { type AnyService, isService, serviceOf } from '../runtime/define-service.js';
import type { Notification } from '../runtime/notifications.js';
import type { Producer } from '../runtime/open-producer.js';
import { composeProducer } from '../runtime/producer.js';
import type { Runtime, StopOptions, StopReport } from '../runtime/types.js';
import { Driver } from './driver.js';
import { type Duration, toMs } from './duration.js';
import { SimulationError } from './errors.js';
import { currentCall, HandlerCalls, type HandlerFailure } from './handler-calls.js';
import { type Argument, type Command, labelOf } from './labels.js';
import { Life } from './life.js';
import type { Connection } from './network.js';
import type { SimulatedProcess } from './process.js';
import { RealWork } from './real-work.js';
import type { Reply } from './redis/index.js';
import { isReplyError, toTexts } from './replies.js';
import {
  ServiceView,
  type SimulatedHistory,
  type SimulatedLetter,
  type StreamOwner,
} from './service-view.js';
import { ORDER } from './timeline.js';
import type {
  EndReport,
  FailoverOptions,
  OutageOptions,
  ServiceChoice,
  SimulatedProducerOptions,
  SimulatedRuntimeOptions,
  SimulatedWorld,
  SimulateOptions,
  UntilOptions,
} from './types.js';
import { World } from './world.js';

const MOST_SEED = 0xffff_ffff;
const TRACE_LINES = 100_000;
const UNTIL = '10 min';

function expectOption(isRight: boolean, option: string, expected: string, got: unknown): void {
  if (isRight) return;
  throw new StreamwardenError('InvalidOption', `expected ${option} to be ${expected}, got: ${textOf(got)}`, {
    details: { option, expected },
  });
}

function isInteger(value: unknown, from: number, to: number): boolean {
  return Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
}

function isPromise<T>(what: PromiseLike<T> | (() => boolean)): what is PromiseLike<T> {
  return 'then' in what && typeof what.then === 'function';
}

class Simulation implements SimulatedWorld {
  readonly seed: number;
  readonly clock: Clock;
  // Given to handlers by themselves: `{ sleep: world.sleep }`.
  readonly sleep = async (duration: Duration): Promise<void> => {
    await this.#calls.sleep(toMs(duration, 'duration'), this.#outside);
  };
  readonly real = <T>(work: Promise<T> | (() => Promise<T>)): Promise<T> =>
    this.#realWork.tell(work, this.#outside);
  readonly #world: World;
  readonly #calls: HandlerCalls;
  readonly #realWork: RealWork;
  readonly #driver: Driver;
  /** The test's own process: not one of the application's. */
  readonly #outside: SimulatedProcess;
  readonly #lives = new Map<Runtime, Life<unknown>>();
  readonly #services = new Map<string, ServiceView>();
  /** Those that say what their info is. */
  readonly #definitions = new Map<string, AnyService>();
  /** The producers that `announce` uses, by service. */
  readonly #announcers = new Map<string, Producer>();
  readonly #labels = new Map<SimulatedProcess, string>();
  readonly #trace: string[] = [];
  #producers = 0;
  #end: Promise<EndReport> | undefined;

  constructor({ seed = 1, latency = '1 ms', realLimitMs = 1_000 }: SimulateOptions) {
    expectOption(isInteger(seed, 0, MOST_SEED), 'seed', `an integer from 0 to ${MOST_SEED}`, seed);
    expectOption(
      isInteger(realLimitMs, 1, 600_000),
      'realLimitMs',
      'an integer from 1 to 600000',
      realLimitMs,
    );
    const latencyMs = toMs(latency, 'latency');
    expectOption(latencyMs > 0, 'latency', 'above 0', latency);
    this.seed = seed;
    this.#world = new World({
      seed,
      latencyMs,
      hasKeyspaceEvents: true,
      onThrown: (error) => this.#driver.fail(error),
      hooks: { executed: (connection, commands, replies) => this.#executed(connection, commands, replies) },
    });
    const { timeline } = this.#world;
    const say = (text: string) => this.#say(text);
    this.#calls = new HandlerCalls({ timeline, say, over: (call) => this.#realWork.forget(call) });
    this.#realWork = new RealWork({
      timeline,
      limitMs: realLimitMs,
      raced: (error) => this.#driver.fail(error),
    });
    this.#driver = new Driver(timeline, this.#realWork);
    this.#outside = this.#process('test');
    this.clock = this.#clockOfWhoeverAsks();
  }

  get now(): number {
    return this.#world.timeline.now;
  }

  runtime<TInfo = Info | null, TCheckpoint = string>(
    options: SimulatedRuntimeOptions<TInfo, TCheckpoint>,
  ): Runtime<TInfo, TCheckpoint> {
    this.#expectNoEnd();
    const consumerId = options?.consumerId ?? `consumer-${this.#lives.size + 1}`;
    return this.#begin({ ...options, consumerId }).runtime as Runtime<TInfo, TCheckpoint>;
  }

  producer<TInput = object | null, TFields = NewEntryFields>(
    options: SimulatedProducerOptions<TInput, TFields>,
  ): Producer<TInput, TFields> {
    this.#expectNoEnd();
    this.#producers += 1;
    const process = this.#process(`producer ${this.#producers}`);
    const redis = this.#world.redisFor(process);
    const producer = composeProducer({ ...options, redis, telemetry: false }, process.clock, false);
    this.#serviceOf(serviceOf(options.service));
    return producer;
  }

  async announce(name: string, info?: object | null, options?: ServiceChoice): Promise<string> {
    return await this.#answered(this.#announcer(options).add(name, info));
  }

  async ensure(name: string, info?: object | null, options?: ServiceChoice): Promise<Ensured> {
    return await this.#answered(this.#announcer(options).ensure(name, info));
  }

  #announcer(options: ServiceChoice | undefined): Producer {
    this.#expectNoEnd();
    const { service } = this.#service(options).names;
    let announcer = this.#announcers.get(service);
    if (announcer === undefined) {
      announcer = this.producer({ service: this.#definitions.get(service) ?? service });
      this.#announcers.set(service, announcer);
    }
    return announcer;
  }

  async #answered<T>(call: Promise<T>): Promise<T> {
    return this.#driver.isRunning ? await call : await this.until(call);
  }

  async advance(duration: Duration): Promise<void> {
    this.#expectNoEnd();
    await this.#driver.run(this.now + toMs(duration, 'duration'));
  }

  until<T>(promise: PromiseLike<T>, options?: UntilOptions): Promise<T>;
  until(condition: () => boolean, options?: UntilOptions): Promise<void>;
  async until<T>(
    what: PromiseLike<T> | (() => boolean),
    { within = UNTIL }: UntilOptions = {},
  ): Promise<T | undefined> {
    this.#expectNoEnd();
    return await this.#until(what, within);
  }

  freeze(runtime: Runtime, duration?: Duration): void {
    const life = this.#living(runtime);
    const ms = duration === undefined ? Number.POSITIVE_INFINITY : toMs(duration, 'duration');
    this.#fault(`${life.consumer} is frozen for ${ms} ms`);
    life.freeze(ms);
  }

  block(runtime: Runtime, duration: Duration): void {
    const life = this.#living(runtime);
    const ms = toMs(duration, 'duration');
    this.#fault(`the event loop of ${life.consumer} is blocked for ${ms} ms`);
    life.block(ms);
  }

  thaw(runtime: Runtime): void {
    const life = this.#living(runtime);
    this.#fault(`${life.consumer} is thawed`);
    life.thaw();
  }

  crash(runtime: Runtime): void {
    const life = this.#living(runtime);
    this.#fault(`${life.consumer} crashes`);
    life.crash();
  }

  restart<TInfo, TCheckpoint>(runtime: Runtime<TInfo, TCheckpoint>): Runtime<TInfo, TCheckpoint> {
    this.#expectNoEnd();
    const before = this.#lifeOf(runtime);
    if (before.isAlive) this.crash(runtime);
    const life = this.#begin(before.options);
    life.inherit(before);
    return life.runtime as Runtime<TInfo, TCheckpoint>;
  }

  async stop(runtime: Runtime, options?: StopOptions): Promise<StopReport> {
    this.#living(runtime);
    return await this.until(runtime.stop(options));
  }

  cut(runtime: Runtime, duration: Duration = 0): void {
    const life = this.#living(runtime);
    const ms = toMs(duration, 'duration');
    this.#fault(`${life.consumer} is cut off for ${ms} ms`);
    life.cut(ms);
  }

  outage(duration: Duration, { how = 'refused', data = 'kept' }: OutageOptions = {}): void {
    const ms = toMs(duration, 'duration');
    expectOption(how === 'refused' || how === 'silent', 'how', "one of 'refused', 'silent'", how);
    expectOption(data === 'kept' || data === 'lost', 'data', "one of 'kept', 'lost'", data);
    expectOption(how === 'refused' || data === 'kept', 'data', "'kept' since how is 'silent'", data);
    this.#fault(`an outage of ${ms} ms, ${how}, data ${data}`);
    const { server } = this.#world;
    if (how === 'silent') server.stall(ms);
    else server.restart(ms, { keepData: data === 'kept' });
    if (data === 'lost') this.#dataLost();
  }

  failover({ lag = '100 ms', downtime = '1 s' }: FailoverOptions = {}): void {
    const [lagMs, downMs] = [toMs(lag, 'lag'), toMs(downtime, 'downtime')];
    const { server, timeline } = this.#world;
    const replica = server.redis.snapshot();
    this.#fault(`the replica lags from now on, and takes over in ${lagMs} ms`);
    timeline.after(lagMs, ORDER.observer, undefined, () => {
      this.#fault('the replica takes over');
      server.restart(downMs, { from: replica });
      this.#dataLost();
    });
  }

  owners(options?: ServiceChoice): ReadonlyMap<string, StreamOwner> {
    return this.#service(options).owners();
  }

  told<TInfo>(runtime: Runtime<TInfo>): readonly Notification<TInfo>[] {
    return [...this.#lifeOf(runtime).told];
  }

  letters(options?: ServiceChoice): readonly SimulatedLetter[] {
    return this.#service(options).letters();
  }

  failures(): readonly HandlerFailure[] {
    return [...this.#calls.failures];
  }

  history(options?: ServiceChoice): SimulatedHistory {
    return this.#service(options).history();
  }

  trace(): readonly string[] {
    return [...this.#trace];
  }

  end(): Promise<EndReport> {
    this.#end ??= this.#finish();
    return this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #until<T>(what: PromiseLike<T> | (() => boolean), within: Duration): Promise<T | undefined> {
    const ms = toMs(within, 'within');
    const wanted = isPromise(what);
    let isSettled = false;
    if (wanted) {
      const settle = () => {
        isSettled = true;
      };
      what.then(settle, settle);
    }
    const isOver = wanted ? () => isSettled : what;
    if (await this.#driver.run(this.now + ms, isOver)) return wanted ? await what : undefined;
    const handlers = [...this.#calls.running].map(({ stream, consumer }) => `${stream} (${consumer})`);
    throw new SimulationError(
      'NotReached',
      `expected ${wanted ? 'the promise to settle' : 'the condition to hold'} within ${ms} ms of simulated time, got: neither that nor an error; handlers that run: ${handlers.join(', ') || 'none'}`,
    );
  }

  async #finish(): Promise<EndReport> {
    const { server, timeline } = this.#world;
    const lives = [...this.#lives.values()];
    for (const life of lives) life.heal();
    await this.#until(() => server.isWell, '24 h');
    const stops = lives
      .filter(({ isAlive }) => isAlive)
      .map(({ runtime }) => runtime.stop({ mode: 'handOver' }));
    const reports = (await this.#until(Promise.all(stops), UNTIL)) ?? [];
    for (const announcer of this.#announcers.values()) await announcer.close();
    this.#checkHistory();
    for (const { process } of lives) process.end();
    return {
      ms: timeline.now,
      steps: timeline.steps,
      stragglers: reports.flatMap(({ stragglers }) => stragglers),
    };
  }

  #checkHistory(): void {
    for (const service of this.#services.values()) {
      if (!service.isHistoryWhole) continue;
      const { violations } = service.history();
      if (violations.length === 0) continue;
      throw new SimulationError(
        'HistoryViolated',
        `the history of ${service.names.service} shows what must never happen: ${violations.join('; ')}`,
      );
    }
  }

  #begin<TInfo>(options: Life<TInfo>['options']): Life<TInfo> {
    const processName = `runtime ${this.#lives.size + 1}`;
    const { service, consumerId, dlqStream } = options;
    for (const name of ['redis', 'clusterMode', 'clock', 'historyKey', 'record', 'telemetry', 'inspect']) {
      expectOption(!(name in options), name, 'left out in a simulation', 'a value');
    }
    // An option that is wrong is said to be so by the runtime itself.
    const isRight = typeof service === 'string' || isService(service);
    const view = isRight ? this.#serviceOf(serviceOf(service)) : undefined;
    const life = new Life<TInfo>({
      world: this.#world,
      calls: this.#calls,
      historyKey: view?.historyKey ?? '',
      options,
      processName,
      say: (text) => this.#say(text),
      startFailed: (error) => {
        const message = `the runtime ${consumerId} could not start: ${textOf(error)}; start it yourself where a test expects that`;
        this.#driver.fail(new SimulationError('StartFailed', message, { cause: error }));
      },
    });
    if (dlqStream !== undefined) view?.dlqs.add(dlqStream);
    this.#lives.set(life.runtime as Runtime, life as unknown as Life<unknown>);
    this.#labels.set(life.process, life.consumer);
    return life;
  }

  #process(name: string): SimulatedProcess {
    const process = this.#world.process(name);
    this.#labels.set(process, name);
    return process;
  }

  /** Made when it is first heard of. */
  #serviceOf(service: AnyService): ServiceView {
    const { name, infoSchema } = service;
    if (infoSchema !== undefined) this.#definitions.set(name, service);
    let view = this.#services.get(name);
    if (view === undefined) {
      view = new ServiceView(this.#world.server, createNames({ service: name }));
      this.#services.set(name, view);
    }
    return view;
  }

  #service({ service: given }: ServiceChoice = {}): ServiceView {
    const service = given === undefined ? undefined : serviceOf(given).name;
    const [first, second] = this.#services.values();
    const view = service === undefined ? first : this.#services.get(service);
    const known = [...this.#services.keys()].join(', ') || 'none';
    const isClear = view !== undefined && (service !== undefined || second === undefined);
    expectOption(isClear, 'service', `one of the world's services (${known})`, service);
    return view as ServiceView;
  }

  #lifeOf<TInfo>(runtime: Runtime<TInfo>): Life<TInfo> {
    const life = this.#lives.get(runtime as Runtime);
    if (life === undefined)
      throw new SimulationError('InvalidState', 'expected a runtime of this world, got: another one');
    return life as unknown as Life<TInfo>;
  }

  #living(runtime: Runtime): Life<unknown> {
    this.#expectNoEnd();
    const life = this.#lifeOf(runtime);
    if (life.hasCrashed) {
      throw new SimulationError(
        'InvalidState',
        `expected ${life.consumer} to be there, got: a process that has crashed`,
      );
    }
    return life;
  }

  #expectNoEnd(): void {
    if (this.#end !== undefined)
      throw new SimulationError('InvalidState', 'the world has ended; make another one');
  }

  #dataLost(): void {
    for (const service of this.#services.values()) service.isHistoryWhole = false;
  }

  #clockOfWhoeverAsks(): Clock {
    const own = () => (currentCall()?.process ?? this.#outside).clock;
    return {
      now: () => own().now(),
      monotonic: () => own().monotonic(),
      random: () => own().random(),
      setTimeout: (callback, delayMs) => own().setTimeout(callback, delayMs),
      clearTimeout: (timer) => own().clearTimeout(timer),
      setImmediate: (callback) => own().setImmediate?.(callback),
      randomBytes: (count) => own().randomBytes?.(count) ?? new Uint8Array(count),
    };
  }

  #executed({ process, role }: Connection, commands: readonly Command[], replies: readonly Reply[]): void {
    this.#say(`${this.#labels.get(process)} [${role}] ${labelOf(commands)}`);
    commands.forEach((command, at) => {
      const reply = replies[at];
      if (reply === undefined || isReplyError(reply)) return;
      if (command[0] === 'XADD') this.#announced(command[1], [String(toTexts(reply))]);
      else if (labelOf([command]) === 'ensure') this.#announced(command[3], createdIn(toTexts(reply)));
      else if (labelOf([command]) === 'add-delayed') this.#announced(command[3], toTexts(reply) as string[]);
      else if (labelOf([command]) === 'cancel') this.#cancelled(command[3], toTexts(reply));
    });
  }

  #announced(key: Argument | undefined, ids: readonly string[]): void {
    for (const { names, announced } of this.#services.values()) {
      if (names.lbs === String(key) || names.delayed === String(key)) announced.push(...ids);
    }
  }

  /** What nobody had been given is gone: its history says nothing of that. */
  #cancelled(key: Argument | undefined, reply: unknown): void {
    for (const { names, cancelled } of this.#services.values()) {
      if (names.lbs !== String(key)) continue;
      for (const found of reply as string[][]) {
        for (let at = 0; at < found.length; at += 2) {
          const [as, id = ''] = found.slice(at, at + 2);
          if (as !== 'waiting' && as !== 'delayed') continue;
          cancelled.push({ op: 'cancelled', at: this.now, id, name: '', from: '', by: '' });
        }
      }
    }
  }

  #fault(text: string): void {
    this.#expectNoEnd();
    this.#say(`FAULT ${text}`);
  }

  #say(text: string): void {
    if (this.#trace.length >= 1.5 * TRACE_LINES) this.#trace.splice(0, this.#trace.length - TRACE_LINES);
    this.#trace.push(`${this.now.toFixed(3).padStart(12)} ${text}`);
  }
}

/** The ids of what an `ensure` has announced; its reply has two items a stream. */
function createdIn(reply: unknown): string[] {
  const items = reply as readonly (string | number)[];
  return items.flatMap((id, at) => (at % 2 === 0 && items[at + 1] === 1 ? [String(id)] : []));
}

/**
 * Makes a world in which the application's own handlers run on real runtimes, in simulated time and without Redis.
 *
 * ```ts
 * await using world = simulate({ seed: 7 });
 * const a = world.runtime({ service: 'orders', consumerId: 'a' });
 * a.process(handler);
 * await world.announce('order-1');
 * await world.advance('10 s');
 * ```
 *
 * @throws StreamwardenError `InvalidOption`
 */
export function simulate(options: SimulateOptions = {}): SimulatedWorld {
  return new Simulation(options);
}
