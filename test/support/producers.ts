import { createProducer, type Producer } from '../../src/index.js';
import type { SuiteRedis } from './redis.js';

/** A producer of the fleet's service for each test, closed after it. */
export function useProducer(
  suite: Pick<SuiteRedis, 'server'>,
  fleet: () => { readonly service: string },
): () => Producer {
  let producer: Producer | undefined;
  beforeEach(() => {
    producer = createProducer({ redis: suite.server().url, service: fleet().service });
  });
  afterEach(async () => {
    await producer?.close();
  });
  return () => producer as Producer;
}
