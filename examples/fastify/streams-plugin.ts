/** streamwarden as a plugin of Fastify: starts and stops with the application, and says how it is. */
import { fastifyPlugin } from 'fastify-plugin';
import {
  createProducer,
  createRuntime,
  type Producer,
  type Runtime,
  type RuntimeOptions,
  type StreamHandler,
} from 'streamwarden';

declare module 'fastify' {
  interface FastifyInstance {
    readonly streams: { readonly runtime: Runtime; readonly producer: Producer };
  }
}

export interface StreamsOptions extends RuntimeOptions {
  /** Processes every stream that this process owns. */
  readonly handler: StreamHandler;
}

export const streamsPlugin = fastifyPlugin<StreamsOptions>(
  async (app, { handler, ...options }) => {
    const runtime = createRuntime({ logger: app.log, ...options });
    const producer = createProducer({ redis: options.redis, service: options.service, logger: app.log });
    runtime.process(handler);
    app.decorate('streams', { runtime, producer });

    // Not awaited: Fastify gives up on a hook after 10 s, and Redis may be away for longer. Until it reads, it is not ready; what
    // keeps it from starting is in `streams.runtime.closed`.
    app.addHook('onReady', async () => {
      runtime.start().catch(() => undefined);
    });
    // Neither is this one, for the same reason: streams begin to go to the others, while requests under way are answered.
    app.addHook('preClose', async () => {
      void runtime.stop();
    });
    app.addHook('onClose', async () => {
      await runtime.stop();
      await producer.close();
    });

    app.get('/livez', async (_request, reply) => {
      const { live, reasons } = runtime.health();
      return reply.code(live ? 200 : 503).send({ live, reasons });
    });
    app.get('/readyz', async (_request, reply) => {
      const { ready, reasons } = runtime.health();
      return reply.code(ready ? 200 : 503).send({ ready, reasons });
    });
  },
  { name: 'streams', fastify: '5.x' },
);
