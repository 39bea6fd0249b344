/** What kind of server this is, and whether it will do. */
import type { Redis } from 'ioredis';
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import type { Commands } from './commands.js';
import type { Names } from './names.js';
import { replyOf } from './reply-errors.js';

/** `XPENDING … IDLE` and `XGROUP CREATECONSUMER` came with it. */
const OLDEST: readonly [number, number] = [6, 2];

export interface ServerFacts {
  readonly kind: 'redis' | 'valkey';
  readonly version: string;
  /** `maxmemory-policy`; null when the user may not read it. */
  readonly evictionPolicy: string | null;
  /** What a person should know: an eviction policy that may take lock keys, say. */
  readonly warnings: readonly string[];
}

function infoField(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
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

/** Undefined when the user may not ask. */
async function serverInfo(commands: Commands): Promise<string | undefined> {
  try {
    return await commands.run('INFO server', (client) => client.info('server'));
  } catch (error) {
    if (isStreamwardenError(error, 'PermissionDenied')) return undefined;
    throw error;
  }
}

/** What cannot be tried inside a script. */
async function refusedCommands(commands: Commands): Promise<string[]> {
  const tries: [command: string, send: (client: Redis) => Promise<unknown>][] = [
    ['EVAL', (client) => client.eval('return 0', 0)],
    ['EVALSHA', (client) => client.evalsha('0'.repeat(40), 0)],
    ['CLIENT ID', (client) => client.client('ID')],
    // Connections are numbered from 1.
    ['CLIENT UNBLOCK', (client) => client.client('UNBLOCK', 0)],
  ];
  const refused: string[] = [];
  for (const [command, send] of tries) {
    try {
      await commands.run(command, send);
    } catch (error) {
      if (isStreamwardenError(error, 'PermissionDenied')) refused.push(command);
      else if (replyOf(error) !== 'NOSCRIPT') throw error;
    }
  }
  return refused;
}

/** Which of these keys the user may not touch: a script that is given one is refused before it begins. */
async function refusedKeys(commands: Commands, keys: readonly string[]): Promise<string[]> {
  const refused: string[] = [];
  for (const key of keys) {
    try {
      await commands.run('EVAL', (client) => client.eval('return 0', 1, key));
    } catch (error) {
      if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
      if (/\bkeys?\b/.test(error.message)) refused.push(`key ${key}`);
    }
  }
  return refused;
}

/**
 * Asks the server what it is and tries every command that will be needed, harmlessly.
 *
 * @throws StreamwardenError `ServerTooOld`, `PermissionDenied` naming every refused command, `RedisUnavailable`
 */
export async function probe(
  commands: Commands,
  names: Names,
  consumer: string,
  { lockKeys, historyKey }: { readonly lockKeys: boolean; readonly historyKey: string | undefined },
): Promise<ServerFacts> {
  const refused: string[] = [];
  const info = await serverInfo(commands);
  if (info === undefined) refused.push('INFO');
  const valkey = infoField(info ?? '', 'valkey_version');
  const version = valkey ?? infoField(info ?? '', 'redis_version') ?? '0.0.0';
  const kind = valkey === undefined ? 'redis' : 'valkey';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isKnown = info !== undefined;
  if (isKnown && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    throw new StreamwardenError(
      'ServerTooOld',
      `expected Redis ${OLDEST.join('.')} or newer, got: ${kind} ${version}`,
      {
        details: { kind, version },
      },
    );
  }
  const keys = [names.lbs, names.dlq, names.scratch(consumer)];
  const others = [
    names.owners,
    names.presence(consumer),
    ...(lockKeys ? [names.lock('probe', '0-0')] : []),
    ...(historyKey === undefined ? [] : [historyKey]),
  ];
  refused.push(...(await refusedCommands(commands)), ...(await refusedKeys(commands, [...keys, ...others])));
  const needed = ['EVAL', 'EVALSHA', ...keys.map((key) => `key ${key}`)];
  if (!needed.some((one) => refused.includes(one))) {
    const hasHistory = historyKey === undefined ? 0 : 1;
    refused.push(...((await commands.script('probe', keys, [names.group, hasHistory])) as string[]));
  }
  if (refused.length > 0) {
    throw new StreamwardenError(
      'PermissionDenied',
      `Redis does not permit this user: ${refused.join(', ')}`,
      {
        details: { refused },
      },
    );
  }
  const policy = await evictionPolicy(commands);
  const warnings =
    policy !== null && policy !== 'noeviction'
      ? [
          `maxmemory-policy is ${policy}: Redis may evict presence and lock keys, and living owners then look dead; use noeviction`,
        ]
      : [];
  return { kind, version, evictionPolicy: policy, warnings };
}
