/** What the commands that look into a service, and repair it, have in common: how they get there and what can be wrong with that. */
import type { Admin } from '../admin/admin.js';
import { openAdmin } from '../admin/open-admin.js';
import { accessService, type ServiceAccess } from '../admin/service-access.js';
import { systemClock } from '../core/clock.js';
import type { Names } from '../redis/names.js';
import { type CompiledServiceOptions, serviceSettings } from '../runtime/service-settings.js';
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
  options: ServiceVisitOptions,
  output: Output,
  work: (visit: Visit) => Promise<T>,
): Promise<T> {
  return await visited(options, output, async (settings, url) => {
    await using admin = openAdmin(settings);
    const { names } = settings;
    if (!(await admin.exists())) throw notFound(names);
    return await work({ admin, names, url });
  });
}

/** The same with what an admin is made of. @throws as `withAdmin` */
export async function withService<T>(
  options: ServiceVisitOptions,
  output: Output,
  work: (access: ServiceAccess, url: string) => Promise<T>,
): Promise<T> {
  return await visited(options, output, async (settings, url) => {
    using access = accessService(settings, systemClock);
    await access.up();
    if (!(await access.exists())) throw notFound(access.names);
    return await work(access, url);
  });
}

async function visited<T>(
  { service, dlqStream, startTimeout, ...flags }: ServiceVisitOptions,
  { host }: Output,
  work: (settings: CompiledServiceOptions, url: string) => Promise<T>,
): Promise<T> {
  const url = redisUrlOf(flags, host.env);
  // Otherwise a wrong password, say, would be tried again until the time is up.
  await refuseWrongUrl(url);
  try {
    return await work(serviceSettings({ redis: url, service, dlqStream, timeoutMs: startTimeout }), url);
  } catch (error) {
    throw await explained(url, error);
  }
}

function notFound({ service, lbs, dlq }: Names): CliError {
  const message = `no service ${service} here: there is neither a stream ${lbs} nor ${dlq}`;
  return new CliError('ServiceNotFound', message);
}
