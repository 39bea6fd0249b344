/** A runtime as a module of Nest. */
import {
  type DynamicModule,
  type FactoryProvider,
  Logger,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { RuntimeOptions } from '../../runtime/options.js';
import { type AnyInfo, type ServiceParts, servicePartsOf } from '../service-parts.js';
import { HandlerFinder } from './handler-finder.js';
import { StreamwardenHealth } from './health.js';
import { Lifecycle, type LifecycleOptions } from './lifecycle.js';
import { loggerOfNest } from './nest-logger.js';
import {
  adminToken,
  DEFAULT_NAME,
  healthToken,
  lifecycleToken,
  optionsToken,
  partsToken,
  producerToken,
  runtimeToken,
} from './tokens.js';

/** Those of a runtime; its log goes to Nest's unless there is a `logger`. */
export interface ModuleOptions extends RuntimeOptions<AnyInfo>, LifecycleOptions {}

export interface AsyncModuleOptions
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<ModuleOptions>, 'inject' | 'useFactory'> {
  /** As of `forRoot`. */
  readonly name?: string;
}

/**
 * Provides a runtime, a producer, an admin and their health to the whole application. The runtime starts when the application has been
 * bootstrapped, and stops in `beforeApplicationShutdown`: close what handlers need in `onApplicationShutdown`.
 */
@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: a module of Nest is a class
export class StreamwardenModule {
  /**
   * @param options its `name` tells several modules apart, a service each; leave it out where there is one
   * @throws StreamwardenError `InvalidOption`: making the application rejects with it
   */
  static forRoot({ name, ...options }: ModuleOptions & { readonly name?: string }): DynamicModule {
    return moduleOf(name, (provide) => ({ provide, useValue: options }));
  }

  /** As `forRoot`, with options that a factory makes of what is injected. */
  static forRootAsync({ name, imports = [], inject = [], useFactory }: AsyncModuleOptions): DynamicModule {
    return moduleOf(name, (provide) => ({ provide, inject, useFactory }), imports);
  }
}

function moduleOf(
  name: string = DEFAULT_NAME,
  optionsBy: (token: symbol) => Provider,
  imports: NonNullable<ModuleMetadata['imports']> = [],
): DynamicModule {
  const [options, parts] = [optionsToken(name), partsToken(name)];
  const exported = [
    { provide: runtimeToken(name), of: ({ runtime }: ServiceParts) => runtime },
    { provide: producerToken(name), of: ({ producer }: ServiceParts) => producer },
    { provide: adminToken(name), of: ({ admin }: ServiceParts) => admin },
    { provide: healthToken(name), of: ({ runtime }: ServiceParts) => new StreamwardenHealth(runtime) },
  ];
  return {
    module: StreamwardenModule,
    global: true,
    imports: [DiscoveryModule, ...imports],
    providers: [
      optionsBy(options),
      {
        provide: parts,
        inject: [options],
        useFactory: ({ awaitStart, stopOptions, ...others }: ModuleOptions) =>
          servicePartsOf({ logger: loggerOfNest(new Logger('streamwarden')), ...others }),
      },
      ...exported.map(({ provide, of }) => ({ provide, inject: [parts], useFactory: of })),
      {
        provide: lifecycleToken(name),
        inject: [parts, DiscoveryService, MetadataScanner, options],
        useFactory: (
          of: ServiceParts,
          discovery: DiscoveryService,
          scanner: MetadataScanner,
          given: ModuleOptions,
        ) => new Lifecycle(name, of, new HandlerFinder(discovery, scanner), given),
      },
    ],
    exports: exported.map(({ provide }) => provide),
  };
}
