/** `streamwarden topology`: masters, replicas, slots, keyspace events and subscribers, once or for as long as it is watched. */
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { deploymentOf } from '../../redis/target.js';
import type { Runner } from '../command.js';
import { EXIT } from '../errors.js';
import { LiveText } from '../live-text.js';
import { type Output, timeOfDay } from '../output.js';
import { checkRedisUrl, redisOption } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import { isSamePicture, type TopologyPicture } from '../topology/picture.js';
import type { Survey } from '../topology/survey.js';
import { surveyOf } from '../topology/survey-of.js';
import { inWords } from '../topology/words.js';
import { refuseWrongUrl } from '../url-mistakes.js';
import { count, examples, jsonOption } from '../values.js';

interface TopologyOptions {
  readonly redis?: string;
  readonly watch: boolean;
  readonly interval: number;
  readonly timeout: number;
}

export function topologyCommand(run: Runner): Command {
  const command = new Command('topology')
    .description('Shows masters, replicas and slots, and whether expiries are published and listened to.')
    .addOption(redisOption())
    .addOption(new Option('--watch', 'go on, and show it again whenever it has changed').default(false))
    .addOption(
      new Option('--interval <ms>', 'with --watch: how often to look').argParser(count).default(1_000),
    )
    .addOption(
      new Option('--timeout <ms>', 'how long each server may take to answer').argParser(count).default(1_000),
    )
    .addOption(jsonOption())
    .action(run(topology))
    .addHelpText(
      'after',
      '\nExits with 0 when all nodes agree, with 1 when they do not or none answers. --watch ends with 0 on SIGINT.',
    );
  return examples(
    command,
    'streamwarden topology --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
    'streamwarden topology --redis redis-sentinel://127.0.0.1:26379/mymaster --watch',
    "streamwarden topology --json | jq '.masters[] | select(.keyspaceEvents.suffices | not) | .address'",
  );
}

async function topology(options: TopologyOptions, output: Output): Promise<number> {
  const url = checkRedisUrl(options.redis);
  await refuseWrongUrl(url);
  using survey = surveyOf(deploymentOf(url), options.timeout);
  if (options.watch) return await watch(survey, options.interval, output);
  const picture = await survey.look();
  output.line({ type: 'Topology', ...picture }, inWords(picture));
  return picture.settled ? EXIT.ok : EXIT.failed;
}

/** Until a signal comes. */
async function watch(survey: Survey, intervalMs: number, output: Output): Promise<number> {
  const stop = new AbortController();
  const ignoreSignals = onStopSignals({ first: () => stop.abort(), again: () => process.exit(EXIT.ok) });
  output.onClosed(() => stop.abort());
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const live = output.json ? undefined : LiveText.onTerminal();
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
