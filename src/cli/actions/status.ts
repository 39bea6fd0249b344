/** What Redis knows of a service, once or for as long as it is watched. */

import { serviceSettings } from '../../runtime/service-settings.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { StatusReader } from '../status/status-reader.js';
import { statusInWords } from '../status/words.js';

interface StatusOptions extends RedisFlags {
  readonly service: string;
  readonly dlqStream?: string;
  readonly watch: boolean;
  readonly interval: number;
  readonly startTimeout: number;
}

export async function status(options: StatusOptions, output: Output): Promise<number> {
  const { service, dlqStream, startTimeout: timeoutMs } = options;
  const { env } = output.host;
  const urlNow = () => redisUrlOf(options, env);
  const settings = serviceSettings({ redis: urlNow(), service, dlqStream, timeoutMs });
  await using reader = new StatusReader(settings, redisSourceOf(options, env), urlNow);
  const found = await reader.look();
  if (options.watch) {
    const { watchStatus } = await import('../status/watch.js');
    await watchStatus(reader, found, options.interval, output);
  } else output.line({ type: 'Status', ...found }, statusInWords(found, Date.now()));
  return EXIT.ok;
}
