/** What commands that change data streams by their names have in common: an admin of a service that need not be there yet. */
import type { Admin } from '../../admin/admin.js';
import { openAdmin } from '../../admin/open-admin.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { CliError } from '../errors.js';
import type { Output } from '../output.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

export interface NamedStreamsOptions extends RedisFlags {
  readonly service: string;
  readonly startTimeout: number;
}

/** Has the admin do this; what fails says what is wrong with the URL, where it is that. @throws CliError `Usage` for an empty name */
export async function withNamedStreams<T>(
  names: readonly string[],
  options: NamedStreamsOptions,
  { host: { env } }: Output,
  act: (admin: Admin) => Promise<T>,
): Promise<T> {
  if (names.includes('')) throw new CliError('Usage', 'expected names of data streams, got: ""');
  const url = redisUrlOf(options, env);
  const { service, startTimeout: timeoutMs } = options;
  const settings = serviceSettings({ redis: url, service, timeoutMs });
  await using admin = openAdmin({ ...settings, redis: redisSourceOf(options, env) });
  try {
    return await act(admin);
  } catch (error) {
    throw await explained(url, error);
  }
}
