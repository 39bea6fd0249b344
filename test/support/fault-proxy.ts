import { type FaultProxy, startFaultProxy } from '../../src/testing/fault-proxy.js';
import type { SuiteRedis } from './redis.js';

/** Puts a fault proxy of its own before the suite's server for each test of the surrounding suite. */
export function useFaultProxy(suite: SuiteRedis): () => FaultProxy {
  let proxy: FaultProxy | undefined;

  beforeEach(async () => {
    const { host, port } = suite.server();
    proxy = await startFaultProxy({ host, port });
  });

  afterEach(() => proxy?.close());

  return () => {
    if (proxy === undefined)
      throw new Error('expected useFaultProxy() to be asked inside a test, got: outside');
    return proxy;
  };
}
