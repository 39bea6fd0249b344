/** What the commands that look into a service, and repair it, have in common: how they get there and what can be wrong with that. */
import type { Admin } from '../admin/admin.js';
import { openAdmin } from '../admin/open-admin.js';
import type { Names } from '../redis/names.js';
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

interface Visit {
  readonly admin: Admin;
  readonly names: Names;
  /** Where Redis is. */
  readonly url: string;
}

/**
 * Does the work with an admin of a service that is there, and closes it.
 *
 * @throws CliError `ServiceNotFound`; whatever is wrong with the URL
 * @throws StreamwardenError `RedisUnavailable` when there is no usable connection within the time
 */
export async function withAdmin<T>(
  { service, dlqStream, startTimeout, ...flags }: ServiceVisitOptions,
  { host }: Output,
  work: (visit: Visit) => Promise<T>,
): Promise<T> {
  const url = redisUrlOf(flags, host.env);
  // Otherwise a wrong password, say, would be tried again until the time is up.
  await refuseWrongUrl(url);
  try {
    const settings = serviceSettings({ redis: url, service, dlqStream, timeoutMs: startTimeout });
    await using admin = openAdmin(settings);
    const { names } = settings;
    if (!(await admin.exists())) throw notFound(names);
    return await work({ admin, names, url });
  } catch (error) {
    throw await explained(url, error);
  }
}

function notFound({ service, lbs, dlq }: Names): CliError {
  const message = `no service ${service} here: there is neither a stream ${lbs} nor ${dlq}`;
  return new CliError('ServiceNotFound', message);
}
