/** One simulated process of a published world: a real runtime, what is known of it, and what befalls it. */
import type { Notification } from '../runtime/notifications.js';
import { composeRuntime } from '../runtime/runtime.js';
import type { ProcessOptions, Runtime, StreamHandler } from '../runtime/types.js';
import { clientTemplate } from './client.js';
import type { HandlerCalls } from './handler-calls.js';
import { simulatedHeartbeatThread } from './heartbeat-thread.js';
import type { SimulatedProcess } from './process.js';
import { SimulatedServer } from './server.js';
import { ORDER, type Owner } from './timeline.js';
import type { SimulatedRuntimeOptions } from './types.js';
import type { World } from './world.js';

/** A process that may be thawed stands still in slices, in milliseconds; it wakes at the end of one. */
const SLICE_MS = 10;
/** How soon a server hears that a process is gone, in milliseconds. */
const FIN_MS = 2;

interface Attached<TInfo> {
  readonly handler: StreamHandler<TInfo>;
  readonly options: ProcessOptions | undefined;
}

export interface LifeSettings<TInfo> {
  readonly world: World;
  readonly calls: HandlerCalls;
  readonly historyKey: string;
  /** With its consumer id. */
  readonly options: SimulatedRuntimeOptions<TInfo> & { readonly consumerId: string };
  /** Unlike that of any other process. */
  readonly processName: string;
  readonly say: (text: string) => void;
  readonly startFailed: (error: unknown) => void;
}

/** What the others are told of where it runs. */
const SIMULATED = { host: 'simulated', pid: 1 };

export class Life<TInfo> {
  readonly options: LifeSettings<TInfo>['options'];
  readonly process: SimulatedProcess;
  readonly runtime: Runtime<TInfo>;
  readonly told: Notification<TInfo>[] = [];
  readonly #settings: LifeSettings<TInfo>;
  #attached: Attached<TInfo> | undefined;
  #cutOffUntil = 0;
  #frozenUntil = 0;
  #hasCrashed = false;

  constructor(settings: LifeSettings<TInfo>) {
    const { world, historyKey, options, processName, say } = settings;
    const { timeline, network, errands } = world;
    this.#settings = settings;
    this.options = options;
    this.process = world.process(processName);
    const nowhere = unreachable(world);
    const { process } = this;
    const templateOf = (owner: Owner) =>
      clientTemplate({
        network,
        process,
        owner,
        errands,
        server: () => (this.#cutOffUntil > timeline.now ? nowhere : world.server),
        heardAfterMs: () => world.heardAfterMs(),
      });
    const heartbeatThread = simulatedHeartbeatThread(process, templateOf(process.thread));
    // What OpenTelemetry needs is loaded when a runtime starts: that is real work.
    const own = { redis: templateOf(process), clock: this.process.clock, historyKey, telemetry: false };
    const runtime = composeRuntime<TInfo, unknown>(
      { ...options, ...own },
      { machine: SIMULATED, heartbeatThread },
      {},
    );
    this.runtime = runtime;
    const attach = runtime.process.bind(runtime);
    runtime.process = (handler, processOptions) => {
      if (typeof handler !== 'function') {
        attach(handler, processOptions);
        return;
      }
      attach(
        settings.calls.watched(handler, { consumer: this.consumer, process: this.process }),
        processOptions,
      );
      this.#attached = { handler, options: processOptions };
    };
    runtime.seam.on('notification', (event) => {
      const notification = event as Notification<TInfo>;
      say(
        `${this.consumer} is told ${notification.type}${'id' in notification ? ` ${notification.id}` : ''}`,
      );
      this.told.push(notification);
    });
    timeline.after(0, ORDER.timer, this.process, () => this.#start());
  }

  get consumer(): string {
    return this.runtime.consumer;
  }

  get hasCrashed(): boolean {
    return this.#hasCrashed;
  }

  /** It has work of its own to do, or may be given some. */
  get isAlive(): boolean {
    const { state } = this.runtime;
    return !this.#hasCrashed && state !== 'stopped' && state !== 'failed';
  }

  /** The handler of its life before. */
  inherit({ attached }: { readonly attached: Attached<TInfo> | undefined }): void {
    if (attached !== undefined) this.runtime.process(attached.handler, attached.options);
  }

  get attached(): Attached<TInfo> | undefined {
    return this.#attached;
  }

  freeze(ms: number): void {
    const { timeline } = this.#settings.world;
    const isFrozen = this.#frozenUntil > timeline.now;
    this.#frozenUntil = Math.max(this.#frozenUntil, timeline.now + ms);
    if (!isFrozen) this.#standStill();
  }

  block(ms: number): void {
    this.process.block(ms);
  }

  thaw(): void {
    this.#frozenUntil = 0;
  }

  crash(): void {
    const { world, calls } = this.#settings;
    this.#hasCrashed = true;
    this.process.end();
    calls.processEnded(this.process);
    for (const connection of world.network.of(this.process)) connection.close(FIN_MS);
  }

  cut(ms: number): void {
    const { network, timeline } = this.#settings.world;
    this.#cutOffUntil = Math.max(this.#cutOffUntil, timeline.now + ms);
    for (const connection of network.of(this.process)) connection.cut();
  }

  /** Nothing befalls it any more. */
  heal(): void {
    this.thaw();
    this.#cutOffUntil = 0;
  }

  #start(): void {
    if (this.runtime.state !== 'idle') return;
    this.runtime.start().catch((error: unknown) => this.#settings.startFailed(error));
  }

  #standStill(): void {
    const { timeline } = this.#settings.world;
    const leftMs = this.#frozenUntil - timeline.now;
    if (leftMs <= 0) return;
    this.process.freeze(Math.min(leftMs, SLICE_MS));
    // Before the slice is over, so that nothing happens in between.
    timeline.after(SLICE_MS / 2, ORDER.observer, undefined, () => this.#standStill());
  }
}

/** An address at which nobody listens. */
function unreachable({ timeline, server: { host, port } }: World): SimulatedServer {
  const server = new SimulatedServer({ timeline, host, port });
  server.restart(Number.POSITIVE_INFINITY, { keepData: true });
  return server;
}
