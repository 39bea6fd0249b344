/** What kind of server this is, and whether it will do. */
import type { Redis } from 'ioredis';
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import type { Commands } from './commands.js';
import { infoField, serverMode } from './info.js';
import type { Names } from './names.js';
import { isPassing, replyOf } from './reply-errors.js';
import { Shortfall } from './shortfall.js';

/** `XPENDING … IDLE` and `XGROUP CREATECONSUMER` came with it. */
export const OLDEST_SERVER: readonly [number, number] = [6, 2];

export interface ServerFacts {
  readonly kind: 'redis' | 'valkey';
  readonly version: string;
  /** `maxmemory-policy`; null when the user may not read it. */
  readonly evictionPolicy: string | null;
  /** What a person should know: an eviction policy that may take lock keys, say. */
  readonly warnings: readonly string[];
}

async function evictionPolicy(commands: Commands): Promise<string | null> {
  try {
    const reply = (await commands.run('CONFIG GET', (client) =>
      client.config('GET', 'maxmemory-policy'),
    )) as string[];
    return reply[1] ?? null;
  } catch (error) {
    // Managed servers forbid or rename CONFIG. Not knowing is no reason not to work.
    if (isStreamwardenError(error, 'PermissionDenied') || isStreamwardenError(error, 'RedisRefused'))
      return null;
    throw error;
  }
}

/** Undefined when the user may not ask, or nobody can. */
async function serverInfo(commands: Commands, shortfall: Shortfall): Promise<string | undefined> {
  try {
    return await commands.run('INFO server', (client) => client.info('server'));
  } catch (error) {
    if (shortfall.takes(error, 'INFO')) return undefined;
    throw error;
  }
}

/** What cannot be tried inside a script. */
async function noteRefusedCommands(commands: Commands, shortfall: Shortfall): Promise<void> {
  const tries: [command: string, send: (client: Redis) => Promise<unknown>][] = [
    ['EVAL', (client) => client.eval('return 0', 0)],
    ['EVALSHA', (client) => client.evalsha('0'.repeat(40), 0)],
    ['CLIENT ID', (client) => client.client('ID')],
    // Connections are numbered from 1.
    ['CLIENT UNBLOCK', (client) => client.client('UNBLOCK', 0)],
  ];
  for (const [command, send] of tries) {
    try {
      await commands.run(command, send);
    } catch (error) {
      if (!shortfall.takes(error, command) && replyOf(error) !== 'NOSCRIPT') throw error;
    }
  }
}

/**
 * Which of these keys the user may not touch: a script that is given one is refused before it begins.
 *
 * @param keys several in one item are asked for at once, and one by one only where they are refused
 */
async function refusedKeys(
  commands: Commands,
  keys: readonly (string | readonly string[])[],
): Promise<string[]> {
  const refused: string[] = [];
  for (const item of keys) {
    const together = typeof item === 'string' ? [item] : item;
    try {
      await commands.run('EVAL', (client) => client.eval('return 0', together.length, ...together));
    } catch (error) {
      if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
      if (together.length > 1) refused.push(...(await refusedKeys(commands, together)));
      else if (/\bkeys?\b/.test(error.message)) refused.push(`key ${together[0]}`);
    }
  }
  return refused;
}

/** Which commands on a dead-letter stream of another server the user may not run. They change nothing: 0-0 is no id to add under. */
async function refusedLetters(commands: Commands, dlq: string): Promise<string[]> {
  const tries: [command: string, send: (client: Redis) => Promise<unknown>][] = [
    ['XLEN', (client) => client.xlen(dlq)],
    ['XADD', (client) => client.xadd(dlq, '0-0', 'probe', '1')],
  ];
  const refused: string[] = [];
  for (const [command, send] of tries) {
    try {
      await commands.run(command, send);
    } catch (error) {
      if (isStreamwardenError(error, 'PermissionDenied')) refused.push(`${command} ${dlq}`);
      else if (isPassing(error)) throw error;
    }
  }
  return refused;
}

