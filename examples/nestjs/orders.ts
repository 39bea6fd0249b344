/** What the application does with streams: announces orders, and processes those that this process owns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Producer, Runtime, StreamHandle } from 'streamwarden';
import { STREAM_PRODUCER, STREAMS } from './streams.module.js';

@Injectable()
export class OrdersService {
  constructor(@Inject(STREAM_PRODUCER) private readonly producer: Producer) {}

  async announce(order: string): Promise<void> {
    await this.producer.add(order);
  }
}

@Injectable()
export class OrdersProcessor implements OnModuleInit {
  constructor(@Inject(STREAMS) private readonly streams: Runtime) {}

  onModuleInit(): void {
    this.streams.process((stream) => this.process(stream), { concurrency: 100 });
  }

  private async process(stream: StreamHandle): Promise<void> {
    console.log(`at work on ${stream.name}, token ${stream.fencingToken}`);
    await sleep(1000, undefined, { signal: stream.signal }); // the application's own work
    console.log(`${stream.name} is processed`);
  }
}
