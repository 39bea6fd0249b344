/** Announces data streams. */

import { plural } from '../../core/amounts.js';
import { systemClock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import type { AddedStream } from '../../runtime/new-stream.js';
import { openProducer } from '../../runtime/open-producer.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { isApiInUse } from '../../telemetry/api-in-use.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { Progress } from '../progress.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

interface ProduceOptions extends RedisFlags {
  readonly service: string;
  readonly count: number;
  readonly prefix: string;
  readonly name?: string;
  readonly info?: Record<string, unknown>;
  readonly startTimeout: number;
  readonly maxEntryBytes: number;
  readonly ensure?: boolean;
  /** Milliseconds. */
  readonly delay?: number;
}

interface Produced {
  readonly id: string;
  /** Undefined: nobody asked whether it was there. */
  readonly created?: boolean;
}

/** Progress and ids appear a batch at a time; memory stays small however many are asked for. */
const BATCH = 500;

export async function produce(options: ProduceOptions, output: Output): Promise<number> {
  if (options.name === '') {
    throw new CliError('InvalidOption', 'expected --name to be a non-empty text, got: ""');
  }
  const total = options.name === undefined ? options.count : 1;
  const info = options.info ?? null;
  const nameOf = (index: number) => options.name ?? `${options.prefix}${index + 1}`;
  const { env } = output.host;
  const redis = redisSourceOf(options, env);
  const url = redisUrlOf(options, env);
  const { service, startTimeout: timeoutMs, maxEntryBytes } = options;
  const settings = serviceSettings({ redis: url, service, timeoutMs });
  await using producer = openProducer(
    { ...settings, redis, maxEntryBytes, logger: silentLogger, telemetry: isApiInUse() },
    systemClock,
  );
  // For somebody who watches and does not see the lines themselves go by.
  using progress = output.host.stdout.isTTY || total <= BATCH ? undefined : new Progress(total, output);
  const announce = async (streams: readonly AddedStream[]): Promise<readonly Produced[]> =>
    options.ensure
      ? await producer.ensureMany(streams)
      : (await producer.addMany(streams)).map((id) => ({ id }));
  let announced = 0;
  for (let done = 0; done < total; ) {
    const size = Math.min(BATCH, total - done);
    const streams: AddedStream[] = Array.from({ length: size }, (_, index) => ({
      name: nameOf(done + index),
      info,
      ...(options.delay === undefined ? {} : { delayMs: options.delay }),
    }));
    const produced = await announce(streams).catch(async (error: unknown) => {
      throw await explained(url, error);
    });
    const at = Date.now();
    for (const [index, one] of produced.entries()) {
      const stream = nameOf(done + index);
      const words = one.created === false ? '  is there already' : '';
      output.line({ at, type: 'Produced', stream, ...one }, `${one.id}  ${printable(stream)}${words}`);
      if (one.created !== false) announced += 1;
    }
    done += size;
    progress?.show(done);
  }
  if (!output.json && total > 1) {
    const there = options.ensure ? `, ${total - announced} there already` : '';
    output.write(`${plural(announced, 'stream')} announced${there}`);
  }
  return EXIT.ok;
}
