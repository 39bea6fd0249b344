/** A short visit to a service by somebody who is none of its consumers: an operator who looks, and repairs. */
import { type Clock, systemClock } from '../core/clock.js';
import type { RedisSource } from '../redis/asked-target.js';
import { openService, type ServiceAccess } from './open-service.js';
import { serviceOptions } from './options.js';

export interface ServiceAccessOptions {
  /** As in RuntimeOptions. */
  readonly redis: RedisSource;
  /** As in RuntimeOptions: needed where `redis` is a function, and Redis is a cluster. */
  readonly clusterMode?: 'oss' | 'singleShard';
  readonly service: string;
  readonly dlqStream?: string;
  /** How long a connection, and each answer, is waited for, in milliseconds. @defaultValue 10000 */
  readonly timeoutMs?: number;
}

/**
 * Connects.
 *
 * @param clock another one than the system's is for simulations
 * @throws StreamwardenError `InvalidOption` before any I/O; `RedisUnavailable` when there is no usable connection within the time;
 *   `PermissionDenied`, `RedisRefused`
 */
export async function visitService(
  options: ServiceAccessOptions,
  clock: Clock = systemClock,
): Promise<ServiceAccess> {
  return await openService(serviceOptions(options), clock);
}
