/** What commands that change data streams by their names have in common: a producer that announces nothing. */
import { systemClock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import { openProducer, type Producer } from '../../runtime/open-producer.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { isApiInUse } from '../../telemetry/api-in-use.js';
import { CliError } from '../errors.js';
import type { Output } from '../output.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

export interface NamedStreamsOptions extends RedisFlags {
  readonly service: string;
  readonly startTimeout: number;
}

/** Has the producer do this; what fails says what is wrong with the URL, where it is that. @throws CliError `Usage` for an empty name */
export async function withProducer<T>(
  names: readonly string[],
  options: NamedStreamsOptions,
  { host: { env } }: Output,
  act: (producer: Producer) => Promise<T>,
): Promise<T> {
  if (names.includes('')) throw new CliError('Usage', 'expected names of data streams, got: ""');
  const url = redisUrlOf(options, env);
  const { service, startTimeout: timeoutMs } = options;
  const settings = serviceSettings({ redis: url, service, timeoutMs });
  const redis = redisSourceOf(options, env);
  await using producer = openProducer(
    { ...settings, redis, maxEntryBytes: 0, logger: silentLogger, telemetry: isApiInUse() },
    systemClock,
  );
  try {
    return await act(producer);
  } catch (error) {
    throw await explained(url, error);
  }
}
