/** The names that a service goes by where it is. Checked as text: what an option has to be at all is known by then. */
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { RedisSource } from '../redis/asked-target.js';
import { type Layout, ON_ONE_SERVER } from '../redis/layout.js';
import { createNames, hashTag, type Names } from '../redis/names.js';
import { slotOf } from '../redis/slot-map.js';
import { type Deployment, deploymentOf } from '../redis/target.js';
import { invalid } from './option-errors.js';

export interface ServiceNames {
  readonly names: Names;
  readonly layout: Layout;
  readonly database: number;
  readonly isCluster: boolean;
}

export type ClusterMode = 'oss' | 'singleShard';

/** A function says where Redis is when it is asked, which is too late for names: of what it will say, this much has to be known. */
function foretold(clusterMode: ClusterMode | undefined): Pick<Deployment, 'kind' | 'options'> {
  return { kind: clusterMode === 'oss' ? 'cluster' : 'single', options: {} };
}

/** @throws StreamwardenError `InvalidOption` */
function deployment(
  redis: RedisSource,
  clusterMode: ClusterMode | undefined,
): Pick<Deployment, 'kind' | 'options'> {
  if (typeof redis === 'function') return foretold(clusterMode);
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
  redis: RedisSource,
  service: string,
  dlqStream: string | undefined,
  clusterMode?: ClusterMode,
): ServiceNames {
  const { kind, options } = deployment(redis, clusterMode);
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
