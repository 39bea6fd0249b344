/** `streamwarden demo`: a fleet that loses one consumer to SIGKILL and one to SIGTERM, on a cluster a master as well, and no stream. */
import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { createNames } from '../../redis/names.js';
import { startRedisCluster } from '../../testing/redis-cluster.js';
import { startRedis } from '../../testing/redis-server.js';
import type { Runner } from '../command.js';
import { type FailOver, playScenario, type ScenarioResult } from '../demo/scenario.js';
import type { Summary } from '../demo/summary.js';
import { CliError, EXIT } from '../errors.js';
import { duration, type Output } from '../output.js';
import { type ShortClient, withRedis } from '../redis-client.js';
import { addressOf, checkRedisUrl } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import { refuseWrongUrl } from '../url-mistakes.js';
import { count, examples, jsonOption } from '../values.js';

interface DemoOptions {
  readonly redis?: string;
  readonly cluster: boolean;
  readonly streams: number;
}

const CONNECT_WITHIN_MS = 5_000;

export function demoCommand(run: Runner): Command {
  const command = new Command('demo')
    .description(
      'Shows a fleet at work in about 20 seconds: one consumer is killed, one is stopped, no stream is lost.',
    )
    .addOption(new Option('--redis <url>', 'use this server (default: $REDIS_URL, else one of its own)'))
    .addOption(
      new Option('--cluster', 'start a cluster of three masters and three replicas, and fail a master over')
        .conflicts('redis')
        .default(false),
    )
    .addOption(new Option('--streams <n>', 'how many data streams').argParser(count).default(40))
    .addOption(jsonOption())
    .action(run(demo))
    .addHelpText(
      'after',
      '\nExits with 1 when a stream was lost, owned by two at once or not finished. The numbers come from a history\nthat Redis itself recorded, with every change of owner, not from what the consumers printed.',
    );
  return examples(
    command,
    'streamwarden demo',
    'streamwarden demo --cluster',
    'streamwarden demo --streams 500 --json | tail -n 1',
  );
}

async function demo(options: DemoOptions, output: Output): Promise<number> {
  const given = options.cluster ? undefined : (options.redis ?? process.env.REDIS_URL);
  const stop = new AbortController();
  const ignoreSignals = onStopSignals({
    first: () => stop.abort(),
    // Whatever is left is killed by its guard.
    again: () => process.exit(EXIT.failed),
  });
  output.onClosed(() => stop.abort());
  try {
    return conclude(await play(), output);
  } catch (error) {
    throw stop.signal.aborted ? new CliError('Interrupted', 'interrupted', EXIT.failed) : error;
  } finally {
    ignoreSignals();
  }

  async function play(): Promise<ScenarioResult> {
    if (given) {
      const url = checkRedisUrl(options.redis);
      await refuseWrongUrl(url);
      return await playOn(url, true);
    }
    if (options.cluster) return await onOwnCluster();
    await using server = await startRedis();
    return await playOn(server.url, false);
  }

  async function onOwnCluster(): Promise<ScenarioResult> {
    await using cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 1 });
    return await playOn(cluster.url, false, async (key) => {
      const from = await cluster.masterOf(key);
      const to = await cluster.failOver(from);
      return { from: from.address, to: to.address };
    });
  }

  async function playOn(url: string, isForeign: boolean, failOver?: FailOver): Promise<ScenarioResult> {
    const { streams } = options;
    // Unlike any other, so that nobody else's streams are touched.
    const service = `demo-${randomBytes(4).toString('hex')}`;
    const server = addressOf(url);
    return await withRedis(url, CONNECT_WITHIN_MS, async (client) => {
      output.line(
        { type: 'Started', server, ownServer: !isForeign, cluster: failOver !== undefined, service, streams },
        `Redis${failOver ? ' Cluster' : ''} at ${server}${isForeign ? '' : ', started for this demo'}; service ${service}`,
      );
      try {
        return await playScenario({
          url,
          client,
          service,
          streams,
          isForeign,
          failOver,
          output,
          signal: stop.signal,
        });
      } finally {
        await removeTraces(client, service);
      }
    });
  }
}

/** On a server that goes on living nothing may stay behind. Presence and lock keys expire by themselves. */
async function removeTraces(client: ShortClient, service: string): Promise<void> {
  const { lbs, dlq, owners, endings } = createNames({ service });
  // One by one: in a cluster they have different slots.
  for (const key of [lbs, dlq, owners, ...endings, `{${lbs}}:history`]) await client.del(key);
}

function conclude({ summary, violations }: ScenarioResult, output: Output): number {
  const isClean = violations.length === 0 && summary.finished === summary.produced;
  for (const violation of violations) process.stderr.write(`violation: ${violation}\n`);
  // Exactly these members and no time of day: programs parse this line.
  output.write(output.json ? JSON.stringify({ type: 'Summary', ...summary }) : inWords(summary, isClean));
  return isClean ? EXIT.ok : EXIT.failed;
}

function inWords(summary: Summary, isClean: boolean): string {
  const { p50, p99, max } = summary.reownMs;
  const times =
    p50 === null || p99 === null || max === null
      ? 'the killed consumer owned none'
      : `median ${duration(p50)}, p99 ${duration(p99)}, longest ${duration(max)}`;
  return [
    '',
    `  produced        ${summary.produced}`,
    `  finished        ${summary.finished}`,
    `  recovered       ${summary.recovered}   after the kill; next owner: ${times}`,
    `  handed over     ${summary.handedOver}`,
    `  finished twice  ${summary.finishedTwice}`,
    `  owned by two    ${summary.ownedByTwo}`,
    `  lost            ${summary.lost}`,
    '',
    isClean ? 'Nothing was lost, and nothing had two owners.' : 'Something went wrong: see above.',
  ].join('\n');
}
