/** Finds the methods of an application that are stream handlers. */
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { invalid } from '../../runtime/option-errors.js';
import type { ProcessOptions, StreamHandler } from '../../runtime/types.js';
import { HANDLER, type StreamHandlerOptions } from './stream-handler.js';
import { DEFAULT_NAME, runtimeToken } from './tokens.js';

interface Found {
  /** Of the module. */
  readonly name: string;
  /** Class and method, for people. */
  readonly place: string;
  readonly handler: StreamHandler;
  readonly options: ProcessOptions;
}

type Methods = Readonly<Record<string, StreamHandler>>;

export class HandlerFinder {
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;

  /** @throws StreamwardenError `InvalidOption`: Nest is too old */
  constructor(discovery: DiscoveryService, scanner: MetadataScanner) {
    // The peer is of any version, so that it breaks no installation.
    if (!('getAllMethodNames' in scanner))
      throw invalid('@nestjs/core', 'of version 10 or newer', 'an older one');
    this.#discovery = discovery;
    this.#scanner = scanner;
  }

  /**
   * The one method for the streams of a module; undefined: there is none.
   *
   * @throws StreamwardenError `InvalidOption`: there are several, one is for a module that there is not, or one lives for a request alone
   */
  handlerOf(name: string): Found | undefined {
    const all = this.#all();
    const stray = all.find((one) => !this.#hasModule(one.name));
    if (stray !== undefined) {
      throw invalid(
        `@StreamHandler of ${stray.place}`,
        'for a StreamwardenModule of the application',
        stray.name,
      );
    }
    const [found, ...others] = all.filter((one) => one.name === name);
    if (found !== undefined && others.length > 0) {
      const places = [found, ...others].map(({ place }) => place).join(', ');
      throw invalid('@StreamHandler', `one method for the streams of the module '${name}'`, places);
    }
    return found;
  }

  #hasModule(name: string): boolean {
    const token = runtimeToken(name);
    return this.#discovery.getProviders().some((wrapper) => wrapper.token === token);
  }

  #all(): Found[] {
    const wrappers = [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
    const seen = new Set<object>();
    return wrappers.flatMap((wrapper) => {
      const { instance, metatype } = wrapper;
      // Of a class that lives for a request alone there is its prototype.
      const prototype =
        typeof instance === 'object' && instance !== null
          ? Object.getPrototypeOf(instance)
          : (metatype?.prototype ?? null);
      // One that is provided by two tokens is there twice.
      if (prototype === null || seen.has(instance ?? prototype)) return [];
      seen.add(instance ?? prototype);
      return this.#scanner.getAllMethodNames(prototype).flatMap((method) => {
        const marked = Reflect.getMetadata(HANDLER, (prototype as Methods)[method] as object);
        if (marked === undefined) return [];
        const { name = DEFAULT_NAME, ...options } = marked as StreamHandlerOptions;
        const place = `${prototype.constructor.name}.${method}`;
        if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
          throw invalid(`@StreamHandler of ${place}`, 'of a class that is made once', 'a scope of its own');
        }
        const handler: StreamHandler = (stream) => (instance as Methods)[method]?.call(instance, stream);
        return [{ name, place, handler, options }];
      });
    });
  }
}
