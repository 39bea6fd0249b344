/** The child of entries-process.ts: one runtime, whose handler writes down each entry that it is given before it asks for the next one. */
import { Redis } from 'ioredis';
import { composeRuntime } from '../../src/runtime/runtime.js';
import type { EntriesOptions } from './entries-process.js';
import { methodsOf, serve, tell } from './runtime-main.js';

const { options, url, handledPrefix, reading } = JSON.parse(process.env.ENTRIES ?? '{}') as EntriesOptions;
const runtime = composeRuntime(options, {});
const redis = new Redis(url);
runtime.process(async (stream) => {
  for await (const { fields } of stream.entries(reading)) {
    await redis.rpush(`${handledPrefix}${stream.name}`, `${runtime.consumer} ${fields.n}`);
  }
});
void tell(runtime);
serve(
  methodsOf(() => runtime),
  runtime.consumer,
);
void runtime.start();
