/** Looks after a service from code. */
import type { RedisSource } from '../redis/asked-target.js';
import type { AnyService } from '../runtime/define-service.js';
import { serviceOptions } from '../runtime/options.js';
import type { Admin } from './admin.js';
import { openAdmin } from './open-admin.js';

export interface AdminOptions {
  /** As in RuntimeOptions. */
  readonly redis: RedisSource;
  /** As in RuntimeOptions: needed where `redis` is a function, and Redis is a cluster. */
  readonly clusterMode?: 'oss' | 'singleShard';
  /** As in RuntimeOptions. */
  readonly service: string | AnyService;
  /** As in RuntimeOptions. */
  readonly dlqStream?: string;
  /** How long a connection, and each answer, is waited for, in milliseconds. @defaultValue 10000 */
  readonly timeoutMs?: number;
}

/**
 * Makes an admin. Nothing is connected before its first call.
 *
 * @throws StreamwardenError `InvalidOption`, `ClusterClientRequired`
 */
export function createAdmin(options: AdminOptions): Admin {
  return openAdmin(serviceOptions(options));
}
