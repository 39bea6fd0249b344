import { LauncherError } from '../errors.js';
import type { StartRedisOptions } from '../redis-server.js';
import type { AddNodeOptions, StartRedisClusterOptions } from './types.js';

export const defaultNodeTimeoutMs = 1_000;

/** @throws {@link LauncherError} `InvalidOption` */
export function checkOptions({
  masters = 3,
  replicasPerMaster = 1,
  proxied,
  tls,
}: StartRedisClusterOptions): void {
  const expectInteger = (name: string, value: number, least: number) => {
    if (!Number.isInteger(value) || value < least)
      throw new LauncherError(
        'InvalidOption',
        `expected ${name} to be an integer from ${least} up, got: ${value}`,
      );
  };
  expectInteger('masters', masters, 1);
  expectInteger('replicasPerMaster', replicasPerMaster, 0);
  if (proxied === true && tls !== undefined)
    throw new LauncherError('InvalidOption', 'expected either proxied or tls, got: both');
}

/** What each of its servers is started with. */
export function serverOptions(
  options: StartRedisClusterOptions,
  config: AddNodeOptions['config'],
): StartRedisOptions {
  const { masters, replicasPerMaster, nodeTimeoutMs, requireFullCoverage, proxied, timeoutMs, ...server } =
    options;
  return {
    ...server,
    config: {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': nodeTimeoutMs ?? defaultNodeTimeoutMs,
      'cluster-require-full-coverage': requireFullCoverage === false ? 'no' : 'yes',
      'cluster-allow-replica-migration': 'no',
      'repl-diskless-sync-delay': 0,
      ...(options.password !== undefined && { masterauth: JSON.stringify(options.password) }),
      ...(options.tls !== undefined && { 'tls-cluster': 'yes', 'tls-replication': 'yes' }),
      ...options.config,
      ...config,
    },
  };
}
