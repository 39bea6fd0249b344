/** The plugin of Fastify and the module of NestJS, from a start to a handled stream. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastify } from 'fastify';
import {
  defineService,
  type StreamHandler as Handler,
  type InfoOf,
  type Producer,
  type StreamHandle,
} from 'streamwarden';
import { streamwarden } from 'streamwarden/fastify';
import { InjectProducer, StreamHandler, StreamwardenModule } from 'streamwarden/nestjs';

const { REDIS_URL: redis = '', SERVICE: name = '' } = process.env;
const service = defineService({ name });

async function inFastify(): Promise<string> {
  const app = fastify();
  const handled = new Promise<string>((resolve) => {
    const handler: Handler<InfoOf<typeof service>> = ({ name: stream, info }) =>
      resolve(`${stream} ${info?.region}`);
    app.register(streamwarden, { redis, service, handler, probes: true });
  });
  await app.ready();
  await app.streamwarden.producer.add('in-fastify', { region: 'eu' });
  const what = await handled;
  await app.close();
  return what;
}

@Injectable()
class Orders {
  readonly handled: Promise<string>;
  #resolve: (what: string) => void = () => {};

  constructor(@InjectProducer() readonly producer: Producer) {
    this.handled = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  @StreamHandler()
  handle({ name: stream }: StreamHandle): void {
    this.#resolve(stream);
  }
}

@Module({ imports: [StreamwardenModule.forRoot({ redis, service })], providers: [Orders] })
class AppModule {}

async function inNest(): Promise<string> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const orders = app.get(Orders);
  await orders.producer.add('in-nest');
  const what = await orders.handled;
  await app.close();
  return what;
}

void inFastify()
  .then(async (what) => console.log(`${what}, ${await inNest()}`))
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
