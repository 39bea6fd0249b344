/** Cancels data streams. */
import { systemClock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import type { Cancelled } from '../../redis/cancelling.js';
import { openProducer } from '../../runtime/open-producer.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { isApiInUse } from '../../telemetry/api-in-use.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

interface CancelOptions extends RedisFlags {
  readonly service: string;
  readonly startTimeout: number;
}

const WORDS: Readonly<Record<Cancelled['cancelled'], string>> = {
  waiting: 'waited, and is gone',
  delayed: 'was delayed, and is gone',
  owned: 'is owned: its owner is told to stop, and finishes it',
  foreign: 'is held by a consumer of the Go client, which nobody can tell: it was let alone',
  none: 'is not there',
};

export async function cancel(
  names: readonly string[],
  options: CancelOptions,
  output: Output,
): Promise<number> {
  if (names.includes('')) throw new CliError('Usage', 'expected names of data streams, got: ""');
  const { env } = output.host;
  const redis = redisSourceOf(options, env);
  const url = redisUrlOf(options, env);
  const { service, startTimeout: timeoutMs } = options;
  const settings = serviceSettings({ redis: url, service, timeoutMs });
  await using producer = openProducer(
    // Nothing is announced.
    { ...settings, redis, maxEntryBytes: 0, logger: silentLogger, telemetry: isApiInUse() },
    systemClock,
  );
  const results = await producer.cancelMany(names).catch(async (error: unknown) => {
    throw await explained(url, error);
  });
  for (const [index, { cancelled, ids }] of results.entries()) {
    const stream = names[index] as string;
    output.line({ type: 'Cancelled', stream, cancelled, ids }, `${printable(stream)} ${WORDS[cancelled]}`);
  }
  const areAll = results.every(({ cancelled }) => cancelled !== 'none' && cancelled !== 'foreign');
  return areAll ? EXIT.ok : EXIT.failed;
}
