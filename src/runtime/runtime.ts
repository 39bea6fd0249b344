/** Options in, a runtime out. Composes one incarnation on `start()` and gives it its public face. */
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { Consumer } from '../actors/consumer.js';
import type { Kernel, Machine, Stores } from '../actors/kernel.js';
import { randomHex, systemClock } from '../core/clock.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { Seam } from '../core/seam.js';
import {
  createHeartbeatThread,
  type HeartbeatThread,
  type HeartbeatThreadSettings,
} from '../heartbeat/heartbeat-thread.js';
import type { ConsumerState } from '../machines/standing.js';
import {
  bulkTimeoutFor,
  type Connections,
  commandTimeoutFor,
  createBulkCommands,
  createConnections,
  createHomeCommands,
  createReaderCommands,
} from '../redis/connections.js';
import { type DataDeployment, dataAmongOthers, dataElsewhere } from '../redis/data-deployment.js';
import { createDeadLetterQueue } from '../redis/dead-letter-queue.js';
import { createFleetStore } from '../redis/fleet.js';
import type { Layout } from '../redis/layout.js';
import { incarnationName } from '../redis/names.js';
import type { ActiveRecording, RecordOptions } from '../replay/record-options.js';
import { Recorder } from '../replay/recorder.js';
import { RuntimeTelemetry } from '../telemetry/runtime-telemetry.js';
import { createApplicationPort } from './application-port.js';
import { createCheckpointCodec } from './checkpoint-codec.js';
import { endingOf } from './ending.js';
import { StreamEntries } from './entries/stream-entries.js';
import { type FleetMember, membersOf, readFleet } from './fleet.js';
import { HandlerBackoff } from './handler-backoff.js';
import { HandlerFailures } from './handler-failures.js';
import type { ErrorListener } from './handler-options.js';
import { healthOf } from './health.js';
import { createInfoCheck } from './info-check.js';
import { type Inside, showInside } from './inside.js';
import type { InspectOptions, RunningInspector } from './inspect-options.js';
import { Lifetime } from './lifetime.js';
import { notedStreams } from './noted-streams.js';
import { NotificationHub } from './notification-hub.js';
import type { Notification } from './notifications.js';
import { invalid } from './option-errors.js';
import { type CompiledOptions, compileOptions, concurrencyOf, type RuntimeOptions } from './options.js';
import { OwnedStreams } from './owned-streams.js';
import { Processor } from './processor.js';
import { compileRecordOptions } from './record-schema.js';
import type { Snapshot } from './snapshot.js';
import { overviewOf, type RuntimeFacts, snapshotOf } from './snapshot-of.js';
import { createStores } from './stores.js';
import { activityOf } from './stream-activity.js';
import type {
  Closed,
  DoneOptions,
  Health,
  ProcessOptions,
  ReleaseOptions,
  ReleaseReport,
  Runtime,
  Started,
  StopOptions,
  StopReport,
  StreamHandle,
  StreamHandler,
  StreamRefLike,
} from './types.js';
import { inspectActors } from './xstate-inspection.js';

/** What tests may put in the place of the real thing. Not part of the public interface. */
export interface Substitutes {
  /** Decorates the operations on Redis. */
  readonly stores?: (stores: Stores) => Stores;
  /** Where it runs, as other processes are told. */
  readonly machine?: Machine;
  /** Has everything done as it is where keys live apart. */
  readonly layout?: Layout;
  /** Keeps the lease while the event loop is blocked. */
  readonly heartbeatThread?: (settings: HeartbeatThreadSettings) => HeartbeatThread;
}

/** Heartbeats that stopping may take beside the handlers' grace. */
const STOP_HEARTBEATS = 5;
/** What 'finish' gets on top unless told otherwise, in milliseconds. */
const FINISH_MS = 60_000;

/** @throws StreamwardenError `InvalidOption` */
function idOf(stream: StreamRefLike): string {
  const id = (stream as { readonly id?: unknown } | null | undefined)?.id;
  if (typeof id === 'string') return id;
  throw invalid('stream', `a handle, a notification or an object with an id${hintOn(stream)}`, stream);
}

/** What those meant who give something else. */
function hintOn(stream: unknown): string {
  if (typeof stream === 'string') return ' (owned(name) has the handle of a stream by its name)';
  return stream === undefined ? ' (owned(name) has none for a stream that is not owned here)' : '';
}