/** A server that cannot be asked just now keeps nobody from starting: only what it holds has to wait for it. */
async function refusedElsewhere(
  { dlq: dlqCommands, locks }: ProbedElsewhere,
  dlq: string,
  lockKey: readonly string[],
): Promise<string[]> {
  async function refusedOnDlq(): Promise<string[]> {
    if (dlqCommands === undefined) return [];
    const key = await refusedKeys(dlqCommands, [dlq]);
    return key.length > 0 ? key : await refusedLetters(dlqCommands, dlq);
  }

  const refused: string[] = [];
  for (const ask of [() => refusedKeys(locks, lockKey), refusedOnDlq]) {
    try {
      refused.push(...(await ask()));
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
  return refused;
}

/** What was given as a single server is a node of a cluster. */
export function clusterClientRequired(): StreamwardenError {
  return new StreamwardenError(
    'ClusterClientRequired',
    'expected a single server, got: a node of a Redis Cluster; give redis as redis-cluster://host:port,… or as an ioredis Cluster',
  );
}

/** What the probe needs to know of the options. */
export interface ProbeSettings {
  readonly lockKeys: boolean;
  readonly historyKey: string | undefined;
}

/** In a cluster: commands on the servers of keys that live in other slots than the load balancer stream; undefined: they live with it. */
export interface ProbedElsewhere {
  readonly dlq: Commands | undefined;
  readonly locks: Commands;
}

/**
 * Asks the server what it is and tries every command that will be needed, harmlessly.
 *
 * @throws StreamwardenError `ServerTooOld`; `CommandsMissing` and `PermissionDenied` naming every command; `RedisUnavailable`
 */
export async function probe(
  commands: Commands,
  names: Names,
  consumer: string,
  { lockKeys, historyKey }: ProbeSettings,
  elsewhere?: ProbedElsewhere,
): Promise<ServerFacts> {
  const shortfall = new Shortfall();
  const info = await serverInfo(commands, shortfall);
  const valkey = infoField(info ?? '', 'valkey_version');
  const version = valkey ?? infoField(info ?? '', 'redis_version') ?? '0.0.0';
  const kind = valkey === undefined ? 'redis' : 'valkey';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isKnown = info !== undefined;
  if (isKnown && (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1]))) {
    throw new StreamwardenError(
      'ServerTooOld',
      `expected Redis ${OLDEST_SERVER.join('.')} or newer, got: ${kind} ${version}`,
      {
        details: { kind, version },
      },
    );
  }
  if (elsewhere === undefined && serverMode(info ?? '') === 'cluster') {
    throw clusterClientRequired();
  }
  const keys = [names.lbs, elsewhere?.dlq ? names.lbs : names.dlq, names.scratch(consumer)];
  const others = [
    [
      names.owners,
      names.announced,
      names.touches,
      names.cancels,
      names.delayed,
      names.delayedDue,
      names.delayedNames,
      ...names.parking,
      names.presences,
      names.members,
      names.balance,
      names.checkpoints,
    ],
    names.presence(consumer),
    ...(historyKey === undefined ? [] : [historyKey]),
  ];
  const lockKey = lockKeys ? [names.lock('probe', '0-0')] : [];
  await noteRefusedCommands(commands, shortfall);
  if (!shortfall.has('EVAL')) {
    const here = [...new Set(keys), ...others, ...(elsewhere ? [] : lockKey)];
    for (const key of await refusedKeys(commands, here)) shortfall.refused.add(key);
    if (elsewhere) {
      for (const one of await refusedElsewhere(elsewhere, names.dlq, lockKey)) shortfall.refused.add(one);
    }
  }
  const needed = ['EVAL', 'EVALSHA', ...keys.map((key) => `key ${key}`)];
  if (!needed.some((one) => shortfall.has(one))) {
    const flags = [historyKey === undefined ? 0 : 1, elsewhere?.dlq ? 1 : 0];
    const reply = await commands.script('probe', keys, [names.group, ...flags]);
    shortfall.add(reply as string[]);
  }
  shortfall.check();
  const policy = await evictionPolicy(commands);
  const warnings =
    policy !== null && policy !== 'noeviction'
      ? [
          `maxmemory-policy is ${policy}: Redis may evict presence and lock keys, and living owners then look dead; use noeviction`,
        ]
      : [];
  return { kind, version, evictionPolicy: policy, warnings };
}
