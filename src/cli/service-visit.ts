/** What the commands that look into a service, and repair it, have in common: how they get there and what can be wrong with that. */
import { openService, type ServiceAccess } from '../runtime/open-service.js';
import { serviceSettings } from '../runtime/service-settings.js';
import { CliError } from './errors.js';
import type { Output } from './output.js';
import { type RedisFlags, redisUrlOf } from './redis-option.js';
import { explained, refuseWrongUrl } from './url-mistakes.js';

export interface ServiceVisitOptions extends RedisFlags {
  readonly service: string;
  readonly dlqStream?: string;
  readonly startTimeout: number;
}

/**
 * Connects, does the work, disconnects.
 *
 * @throws CliError `ServiceNotFound`; whatever is wrong with the URL
 * @throws StreamwardenError `RedisUnavailable` when there is no usable connection within the time
 */
export async function withService<T>(
  { service, dlqStream, startTimeout, ...flags }: ServiceVisitOptions,
  { host }: Output,
  work: (access: ServiceAccess, url: string) => Promise<T>,
): Promise<T> {
  const url = redisUrlOf(flags, host.env);
  // Otherwise a wrong password, say, would be tried again until the time is up.
  await refuseWrongUrl(url);
  try {
    const settings = serviceSettings({ redis: url, service, dlqStream, timeoutMs: startTimeout });
    await using access = await openService(settings);
    if (!(await access.exists())) {
      const { lbs, dlq } = access.names;
      throw new CliError(
        'ServiceNotFound',
        `no service ${service} here: there is neither a stream ${lbs} nor ${dlq}`,
      );
    }
    return await work(access, url);
  } catch (error) {
    throw await explained(url, error);
  }
}
