/** A runtime in the life of a Nest application. */
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import type { StopOptions } from '../../runtime/types.js';
import type { ServiceParts } from '../service-parts.js';
import type { HandlerFinder } from './handler-finder.js';

/** How a runtime begins and ends in an application. */
export interface LifecycleOptions {
  /**
   * Whether the application waits until streams are read, and fails where they cannot be. False: it listens meanwhile, and probes say why it is
   * not ready. @defaultValue true
   */
  readonly awaitStart?: boolean;
  /** How the runtime is stopped. @defaultValue as `stop()` */
  readonly stopOptions?: StopOptions;
}

export class Lifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #name: string;
  readonly #parts: ServiceParts;
  readonly #handlers: HandlerFinder;
  readonly #options: LifecycleOptions;

  /** @param name of the module */
  constructor(name: string, parts: ServiceParts, handlers: HandlerFinder, options: LifecycleOptions) {
    this.#name = name;
    this.#parts = parts;
    this.#handlers = handlers;
    this.#options = options;
  }

  /** Everything is made by now, and `onModuleInit` is over. */
  async onApplicationBootstrap(): Promise<void> {
    const { runtime } = this.#parts;
    const found = this.#handlers.handlerOf(this.#name);
    if (found !== undefined) runtime.process(found.handler, found.options);
    const started = runtime.start();
    if (this.#options.awaitStart ?? true) await started;
    // What keeps it from starting is in `closed`.
    else started.catch(() => undefined);
  }

  /** Before others close in `onApplicationShutdown` what handlers need until they have returned. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#parts.runtime.stop(this.#options.stopOptions);
  }

  /** Requests have been answered by now: nobody announces anything. */
  async onApplicationShutdown(): Promise<void> {
    const { producer, admin } = this.#parts;
    await Promise.all([producer.close(), admin.close()]);
  }
}
