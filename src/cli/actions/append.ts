/** Appends to data streams. */
import { systemClock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import type { Appended } from '../../runtime/appender.js';
import { withData } from '../../runtime/data-place.js';
import { openProducer, type Producer } from '../../runtime/open-producer.js';
import { isRedisTarget, MAX_ENTRY_BYTES } from '../../runtime/option-rules.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { isApiInUse } from '../../telemetry/api-in-use.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

interface EntryOptions extends RedisFlags {
  readonly service: string;
  readonly startTimeout: number;
  readonly key?: string;
  readonly data?: string;
  readonly info?: Record<string, unknown>;
}

interface AppendOptions extends EntryOptions {
  readonly maxLen?: number;
}

export async function append(
  name: string,
  given: readonly string[],
  options: AppendOptions,
  output: Output,
): Promise<number> {
  const fields = Object.fromEntries(given.map(fieldOf));
  const { maxLen } = options;
  return await add(name, options, output, (producer, more) =>
    producer.append(name, fields, { ...more, ...(maxLen === undefined ? {} : { maxLen }) }),
  );
}

export async function end(name: string, options: EntryOptions, output: Output): Promise<number> {
  return await add(name, options, output, (producer, more) => producer.end(name, more));
}

/** @throws CliError `Usage` */
function fieldOf(text: string): [field: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError('Usage', `expected a field as field=value, got: ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

interface More {
  readonly key?: string;
  readonly info?: Record<string, unknown>;
}

async function add(
  stream: string,
  options: EntryOptions,
  output: Output,
  act: (producer: Producer, more: More) => Promise<Appended>,
): Promise<number> {
  if (stream === '') throw new CliError('Usage', 'expected the name of a data stream, got: ""');
  const { env } = output.host;
  const { service, startTimeout: timeoutMs, key, data, info } = options;
  const url = redisUrlOf(options, env);
  if (data !== undefined && !isRedisTarget(data)) {
    throw new CliError('Usage', 'expected --data to be a URL of Redis: redis://…, redis-cluster://…');
  }
  const settings = serviceSettings({ redis: url, service, timeoutMs });
  await using producer = openProducer(
    {
      ...settings,
      names: withData(settings.names, data),
      data,
      redis: redisSourceOf(options, env),
      maxEntryBytes: MAX_ENTRY_BYTES.default,
      logger: silentLogger,
      telemetry: isApiInUse(),
    },
    systemClock,
  );
  const more = { ...(key === undefined ? {} : { key }), ...(info === undefined ? {} : { info }) };
  const added = await act(producer, more).catch(async (error: unknown) => {
    throw await explained(url, error);
  });
  const { id } = added;
  const { id: announcement, created } = added.stream;
  output.line(
    { at: Date.now(), type: 'Appended', stream, id, announcement, created },
    `${id}  ${printable(stream)}${created ? '  announced' : ''}`,
  );
  return EXIT.ok;
}
