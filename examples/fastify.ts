/**
 * A Fastify application that owns and processes streams.
 *
 *   npx tsx examples/fastify.ts
 *
 * Runs until Ctrl-C or SIGTERM. Redis at $REDIS_URL, or a server of its own; $PORT, or a free one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fastify } from 'fastify';
import { streamwarden } from 'streamwarden/fastify';
import { redisUrl } from './support/redis.js';

const app = fastify();
await app.register(streamwarden, {
  redis: await redisUrl(),
  service: 'orders',
  probes: true,
  handler: async (stream) => {
    console.log(`at work on ${stream.name}, token ${stream.fencingToken}`);
    await sleep(1000, undefined, { signal: stream.signal }); // the application's own work
    console.log(`${stream.name} is processed`);
  },
});

app.post<{ Params: { name: string } }>('/orders/:name', async ({ params }, reply) => {
  return reply.code(202).send({ entry: await app.streamwarden.producer.add(params.name) });
});

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void app.close());
const address = await app.listen({ port: Number(process.env.PORT ?? 0) });
console.log(`orders at ${address}, POST /orders/NAME; probes there too, /livez and /readyz`);

const { error } = await app.streamwarden.runtime.closed;
if (error) console.error(error);
await app.close();
process.exitCode = error ? 1 : 0;
