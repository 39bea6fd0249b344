/** streamwarden as a module of NestJS: the runtime and a producer to inject, started and stopped with the application. */
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import {
  createProducer,
  createRuntime,
  type Producer,
  type Runtime,
  type RuntimeOptions,
} from 'streamwarden';

/** Injects the `Runtime`. Attach the handler in `onModuleInit`: it starts after that. */
export const STREAMS = Symbol('streamwarden runtime');
/** Injects a `Producer` of the same service. */
export const STREAM_PRODUCER = Symbol('streamwarden producer');
const OPTIONS = Symbol('streamwarden options');

export interface StreamsAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<RuntimeOptions>, 'inject' | 'useFactory'> {}

@Module({})
export class StreamsModule
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  // esbuild emits no types of parameters: whoever injects says what.
  constructor(
    @Inject(STREAMS) private readonly runtime: Runtime,
    @Inject(STREAM_PRODUCER) private readonly producer: Producer,
  ) {}

  static forRoot(options: RuntimeOptions): DynamicModule {
    return moduleWith({ provide: OPTIONS, useValue: options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: StreamsAsyncOptions): DynamicModule {
    return moduleWith({ provide: OPTIONS, inject, useFactory }, imports);
  }

  /** Every handler is attached by now. */
  async onApplicationBootstrap(): Promise<void> {
    await this.runtime.start();
  }

  /** Before others close in `onApplicationShutdown` what handlers need until they have returned. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.runtime.stop();
  }

  /** Requests have been answered by now: nobody announces anything. */
  async onApplicationShutdown(): Promise<void> {
    await this.producer.close();
  }
}

function moduleWith(options: Provider, imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: StreamsModule,
    global: true,
    imports,
    providers: [
      options,
      { provide: STREAMS, inject: [OPTIONS], useFactory: (given: RuntimeOptions) => createRuntime(given) },
      {
        provide: STREAM_PRODUCER,
        inject: [OPTIONS],
        useFactory: ({ redis, service }: RuntimeOptions) => createProducer({ redis, service }),
      },
    ],
    exports: [STREAMS, STREAM_PRODUCER],
  };
}
