/** The names that a service goes by where it is. Checked as text: what an option has to be at all is known by then. */
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { type Layout, ON_ONE_SERVER } from '../redis/layout.js';
import { createNames, hashTag, type Names } from '../redis/names.js';
import { slotOf } from '../redis/slot-map.js';
import { type Deployment, deploymentOf, type RedisTarget } from '../redis/target.js';
import { invalid } from './option-errors.js';

export interface ServiceNames {
  readonly names: Names;
  readonly layout: Layout;
  readonly database: number;
  readonly isCluster: boolean;
}

/** @throws StreamwardenError `InvalidOption` */
function deployment(redis: RedisTarget): Deployment {
  try {
    return deploymentOf(redis);
  } catch (error) {
    if (isStreamwardenError(error)) throw error;
    // ioredis names what it does not take in words of its own.
    throw new StreamwardenError(
      'InvalidOption',
      `expected redis to be what ioredis takes, got: ${redact(messageOf(error))}`,
      {
        cause: error,
        details: { option: 'redis' },
      },
    );
  }
}

/** @throws StreamwardenError `InvalidOption` */
export function serviceNames(
  redis: RedisTarget,
  service: string,
  dlqStream: string | undefined,
): ServiceNames {
  const { kind, options } = deployment(redis);
  const { keyPrefix, db } = options;
  const names = createNames({
    service,
    ...(keyPrefix ? { keyPrefix } : {}),
    ...(dlqStream === undefined ? {} : { dlqStream }),
  });
  // The load balancer stream's name has to be usable as a hash tag, or presence cannot live in its slot.
  if (hashTag(names.lbs) === `{${names.lbs}}` && names.lbs.includes('}')) {
    throw invalid('service', "free of '}' unless it carries a hash tag such as {name}", service);
  }
  if (names.dlq === names.lbs)
    throw invalid('dlqStream', 'another stream than the load balancer stream', dlqStream);
  const isCluster = kind === 'cluster';
  const layout = isCluster
    ? { dlqIsLocal: slotOf(names.dlq) === slotOf(names.lbs), locksAreLocal: false }
    : ON_ONE_SERVER;
  return { names, layout, database: db ?? 0, isCluster };
}
