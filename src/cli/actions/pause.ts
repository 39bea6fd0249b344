/** Pauses data streams, and resumes them. */
import { systemClock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import type { PauseChange } from '../../redis/parking.js';
import { openProducer } from '../../runtime/open-producer.js';
import { serviceSettings } from '../../runtime/service-settings.js';
import { isApiInUse } from '../../telemetry/api-in-use.js';
import { CliError, EXIT } from '../errors.js';
import { entries, type Output } from '../output.js';
import { printable } from '../printable.js';
import { type RedisFlags, redisSourceOf, redisUrlOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

interface PauseOptions extends RedisFlags {
  readonly service: string;
  readonly startTimeout: number;
}

const WORDS = {
  pause: { type: 'Paused', changed: 'is paused: nobody is given it', same: 'was paused already' },
  resume: { type: 'Resumed', changed: 'is resumed', same: 'was not paused' },
} as const;

function changer(what: 'pause' | 'resume') {
  return async (names: readonly string[], options: PauseOptions, output: Output): Promise<number> => {
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
    const words = WORDS[what];
    for (const stream of names) {
      const { changed, parked }: PauseChange = await producer[what](stream).catch(async (error: unknown) => {
        throw await explained(url, error);
      });
      const waiting = parked === 0 ? '' : `; ${entries(parked)} aside`;
      const text = `${printable(stream)} ${changed ? words.changed : words.same}${waiting}`;
      output.line({ type: words.type, stream, changed, parked }, text);
    }
    return EXIT.ok;
  };
}

export const pause = changer('pause');
export const resume = changer('resume');
