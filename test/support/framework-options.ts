import type { RuntimeOptions } from '../../src/index.js';
import { keepable } from './pace.js';

/** Of a service in an application of a framework. */
export function frameworkOptions(redis: string) {
  return {
    redis,
    service: 'orders',
    consumerId: 'me',
    heartbeatMs: keepable(1000),
    onError: () => {},
  } satisfies RuntimeOptions;
}
