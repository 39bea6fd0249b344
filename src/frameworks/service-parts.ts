/** What an application uses of one service: a runtime, and beside it a producer and an admin with the same options. */
import type { Admin } from '../admin/admin.js';
import { createAdmin } from '../admin/create-admin.js';
import { createRuntime } from '../runtime/create-runtime.js';
import type { Producer } from '../runtime/open-producer.js';
import type { RuntimeOptions } from '../runtime/options.js';
import { createProducer } from '../runtime/producer.js';
import type { Runtime } from '../runtime/types.js';

// biome-ignore lint/suspicious/noExplicitAny: frameworks carry no type from what they are given to what they inject
export type AnyInfo = any;

export interface ServiceParts {
  readonly runtime: Runtime<AnyInfo>;
  /** Connects with its first call. */
  readonly producer: Producer<AnyInfo>;
  /** Connects with its first call. */
  readonly admin: Admin;
}

/** @throws StreamwardenError `InvalidOption`, before any I/O */
export function servicePartsOf(options: RuntimeOptions<AnyInfo>): ServiceParts {
  const runtime = createRuntime(options);
  const { redis, service, clusterMode, dlqStream, logger, telemetry, maxEntryBytes } = options;
  const where = { redis, service, ...given({ clusterMode }) };
  return {
    runtime,
    producer: createProducer({ ...where, ...given({ logger, telemetry, maxEntryBytes }) }),
    admin: createAdmin({ ...where, ...given({ dlqStream }) }),
  };
}

/** Without what is undefined, as if it were left out. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
