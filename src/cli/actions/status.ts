/** What Redis knows of a service, once or for as long as it is watched. */
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { type RedisFlags, redisUrlOf } from '../redis-option.js';
import { namesOfService } from '../service-status.js';
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
  const urlNow = () => redisUrlOf(options, output.host.env);
  const names = namesOfService(urlNow(), options.service, options.dlqStream);
  using reader = new StatusReader(urlNow, names, options.startTimeout);
  const found = await reader.look();
  if (options.watch) {
    const { watchStatus } = await import('../status/watch.js');
    await watchStatus(reader, found, options.interval, output);
  } else output.line({ type: 'Status', ...found }, statusInWords(found));
  return EXIT.ok;
}
