/** What twenty runtimes that own nothing ask of one Redis. */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { cpuMeter, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const RUNTIMES = 20;
const WATCH_MS = 10_000;

async function commandsSoFar(client: Redis): Promise<number> {
  return Number(/^total_commands_processed:(\d+)/m.exec(await client.info('stats'))?.[1]);
}

async function run({ redis, progress }: Setting): Promise<Row[]> {
  const subjects = await Promise.all(
    Array.from({ length: RUNTIMES }, (_, n) => createSubject(redis.url, 'idle', { consumerId: `idle-${n}` })),
  );
  await delay(3000);
  const client = new Redis(redis.url);
  const before = await commandsSoFar(client);
  const stop = await cpuMeter(redis.url);
  await delay(WATCH_MS);
  const commands = (await commandsSoFar(client)) - before;
  const { client: clientMs, redis: redisMs } = await stop();
  client.disconnect();
  await Promise.all(subjects.map((subject) => subject.close()));
  progress(`idle fleet of ${RUNTIMES}: watched for ${WATCH_MS / 1000} s`);
  const perSecond = WATCH_MS / 1000;
  return [
    row(`${RUNTIMES} idle runtimes: commands per second`, '/s', [commands / perSecond], null),
    row(`${RUNTIMES} idle runtimes: Redis CPU per second`, 'ms', [redisMs / perSecond], null),
    row(
      `${RUNTIMES} idle runtimes: client CPU per second and runtime`,
      'ms',
      [clientMs / perSecond / RUNTIMES],
      null,
    ),
  ];
}

export const idleFleet: Scenario = { name: 'idle-fleet', run };
