/** `streamwarden demo`: a fleet that loses one consumer to SIGKILL and one to SIGTERM, and no stream. */
import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import type { Redis } from 'ioredis';
import { createNames } from '../../redis/names.js';
import { startRedis } from '../../testing/redis-server.js';
import type { Runner } from '../command.js';
import { playScenario, type ScenarioResult } from '../demo/scenario.js';
import type { Summary } from '../demo/summary.js';
import { CliError, EXIT } from '../errors.js';
import { duration, type Output } from '../output.js';
import { addressOf, checkRedisUrl, withRedis } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import { count, examples, jsonOption } from '../values.js';

interface DemoOptions {
  readonly redis?: string;
  readonly streams: number;
}

const CONNECT_WITHIN_MS = 5_000;

export function demoCommand(run: Runner): Command {
  const command = new Command('demo')
    .description(
      'Shows a fleet at work in about 20 seconds: one consumer is killed, one is stopped, no stream is lost.',
    )
    .addOption(new Option('--redis <url>', 'use this server (default: $REDIS_URL, else one of its own)'))
    .addOption(new Option('--streams <n>', 'how many data streams').argParser(count).default(40))
    .addOption(jsonOption())
    .action(run(demo))
    .addHelpText(
      'after',
      '\nExits with 1 when a stream was lost, owned by two at once or not finished. The numbers come from a history\nthat Redis itself recorded, with every change of owner, not from what the consumers printed.',
    );
  return examples(command, 'streamwarden demo', 'streamwarden demo --streams 500 --json | tail -n 1');
}

async function demo(options: DemoOptions, output: Output): Promise<number> {
  const given = options.redis ?? process.env.REDIS_URL;
  const stop = new AbortController();
  const ignoreSignals = onStopSignals({
    first: () => stop.abort(),
    // Whatever is left is killed by its guard.
    again: () => process.exit(EXIT.failed),
  });
  output.onClosed(() => stop.abort());
  try {
    const result = await (given ? onServer(checkRedisUrl(options.redis), true) : onOwnServer());
    return conclude(result, output);
  } catch (error) {
    throw stop.signal.aborted ? new CliError('Interrupted', 'interrupted', EXIT.failed) : error;
  } finally {
    ignoreSignals();
  }

  async function onOwnServer(): Promise<ScenarioResult> {
    await using server = await startRedis();
    return await onServer(server.url, false);
  }

  async function onServer(url: string, isForeign: boolean): Promise<ScenarioResult> {
    // Unlike any other, so that nobody else's streams are touched.
    const service = `demo-${randomBytes(4).toString('hex')}`;
    return await withRedis(url, CONNECT_WITHIN_MS, async (client) => {
      output.line(
        { type: 'Started', server: addressOf(url), ownServer: !isForeign, service, streams: options.streams },
        `Redis at ${addressOf(url)}${isForeign ? '' : ', started for this demo'}; service ${service}`,
      );
      try {
        const { streams } = options;
        return await playScenario({ url, client, service, streams, isForeign, output, signal: stop.signal });
      } finally {
        await removeTraces(client, service);
      }
    });
  }
}

/** On a server that goes on living nothing may stay behind. Presence and lock keys expire by themselves. */
async function removeTraces(client: Redis, service: string): Promise<void> {
  const { lbs, dlq, owners } = createNames({ service });
  for (const key of [lbs, dlq, owners, `{${lbs}}:history`]) await client.del(key);
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
