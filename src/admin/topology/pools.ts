/** Connections to the servers of a deployment, each by its own address. */
import { Redis } from 'ioredis';
import type { Clock } from '../../core/clock.js';
import { parseAddress } from '../../redis/address.js';
import type { Deployment, SingleDeployment } from '../../redis/target.js';
import { NodePool } from './node-pool.js';

/** Those that hold data. @param timeoutMs how long each may take to answer, in milliseconds */
export function nodePoolOf(deployment: Deployment, timeoutMs: number, clock: Clock): NodePool {
  if (deployment.kind === 'cluster') return new NodePool(deployment.makeClient, timeoutMs, clock);
  const { sentinels, name, ...options } = deployment.options;
  return new NodePool(
    (address, settings) => clientOf({ ...options, ...settings, ...parseAddress(address) }),
    timeoutMs,
    clock,
  );
}

/** Sentinels, which are asked without the credentials of Redis itself. */
export function sentinelPoolOf({ options }: SingleDeployment, timeoutMs: number, clock: Clock): NodePool {
  const { sentinelTLS } = options;
  return new NodePool(
    (address, settings) =>
      clientOf({ ...settings, ...parseAddress(address), ...(sentinelTLS && { tls: sentinelTLS }) }),
    timeoutMs,
    clock,
  );
}

/** ioredis's option type has members that exactOptionalPropertyTypes does not let through when they are spread. */
function clientOf(options: object): Redis {
  return new Redis({ ...options, lazyConnect: true });
}
