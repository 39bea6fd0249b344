/** Connections to the servers of a deployment, each by its own address. */
import { Redis } from 'ioredis';
import { parseAddress } from '../../redis/address.js';
import type { Deployment, SingleDeployment } from '../../redis/target.js';
import { NodePool } from './node-pool.js';

/** Those that hold data. @param timeoutMs how long each may take to answer, in milliseconds */
export function nodePoolOf(deployment: Deployment, timeoutMs: number): NodePool {
  if (deployment.kind === 'cluster') return new NodePool(deployment.makeClient, timeoutMs);
  const { sentinels, name, ...options } = deployment.options;
  return new NodePool(
    (address, settings) => clientOf({ ...options, ...settings, ...parseAddress(address) }),
    timeoutMs,
  );
}

/** Sentinels, which are asked without the credentials of Redis itself. */
export function sentinelPoolOf({ options }: SingleDeployment, timeoutMs: number): NodePool {
  const { sentinelTLS } = options;
  return new NodePool(
    (address, settings) =>
      clientOf({ ...settings, ...parseAddress(address), ...(sentinelTLS && { tls: sentinelTLS }) }),
    timeoutMs,
  );
}

/** ioredis's option type has members that exactOptionalPropertyTypes does not let through when they are spread. */
function clientOf(options: object): Redis {
  return new Redis({ ...options, lazyConnect: true });
}