class StreamwardenRuntime<TInfo, TCheckpoint> implements Runtime<TInfo, TCheckpoint> {
  readonly service: string;
  readonly consumer: string;
  /** Where telemetry, recorder and inspector attach. */
  readonly seam: Seam;
  readonly recording: ActiveRecording | undefined;
  readonly #options: CompiledOptions<TInfo>;
  readonly #recorder: Recorder;
  readonly #hub: NotificationHub;
  readonly #incarnation: Consumer;
  readonly #streams: OwnedStreams<TInfo, TCheckpoint>;
  readonly #entries: StreamEntries;
  readonly #lifetime: Lifetime;
  /** Streams that were told as lost. */
  #lost = 0;
  readonly #backoff: HandlerBackoff;
  readonly #failures: HandlerFailures;
  readonly #telemetry: RuntimeTelemetry;
  #processor: Processor<TInfo, TCheckpoint> | undefined;

  constructor(options: CompiledOptions<TInfo>, substitutes: Substitutes) {
    this.#options = options;
    this.service = options.names.service;
    this.consumer = incarnationName(options.consumerId, randomHex(options.clock, 4));
    this.seam = new Seam((error) => options.logger.error({ error: messageOf(error) }, 'an observer threw'));
    this.#lifetime = new Lifetime(options.clock, this.seam);
    this.#hub = new NotificationHub(options.notificationBuffer, () => this.#incarnation.intake.bell.ring());
    this.#recorder = new Recorder({
      ...options,
      service: this.service,
      consumer: this.consumer,
      seam: this.seam,
    });
    // Before there is any actor.
    if (options.inspect) {
      inspectActors(this.seam, options.inspect, (error) =>
        options.logger.error({ error: messageOf(error) }, 'an inspection observer threw'),
      );
    }
    this.recording = options.record && this.#recorder.record(options.record);
    const ended = new AbortController();
    // Whatever waits listens to it: many do at times, and none of them is a leak.
    setMaxListeners(0, ended.signal);
    const kernel = this.#kernel(ended.signal, substitutes);
    this.#telemetry = new RuntimeTelemetry({
      seam: this.seam,
      lbs: options.names.lbs,
      group: options.names.group,
      consumer: this.consumer,
      clock: options.clock,
      recorder: options.recorder,
      onRecorderError: (error) =>
        options.logger.error({ error: messageOf(error) }, 'a recorder of metrics threw'),
      standing: () => this.#standing,
    });
    this.#incarnation = new Consumer(kernel, options, {
      watched: async () => {
        if (options.telemetry) await this.#telemetry.attach();
      },
      end: () => ended.abort(),
      running: () => this.#started(),
      terminated: (error) => this.#terminated(error),
    });
    showInside(this, this.#inside(kernel));
    const { clock, logger, handlerBackoff, handlerDelay: delay } = options;
    this.#backoff = new HandlerBackoff({ clock, logger, delay, ...handlerBackoff });
    this.#failures = new HandlerFailures({
      service: this.service,
      clock: options.clock,
      logger: options.hasLogger ? options.logger : undefined,
      onError: options.onError as ErrorListener | undefined,
      tell: (notification) => this.#tell(notification),
    });
    this.#entries = new StreamEntries({
      clock,
      logger,
      maxRetries: options.maxRetries,
      names: options.names,
      consumer: this.#incarnation,
      tell: (notification) => this.#tell(notification),
    });
    this.#streams = new OwnedStreams<TInfo, TCheckpoint>({
      logger: options.logger,
      movable: options.movable as ((stream: StreamHandle<TInfo>) => boolean) | undefined,
      backoff: this.#backoff,
      failures: this.#failures,
      consumer: this.#incarnation,
      entries: this.#entries,
      isInside: (ownership) => this.#processor?.isInside(ownership) ?? false,
      codec: createCheckpointCodec(options.checkpointSchema),
    });
  }

  get state(): ConsumerState {
    return this.#incarnation.state;
  }

  get closed(): Promise<Closed> {
    return this.#lifetime.closed;
  }

  start(): Promise<Started> {
    const { starting } = this.#lifetime;
    if (starting && !this.#hasEnded) return starting;
    // Stopped before it was started: there is nothing to begin.
    if (this.state === 'stopped' && !starting) return Promise.resolve('stopped');
    if (this.state !== 'idle')
      return Promise.reject(
        new StreamwardenError('RuntimeStopped', 'a runtime starts once; make another one'),
      );
    const begun = this.#lifetime.begin();
    this.#incarnation.start();
    return begun;
  }

  async stop(options: StopOptions = {}): Promise<StopReport> {
    const mode = options.mode ?? 'handOver';
    const { handOverGraceMs, heartbeatMs } = this.#options;
    const budget = handOverGraceMs + STOP_HEARTBEATS * heartbeatMs + (mode === 'finish' ? FINISH_MS : 0);
    this.#incarnation.stop(mode, options.timeoutMs ?? budget);
    await this.closed;
    const report = this.#incarnation.drainReport ?? { handedOver: 0, stragglers: [], abandoned: [] };
    // Of several calls the hardest mode counts; what failed by itself was not stopped in any.
    return { mode: this.state === 'failed' ? mode : this.#incarnation.drainMode, ...report };
  }

  notifications(): AsyncIterableIterator<Notification<TInfo>> {
    return this.#hub.read() as AsyncIterableIterator<Notification<TInfo>>;
  }

  process(handler: StreamHandler<TInfo, TCheckpoint>, options: ProcessOptions = {}): void {
    const { capacity, clock, logger } = this.#options;
    if (typeof handler !== 'function') throw invalid('handler', 'a function', handler);
    const concurrency = concurrencyOf(options, capacity);
    if (this.#processor)
      throw new StreamwardenError(
        'ProcessorAttached',
        'a runtime has one handler, and it is attached already',
      );
    this.#processor = new Processor<TInfo, TCheckpoint>(handler, concurrency, {
      handle: (ownership) => this.#streams.handle(ownership),
      begins: (ownership) => this.#entries.begins(ownership),
      done: (ownership) => this.#streams.doneByHandler(ownership),
      passedOver: (ownership, error) => this.#entries.failed(ownership, error),
      watch: (ownership, work) =>
        this.#telemetry.run(ownership, work, (...thrown) => endingOf(ownership, ...thrown)),
      failed: (ownership, error) => this.#streams.handlerFailed(ownership, error),
      isLeaving: () => {
        const { state, drainMode } = this.#incarnation;
        return state === 'draining' && drainMode !== 'finish';
      },
      returned: () => this.#incarnation.ownerships.changed.ring(),
      log: (fields, message) => logger.warn(fields, message),
      now: () => clock.now(),
    });
    this.#incarnation.intake.capacity = Math.min(capacity, concurrency);
    this.#hub.attachProcessor();
    for (const ownership of this.#incarnation.ownerships) {
      if (ownership.state === 'extending' || ownership.state === 'uncertain') this.#processor.add(ownership);
    }
  }

  async done(stream: StreamRefLike, options?: DoneOptions): Promise<void> {
    await this.#streams.done(this.#streams.find(idOf(stream)), options);
  }

  async release(stream: StreamRefLike, options?: ReleaseOptions): Promise<void> {
    await this.#streams.release(this.#streams.find(idOf(stream)), options);
  }

  async releaseMany(
    predicate: (stream: StreamHandle<TInfo, TCheckpoint>) => boolean,
    options?: ReleaseOptions,
  ): Promise<ReleaseReport> {
    return await this.#streams.releaseMany(predicate, options);
  }

  async claim(stream: StreamRefLike): Promise<void> {
    const id = idOf(stream);
    const { clock } = this.#options;
    const began = clock.monotonic();
    let error: string | null = null;
    try {
      await this.#claim(id);
    } catch (thrown) {
      error = isStreamwardenError(thrown) ? thrown.code : 'InternalError';
      throw thrown;
    } finally {
      this.seam.emit('claimAsked', { id, tookMs: clock.monotonic() - began, error });
    }
  }

  async #claim(id: string): Promise<void> {
    const outcome = await this.#incarnation.recoverer.takeOne(id);
    const details = { id };
    switch (outcome) {
      case 'alive':
      case 'locked':
        throw new StreamwardenError('OwnerAlive', `the owner of entry ${id} is alive`, { details });
      case 'requeued':
      case 'deadLettered':
      case 'deadLetterDue':
        return;
      default:
        throw new StreamwardenError(
          'AlreadyClaimed',
          `there is nothing to claim: entry ${id} is not pending any more`,
          { details },
        );
    }
  }

  async resetTopology(): Promise<void> {
    await this.#incarnation.topology?.reset();
  }

  pause(): Promise<void> {
    return this.#incarnation.intake.pause();
  }

  resume(): void {
    this.#incarnation.intake.resume();
  }

  owned(name: string): StreamHandle<TInfo, TCheckpoint> | undefined {
    return this.#streams.named(name);
  }

  ownedStreams(): IterableIterator<StreamHandle<TInfo, TCheckpoint>> {
    return this.#streams[Symbol.iterator]();
  }

  async fleet(): Promise<FleetMember[]> {
    const { group, fleet } = this.#incarnation.kernel;
    return membersOf((await readFleet(group, fleet)).members);
  }

  snapshot(): Snapshot {
    return snapshotOf(this.#incarnation, { ...this.#facts, now: this.#options.clock.now() });
  }

  record(options: RecordOptions): ActiveRecording {
    const compiled = compileRecordOptions(options);
    if (this.#hasEnded) {
      throw new StreamwardenError('RuntimeStopped', 'the runtime has ended: there is nothing to record');
    }
    return this.#recorder.record(compiled);
  }

  async inspect(options: InspectOptions = {}): Promise<RunningInspector> {
    // Few processes are ever looked at: the others need not load it.
    const { inspectOne } = await import('../inspector/inspector.js');
    return await inspectOne(this, options);
  }

  health(): Health {
    return healthOf(this.#incarnation);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #hasEnded(): boolean {
    return this.state === 'stopped' || this.state === 'failed';
  }

  #kernel(ended: AbortSignal, substitutes: Substitutes): Kernel {
    const { clock, logger, names, heartbeatMs, infoSchema } = this.#options;
    const { consumer, seam } = this;
    const connections = createConnections({
      target: this.#options.redis,
      isCluster: this.#options.isCluster,
      clock,
      logger,
      heartbeatMs,
      connectionName: `streamwarden:${consumer}`,
      home: names.lbs,
    });
    const commands = createHomeCommands(connections, clock, commandTimeoutFor(heartbeatMs));
    const layout = substitutes.layout ?? this.#options.layout;
    const bulk = createBulkCommands(connections, clock, bulkTimeoutFor(heartbeatMs));
    const reads = createReaderCommands(connections, clock, bulkTimeoutFor(heartbeatMs));
    const settings = { ...this.#options, ...layout, consumer };
    const deployment = this.#dataDeployment(connections);
    ended.addEventListener('abort', () => deployment.close());
    const stores = createStores(connections, commands, bulk, reads, deployment.streams, settings);
    return {
      ...(substitutes.stores?.(stores) ?? stores),
      clock,
      logger,
      seam,
      names,
      consumer,
      machine: substitutes.machine ?? { host: hostname(), pid: process.pid },
      connections,
      commands,
      bulk,
      settings: this.#options,
      layout,
      checkInfo: infoSchema && createInfoCheck(infoSchema, this.#options.onInvalidInfo),
      ended,
      heartbeatThread: this.#heartbeatThread(substitutes.heartbeatThread),
      application: createApplicationPort({
        clock,
        room: () => this.#hub.room,
        tell: (notification) => this.#tell(notification),
        lost: ({ name, id }, reason) => {
          this.#lost += 1;
          seam.emit('lost', { reason, name, id });
        },
        onUncertain: this.#options.onUncertain,
        autoClaim: this.#options.autoClaim,
        overdueMs: () => this.#incarnation.lease.overdueMs,
        process: (ownership) => {
          if (this.#processor) this.#processor.add(ownership);
          else this.#telemetry.handed(ownership);
        },
        isBusy: (ownership) => this.#processor?.isAtWork(ownership) ?? false,
        hasHandler: () => this.#processor !== undefined,
        isMovable: (ownership) => this.#streams.isMovable(ownership),
        touched: (ownership) => this.#streams.touched(ownership),
        cancelled: (ownership) => this.#backoff.cancel(ownership),
        release: (ownership) => this.#streams.releaseUncertain(ownership),
        ended: (ownership) => {
          this.#backoff.cancel(ownership);
          this.#entries.ended(ownership);
          // A handler has ended when it returns, which may be later.
          if (!this.#processor?.running.has(ownership)) {
            this.#telemetry.ended(ownership, endingOf(ownership));
          }
        },
      }),
    };
  }

  #heartbeatThread(
    create: Substitutes['heartbeatThread'] = createHeartbeatThread,
  ): HeartbeatThread | undefined {
    const { clock, heartbeat, heartbeatMs, maxBlockedMs, names } = this.#options;
    if (heartbeat === 'loop') return undefined;
    if (clock !== systemClock && create === createHeartbeatThread) {
      throw invalid('clock', "left out, since heartbeat is 'thread'", clock);
    }
    return create({ names, consumer: this.consumer, heartbeatMs, maxBlockedMs });
  }

  #dataDeployment(connections: Connections): DataDeployment {
    const { clock, logger, heartbeatMs, names, data } = this.#options;
    if (data === undefined) return dataAmongOthers(connections, clock, heartbeatMs, names);
    const connectionName = `streamwarden:${this.consumer}`;
    return dataElsewhere(data, { clock, logger, heartbeatMs, connectionName }, names);
  }

  get #standing() {
    const { state, intake, ownerships, parking, balancer, dataReader } = this.#incarnation;
    const { round } = this.#incarnation.kernel.lease.roundHeard();
    const { count: parked, hottest } = parking.heard;
    return {
      state,
      owned: ownerships.owned,
      waiting: ownerships.waiting.size,
      capacity: intake.capacity,
      share: balancer.share,
      imbalance: round?.imbalance ?? 0,
      parked,
      hottest: hottest[0]?.parked ?? 0,
      lag: dataReader.lag.total,
    };
  }

  get #facts(): RuntimeFacts {
    return {
      service: this.service,
      handlers: this.#failures,
      notificationsDropped: this.#hub.dropped,
      lost: this.#lost,
    };
  }

  #inside(kernel: Kernel): Inside {
    const { names, layout, bulk, connections, group, entries, delayed, dataStreams, seam, clock, logger } =
      kernel;
    const timeoutMs = bulkTimeoutFor(this.#options.heartbeatMs);
    const letters = layout.dlqIsLocal ? bulk : (connections.shards?.bulkFor(names.dlq) ?? bulk);
    return {
      names,
      layout,
      settings: this.#options,
      seam,
      tap: this.#recorder.tap,
      clock,
      logger,
      bulk,
      bulkTimeoutMs: timeoutMs,
      group,
      entries,
      dataStreams,
      // What a thousand processes say is long, and the heartbeat must not wait behind it.
      fleet: createFleetStore(bulk, names, this.consumer),
      delayed,
      deadLetters: createDeadLetterQueue({
        names,
        home: bulk,
        letters,
        layout,
        clock,
        timeoutMs,
        mostParsedBytes: this.#options.maxEntryBytes,
      }),
      idTrouble: () => this.#incarnation.ledger.ids.trouble,
      inspectedAt: (url) => this.#incarnation.member.inspectedAt(url),
      noted: () => {
        const { ownerships, dataReader } = this.#incarnation;
        return notedStreams(ownerships, (ownership) => dataReader.lag.of(ownership));
      },
      activity: (id) =>
        activityOf(id, {
          consumer: this.#incarnation,
          backoff: this.#backoff,
          processor: this.#processor,
        }),
      overview: () => overviewOf(this.#incarnation, this.#facts),
    };
  }

  #started(): void {
    this.#options.logger.info({ service: this.service, consumer: this.consumer }, 'reading');
    this.#lifetime.started();
  }

  #tell(notification: Notification): void {
    if (this.#hub.tell(notification)) this.seam.emit('notification', notification);
  }

  #terminated(thrown: unknown): void {
    const { clock, logger } = this.#options;
    this.#backoff.cancelAll();
    const error = this.#lifetime.end(thrown);
    const reason = error ? 'failed' : 'stopped';
    this.#tell({ type: 'StreamTerminated', at: clock.now(), reason, error });
    this.#hub.close();
    this.#telemetry.close();
    logger.info({ service: this.service, consumer: this.consumer, error: error?.code }, 'stopped');
    void this.#recorder.end().then(() => this.#lifetime.close(error));
  }
}

/** As `createRuntime`, with substitutes, and with an environment of its own; for tests and the command line. */
export function composeRuntime<TInfo = Readonly<Record<string, unknown>> | null, TCheckpoint = string>(
  options: RuntimeOptions<TInfo, TCheckpoint>,
  substitutes: Substitutes,
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): Runtime<TInfo, TCheckpoint> & { readonly seam: Seam } {
  return new StreamwardenRuntime<TInfo, TCheckpoint>(compileOptions(options, environment), substitutes);
}
