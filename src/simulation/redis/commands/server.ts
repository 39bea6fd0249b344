/** INFO, CONFIG, TIME and what else is asked of the server as a whole. */
import type { ClusterPlace } from '../cluster.js';
import { type Command, type CommandContext, command, container, type Run } from '../command.js';
import { matchesGlob } from '../glob.js';
import { OK, type Reply, ReplyError } from '../reply.js';
import { Unsupported } from '../unsupported.js';

type Section = Readonly<Record<string, string | number>>;

function sections({ server, now }: CommandContext): Readonly<Record<string, Section>> {
  const keyspace: Record<string, string> = {};
  for (const [index, { size, expiryCount }] of [...server.databases].sort(([a], [b]) => a - b)) {
    if (size > 0) keyspace[`db${index}`] = `keys=${size},expires=${expiryCount},avg_ttl=0`;
  }
  const parked = [...server.sessions.values()].filter(({ isBlocked }) => isBlocked).length;
  const uptime = Math.floor((now - server.startedAt) / 1000);
  return {
    Server: {
      redis_version: server.version,
      redis_mode: server.cluster === undefined ? 'standalone' : 'cluster',
      os: 'simulated',
      arch_bits: 64,
      process_id: 1,
      run_id: server.runId,
      tcp_port: 6379,
      server_time_usec: Math.floor(server.exactNow * 1000),
      uptime_in_seconds: uptime,
      uptime_in_days: Math.floor(uptime / 86400),
      hz: 10,
    },
    Clients: { connected_clients: server.sessions.size, maxclients: 10000, blocked_clients: parked },
    Memory: {
      used_memory: 1000000,
      used_memory_human: '976.56K',
      used_memory_rss: 8000000,
      maxmemory: Number(server.configuration.get('maxmemory')),
      maxmemory_policy: server.configuration.get('maxmemory-policy') ?? '',
      mem_fragmentation_ratio: '8.00',
    },
    Persistence: {
      loading: 0,
      rdb_changes_since_last_save: 0,
      rdb_bgsave_in_progress: 0,
      rdb_last_bgsave_status: 'ok',
      aof_enabled: server.configuration.get('appendonly') === 'yes' ? 1 : 0,
      aof_last_write_status: 'ok',
    },
    Stats: { evicted_keys: 0, rejected_connections: 0 },
    Replication: {
      role: server.role,
      ...(server.role === 'slave' && {
        master_host: '127.0.0.1',
        master_port: 6380,
        master_link_status: 'up',
      }),
      connected_slaves: 0,
      master_failover_state: 'no-failover',
      master_replid: server.runId,
      master_repl_offset: 0,
    },
    CPU: { used_cpu_sys: '0.000000', used_cpu_user: '0.000000' },
    Modules: {},
    Errorstats: {},
    Cluster: { cluster_enabled: server.cluster === undefined ? 0 : 1 },
    Keyspace: keyspace,
  };
}

function info(context: CommandContext, argv: string[]): Reply {
  const wanted = new Set(argv.slice(1).map((name) => name.toLowerCase()));
  const all = ['all', 'default', 'everything'].some((name) => wanted.has(name)) || wanted.size === 0;
  return Object.entries(sections(context))
    .filter(([name]) => all || wanted.has(name.toLowerCase()))
    .map(([name, section]) => {
      const lines = Object.entries(section).map(([field, value]) => `${field}:${value}\r\n`);
      return `# ${name}\r\n${lines.join('')}`;
    })
    .join('\r\n');
}

function configGet({ server }: CommandContext, argv: string[]): Reply {
  const { configuration } = server;
  const patterns = argv.slice(2).map((pattern) => pattern.toLowerCase());
  return configuration.names
    .filter((name) => patterns.some((pattern) => matchesGlob(pattern, name)))
    .flatMap((name) => [name, configuration.get(name) ?? '']);
}

function configSet({ server }: CommandContext, argv: string[]): Reply {
  if (argv.length % 2 === 1) throw new ReplyError("ERR wrong number of arguments for 'config|set' command");
  const { configuration } = server;
  for (let at = 2; at < argv.length; at += 2) {
    const name = argv[at] as string;
    if (configuration.get(name.toLowerCase()) === undefined) {
      throw new ReplyError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
    }
  }
  for (let at = 2; at < argv.length; at += 2) {
    const name = (argv[at] as string).toLowerCase();
    if (!configuration.set(name, argv[at + 1] as string)) {
      throw new ReplyError(
        `ERR CONFIG SET failed (possibly related to argument '${argv[at]}') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.`,
      );
    }
  }
  return OK;
}

function time({ server }: CommandContext): Reply {
  const micros = Math.floor(server.exactNow * 1000);
  return [String(Math.floor(micros / 1_000_000)), String(micros % 1_000_000)];
}

function role({ server }: CommandContext): Reply {
  return server.role === 'master' ? ['master', 0, []] : ['slave', '127.0.0.1', 6380, 'connected', 0];
}

const NO_CLUSTER = new ReplyError('ERR This instance has cluster support disabled');

/** What a member of a cluster says. */
function ofCluster(say: (place: ClusterPlace) => Reply): Run {
  return ({ server }) => {
    if (server.cluster === undefined) throw NO_CLUSTER;
    return say(server.cluster);
  };
}

function unsupported(name: string): Run {
  return ofCluster(() => {
    throw new Unsupported(`the command CLUSTER ${name.toUpperCase()}`);
  });
}

const CLUSTER_SUBCOMMANDS: readonly Command[] = [
  command('info', 2, '', ofCluster((place) => place.info())),
  command('nodes', 2, '', ofCluster((place) => place.nodes())),
  command('slots', 2, '', ofCluster((place) => place.slots())),
  command('myid', 2, '', ofCluster(({ id }) => id)),
  command('shards', 2, '', unsupported('shards')),
  command('links', 2, '', unsupported('links')),
  command('keyslot', 3, '', unsupported('keyslot')),
  command('countkeysinslot', 3, '', unsupported('countkeysinslot')),
]; // biome-ignore format: a table

/** The one user there is may do everything. */
function dryRun(_context: CommandContext, argv: string[]): Reply {
  if (argv[2] !== 'default') throw new ReplyError(`ERR User '${argv[2]}' not found`);
  return OK;
}

export function serverCommands(commandInfo: (name: string) => Reply): readonly Command[] {
  return [
    command('info', -1, 'loading', info),
    command('time', 1, 'loading', time),
    command('role', 1, 'noscript loading', role),
    container(
      'config',
      command('get', -3, 'noscript loading', configGet),
      command('set', -4, 'noscript loading', configSet),
      command('resetstat', 2, 'noscript loading', () => OK),
    ),
    {
      ...container(
        'command',
        command('info', -2, 'loading', (_context, argv) => argv.slice(2).map(commandInfo)),
      ),
      arity: -1,
    },
    container('cluster', ...CLUSTER_SUBCOMMANDS),
    container(
      'acl',
      command('whoami', 2, 'noscript loading', () => 'default'),
      command('dryrun', -4, 'noscript loading', dryRun),
    ),
    command('wait', 3, 'noscript', () => 0),
  ];
}
