/**
 * A NestJS application with a module that owns and processes streams.
 *
 *   npx tsx examples/nestjs.ts
 *
 * Runs until Ctrl-C or SIGTERM. Redis at $REDIS_URL, or a server of its own.
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Runtime } from 'streamwarden';
import { OrdersProcessor, OrdersService } from './nestjs/orders.js';
import { STREAMS, StreamsModule } from './nestjs/streams.module.js';
import { redisUrl } from './support/redis.js';

@Module({
  imports: [
    StreamsModule.forRootAsync({
      useFactory: async () => ({
        redis: await redisUrl(),
        service: 'orders',
      }),
    }),
  ],
  providers: [OrdersService, OrdersProcessor],
})
class AppModule {}

// A worker without HTTP; `NestFactory.create` takes the same module.
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks(undefined, { useProcessExit: true });
await app.get(OrdersService).announce('order-1');
console.log('announced order-1');

const { error } = await app.get<Runtime>(STREAMS).closed;
if (error) {
  console.error(error);
  await app.close();
  process.exit(1);
}
