/** What one server says of itself. What this user may not ask is left out, and the checks say so. */
import type { Clock } from '../../../core/clock.js';
import type { Commands } from '../../../redis/commands.js';
import type { Rights, ServerFacts } from '../facts.js';
import type { Need } from '../needs.js';
import { gatherClock } from './clock.js';
import { gatherRights } from './rights.js';
import { unlessRefused } from './unless-refused.js';

const SETTINGS = [
  'appendfsync',
  'busy-reply-threshold',
  'client-output-buffer-limit',
  'lua-time-limit',
  'maxclients',
  'maxmemory-policy',
  'min-replicas-max-lag',
  'min-replicas-to-write',
  'notify-keyspace-events',
  'save',
  'tcp-keepalive',
  'timeout',
] as const;

export interface Asked {
  readonly needs: readonly Need[];
  /** What only those need whose handlers read entries; none of these commands is among the others. */
  readonly entryNeeds: readonly Need[];
  /** Whose rights are asked for; undefined: those of this connection. */
  readonly aclUser: string | undefined;
  /** False: no service was named, and the keys among the needs stand for nothing. */
  readonly countKeys: boolean;
  readonly clock: Clock;
}

/** @throws StreamwardenError `RedisUnavailable` when it stops answering */
export async function gatherServer(
  commands: Commands,
  address: string,
  role: ServerFacts['role'],
  { needs, entryNeeds, aclUser, countKeys, clock }: Asked,
): Promise<ServerFacts> {
  const forEntries = new Set(entryNeeds.map(({ command }) => command));
  return {
    address,
    role,
    ...(await gatherClock(commands, clock)),
    info: await infoOf(commands),
    config: await configOf(commands),
    missingCommands: await missingCommands(commands, needs),
    ...split(
      await gatherRights(commands, [...needs, ...entryNeeds], aclUser, countKeys),
      forEntries,
      keysOf(entryNeeds),
    ),
    subscribers: await subscribersOf(commands),
  };
}

/** The key of a data stream is made up: that it is refused says nothing. */
function split(
  rights: Rights,
  forEntries: ReadonlySet<string>,
  madeUp: ReadonlySet<string>,
): Pick<ServerFacts, 'rights' | 'refusedForEntries'> {
  const { commands, keys } = rights;
  return {
    rights: {
      ...rights,
      commands: commands.filter((command) => !forEntries.has(command)),
      keys: keys.filter((key) => !madeUp.has(key)),
    },
    refusedForEntries: commands.filter((command) => forEntries.has(command)),
  };
}

function keysOf(needs: readonly Need[]): Set<string> {
  return new Set(needs.flatMap(({ keys }) => keys));
}

async function infoOf(commands: Commands): Promise<Map<string, string>> {
  const text = (await unlessRefused(commands, 'INFO', (client) => client.info())) ?? '';
  return new Map(
    text.split('\r\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon > 0 && !line.startsWith('#') ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
    }),
  );
}

/** One by one: Redis 6.2 takes no more than one name, and none that it does not know may hide the others. */
async function configOf(commands: Commands): Promise<Map<string, string>> {
  const replies = await commands.run('CONFIG GET', (client) =>
    Promise.allSettled(SETTINGS.map((setting) => client.config('GET', setting))),
  );
  return new Map(
    replies.flatMap((reply): [string, string][] => {
      const [name, value] = reply.status === 'fulfilled' ? (reply.value as string[]) : [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

async function missingCommands(commands: Commands, needs: readonly Need[]): Promise<string[] | null> {
  const wanted = [...new Set(needs.map(({ command }) => String(command.split(' ')[0]).toLowerCase()))];
  const reply = await unlessRefused(commands, 'COMMAND INFO', (client) =>
    client.call('COMMAND', 'INFO', ...wanted),
  );
  if (reply === null) return null;
  return wanted.filter((_name, index) => ((reply as unknown[])[index] ?? null) === null);
}

async function subscribersOf(commands: Commands): Promise<string[] | null> {
  const list = await unlessRefused(commands, 'CLIENT LIST', (client) =>
    client.client('LIST', 'TYPE', 'PUBSUB'),
  );
  if (list === null) return null;
  return String(list)
    .split('\n')
    .flatMap((line) => / name=(streamwarden:\S+)/.exec(line)?.[1] ?? []);
}
