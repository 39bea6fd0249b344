/**
 * A NestJS application that owns and processes streams.
 *
 *   npx tsx examples/nestjs.ts
 *
 * Runs until Ctrl-C or SIGTERM. Redis at $REDIS_URL, or a server of its own.
 */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Producer, Runtime, StreamHandle } from 'streamwarden';
import { InjectProducer, runtimeToken, StreamHandler, StreamwardenModule } from 'streamwarden/nestjs';
import { redisUrl } from './support/redis.js';

@Injectable()
class OrdersService {
  constructor(@InjectProducer() private readonly producer: Producer) {}

  async announce(order: string): Promise<void> {
    await this.producer.add(order);
  }

  @StreamHandler({ concurrency: 100 })
  async process(stream: StreamHandle): Promise<void> {
    console.log(`at work on ${stream.name}, token ${stream.fencingToken}`);
    await sleep(1000, undefined, { signal: stream.signal }); // the application's own work
    console.log(`${stream.name} is processed`);
  }
}

@Module({
  imports: [
    StreamwardenModule.forRootAsync({
      useFactory: async () => ({ redis: await redisUrl(), service: 'orders' }),
    }),
  ],
  providers: [OrdersService],
})
class AppModule {}

// A worker without HTTP; `NestFactory.create` takes the same module.
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks(undefined, { useProcessExit: true });
await app.get(OrdersService).announce('order-1');
console.log('announced order-1');

const { error } = await app.get<Runtime>(runtimeToken()).closed;
if (error) {
  console.error(error);
  await app.close();
  process.exit(1);
}
