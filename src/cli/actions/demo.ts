/** A fleet that loses one consumer to SIGKILL and one to SIGTERM, on a cluster a master as well, and no stream. */
import { randomBytes } from 'node:crypto';
import { duration } from '../../core/amounts.js';
import { createNames } from '../../redis/names.js';
import { startRedisCluster } from '../../testing/redis-cluster.js';
import { startRedis } from '../../testing/redis-server.js';
import { type FailOver, playScenario, type ScenarioResult } from '../demo/scenario.js';
import type { EntriesReport } from '../demo/entries-proof.js';
import type { Summary } from '../demo/summary.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { type ShortClient, withRedis } from '../redis-client.js';
import { addressOf, checkRedisUrl } from '../redis-option.js';
import { onStopSignals } from '../stop-signals.js';
import { refuseWrongUrl } from '../url-mistakes.js';

interface DemoOptions {
  readonly redis?: string;
  readonly cluster: boolean;
  readonly streams: number;
}

/** Of a server that is there, which answers at once, or refuses; this only catches one that does neither. */
const CONNECT_WITHIN_MS = 30_000;

export async function demo(options: DemoOptions, output: Output): Promise<number> {
  const { host } = output;
  const given = options.cluster ? undefined : (options.redis ?? host.env.REDIS_URL);
  const stop = new AbortController();
  const ignoreSignals = onStopSignals(host.events, {
    first: () => stop.abort(),
    // Whatever is left is killed by its guard.
    again: () => host.exit(EXIT.failed),
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
      const url = checkRedisUrl(options.redis, host.env);
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
        await removeTraces(client, service, streams);
      }
    });
  }
}

/** On a server that goes on living nothing may stay behind. Presence and lock keys expire by themselves. */
async function removeTraces(client: ShortClient, service: string, streams: number): Promise<void> {
  const names = createNames({ service });
  const { lbs, dlq, owners, endings, announced, touches, checkpoints, presences, members, balance } = names;
  const consumers = await consumersOf(client, lbs, names.group);
  // One by one: in a cluster they have different slots.
  const written = [
    lbs,
    dlq,
    owners,
    ...endings,
    announced,
    touches,
    checkpoints,
    presences,
    members,
    balance,
  ];
  written.push(`{${lbs}}:history`, ...consumers.map(names.wakes));
  for (const key of written) await client.del(key);
  for (let n = 1; n <= streams; n += 1) await client.del(`stream-${n}`);
}

async function consumersOf(client: ShortClient, lbs: string, group: string): Promise<string[]> {
  try {
    const rows = (await client.xinfo('CONSUMERS', lbs, group)) as unknown[][];
    return rows.map((row) => String(row[row.indexOf('name') + 1]));
  } catch {
    // It was interrupted before anything was announced.
    return [];
  }
}

function conclude({ summary, violations, entries }: ScenarioResult, output: Output): number {
  const isWhole = entries.skipped === 0 && entries.wrong === 0;
  const isClean = violations.length === 0 && summary.finished === summary.produced && isWhole;
  for (const violation of violations) output.notice(`violation: ${violation}`);
  if (output.json) output.write(JSON.stringify({ type: 'Entries', ...entries }));
  // Exactly these members and no time of day: programs parse this line.
  output.write(
    output.json ? JSON.stringify({ type: 'Summary', ...summary }) : inWords(summary, entries, isClean),
  );
  return isClean ? EXIT.ok : EXIT.failed;
}

function inWords(summary: Summary, entries: EntriesReport, isClean: boolean): string {
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
    `  entries         ${entries.appended}`,
    `  skipped         ${entries.skipped}`,
    `  repeated        ${entries.repeated}   after the last commit of an owner that was killed or stopped`,
    `  out of order    ${entries.wrong}`,
    '',
    isClean ? 'Nothing was lost or skipped, and nothing had two owners.' : 'Something went wrong: see above.',
  ].join('\n');
}
