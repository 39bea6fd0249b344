/** Masters, replicas, slots, keyspace events and subscribers, once or for as long as it is watched. */
import { setTimeout as delay } from 'node:timers/promises';
import { isSamePicture, type TopologyPicture } from '../../admin/topology/picture.js';
import type { Survey } from '../../admin/topology/survey.js';
import { surveyOf } from '../../admin/topology/survey-of.js';
import { systemClock } from '../../core/clock.js';
import { deploymentOf } from '../../redis/target.js';
import { EXIT } from '../errors.js';
import { LiveText } from '../live-text.js';
import { type Output, timeOfDay } from '../output.js';
import { type RedisFlags, redisUrlOf } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import { inWords } from '../topology/words.js';
import { refuseWrongUrl } from '../url-mistakes.js';

interface TopologyOptions extends RedisFlags {
  readonly watch: boolean;
  readonly interval: number;
  readonly timeout: number;
}

export async function topology(options: TopologyOptions, output: Output): Promise<number> {
  const url = redisUrlOf(options, output.host.env);
  await refuseWrongUrl(url);
  using survey = surveyOf(deploymentOf(url), options.timeout, systemClock);
  if (options.watch) return await watch(survey, options.interval, output);
  const picture = await survey.look();
  output.line({ type: 'Topology', ...picture }, inWords(picture));
  return picture.settled ? EXIT.ok : EXIT.failed;
}

/** Until a signal comes. */
async function watch(survey: Survey, intervalMs: number, output: Output): Promise<number> {
  const stop = new AbortController();
  const ignoreSignals = onStopSignals(output.host.events, {
    first: () => stop.abort(),
    again: () => output.host.exit(EXIT.ok),
  });
  output.onClosed(() => stop.abort());
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const live = output.json ? undefined : LiveText.onTerminal(output.host.stdout);
  let last: TopologyPicture | undefined;
  while (!stop.signal.aborted) {
    const picture = await Promise.race([survey.look(), stopped]);
    if (picture === undefined) break;
    const at = Date.now();
    if (live !== undefined) {
      live.show(`${inWords(picture)}\n\nas of ${timeOfDay(at)}; Ctrl-C ends it`);
    } else if (last === undefined || !isSamePicture(picture, last)) {
      output.line({ at, type: 'Topology', ...picture }, `${timeOfDay(at)}  ${inWords(picture)}\n`);
    }
    last = picture;
    await delay(intervalMs, undefined, { signal: stop.signal }).catch(() => {});
  }
  ignoreSignals();
  return EXIT.ok;
}
