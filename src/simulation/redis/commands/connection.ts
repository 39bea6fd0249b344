/** What concerns the connection: PING, SELECT, CLIENT and the like. */
import { integer, parseInteger } from '../arguments.js';
import { type Command, type CommandContext, command, container } from '../command.js';
import { OK, PONG, type Reply, ReplyError, SYNTAX_ERROR } from '../reply.js';
import type { ServerSession } from '../session.js';
import { Unsupported } from '../unsupported.js';

function ping({ session }: CommandContext, argv: string[]): Reply {
  if (argv.length > 2) throw new ReplyError("ERR wrong number of arguments for 'ping' command");
  const [, text] = argv;
  if (session.channels.size + session.patterns.size > 0) return ['pong', text ?? ''];
  return text ?? PONG;
}

function select({ session, server }: CommandContext, argv: string[]): Reply {
  const index = integer(argv[1]);
  if (index < 0 || index >= Number(server.configuration.get('databases'))) {
    throw new ReplyError('ERR DB index is out of range');
  }
  session.database = index;
  return OK;
}

function setName({ session }: CommandContext, argv: string[]): Reply {
  const name = argv[2] as string;
  if (/[^!-~]/.test(name)) {
    throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.');
  }
  session.name = name;
  return OK;
}

function describe(session: ServerSession, now: number): string {
  const { id, name, database, createdAt, lastCommand, lastCommandAt, channels, patterns } = session;
  const isSubscriber = channels.size + patterns.size > 0;
  const flags = `${isSubscriber ? 'P' : ''}${session.isBlocked ? 'b' : ''}`;
  const fields = {
    id,
    addr: `127.0.0.1:${10000 + (id % 50000)}`,
    laddr: '127.0.0.1:6379',
    fd: 8 + (id % 1000),
    name,
    age: Math.floor((now - createdAt) / 1000),
    idle: Math.floor((now - lastCommandAt) / 1000),
    flags: flags === '' ? 'N' : flags,
    db: database,
    sub: channels.size,
    psub: patterns.size,
    ssub: 0,
    multi: -1,
    cmd: lastCommand,
    user: 'default',
    redir: -1,
    resp: 2,
  };
  return Object.entries(fields)
    .map(([field, value]) => `${field}=${value}`)
    .join(' ');
}

/** Which connections CLIENT LIST is to show. */
function listed({ server }: CommandContext, argv: readonly string[]): ServerSession[] {
  const all = [...server.sessions.values()];
  if (argv.length === 2) return all;
  const option = argv[2]?.toLowerCase();
  if (option === 'type' && argv.length === 4) {
    const isSubscriber = (session: ServerSession) => session.channels.size + session.patterns.size > 0;
    switch (argv[3]?.toLowerCase()) {
      case 'normal':
        return all.filter((session) => !isSubscriber(session));
      case 'pubsub':
        return all.filter(isSubscriber);
      case 'master':
      case 'replica':
      case 'slave':
        return [];
      default:
        throw new ReplyError(`ERR Unknown client type '${argv[3]}'`);
    }
  }
  if (option === 'id' && argv.length > 3) {
    const ids = argv.slice(3).map((text) => integer(text, 'ERR Invalid client ID'));
    return all.filter(({ id }) => ids.includes(id));
  }
  throw SYNTAX_ERROR;
}

function list(context: CommandContext, argv: string[]): Reply {
  return listed(context, argv)
    .map((session) => `${describe(session, context.now)}\n`)
    .join('');
}

function unblock({ server }: CommandContext, argv: string[]): Reply {
  const how = argv[3]?.toLowerCase();
  if (how !== undefined && how !== 'timeout' && how !== 'error') {
    throw new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  const id = integer(argv[2]);
  const reply = how === 'error' ? new ReplyError('UNBLOCKED client unblocked via CLIENT UNBLOCK') : null;
  return server.unblock(id, reply) ? 1 : 0;
}

function kill({ server, session }: CommandContext, argv: string[]): Reply {
  if (argv.length !== 4 || argv[2]?.toLowerCase() !== 'id') {
    throw new Unsupported('CLIENT KILL but for ID');
  }
  const id = parseInteger(argv[3] as string);
  if (id === undefined || id < 1) throw new ReplyError('ERR client-id should be greater than 0');
  // By default who asks is spared.
  if (id === session.id || !server.sessions.has(id)) return 0;
  server.kill(id);
  return 1;
}

function hello(context: CommandContext, argv: string[]): Reply {
  const { server, session } = context;
  if (argv.length > 1) {
    const protocol = parseInteger(argv[1] as string);
    if (protocol === undefined) {
      throw new ReplyError('ERR Protocol version is not an integer or out of range');
    }
    if (protocol !== 2) throw new ReplyError('NOPROTO unsupported protocol version');
  }
  for (let at = 2; at < argv.length; at += 1) {
    const option = argv[at]?.toLowerCase();
    if (option === 'auth' && at + 2 < argv.length) at += 2;
    else if (option === 'setname' && at + 1 < argv.length) {
      at += 1;
      setName(context, ['client', 'setname', argv[at] as string]);
    } else throw new ReplyError(`ERR Syntax error in HELLO option '${argv[at]}'`);
  }
  return [
    'server',
    'redis',
    'version',
    server.version,
    'proto',
    2,
    'id',
    session.id,
    'mode',
    'standalone',
    'role',
    server.role === 'master' ? 'master' : 'replica',
    'modules',
    [],
  ];
}

function inCluster({ server }: CommandContext): Reply {
  if (server.cluster === undefined) throw new ReplyError('ERR This instance has cluster support disabled');
  return OK;
}

export const connectionCommands: readonly Command[] = [
  command('ping', -1, 'pubsub', ping),
  command('echo', 2, 'loading', (_context, argv) => argv[1] as string),
  command('select', 2, 'loading', select),
  command('hello', -1, 'noscript loading', hello),
  // No password is set: any will do for the one user there is, and Redis says so where no name is given.
  command('auth', -2, 'noscript loading', (_context, argv) => {
    if (argv.length > 2) return OK;
    throw new ReplyError(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
  }),
  command('readonly', 1, 'loading', inCluster),
  // No slot of a simulated cluster is on its way.
  command('asking', 1, '', inCluster),
  container(
    'client',
    command('id', 2, 'noscript loading', ({ session }) => session.id),
    command('getname', 2, 'noscript loading', ({ session }) => (session.name === '' ? null : session.name)),
    command('setname', 3, 'noscript loading', setName),
    command('list', -2, 'noscript loading', list),
    command('info', 2, 'noscript loading', ({ session, now }) => `${describe(session, now)}\n`),
    command('unblock', -3, 'noscript loading', unblock),
    command('kill', -3, 'noscript loading', kill),
    command('no-evict', 3, 'noscript loading', () => OK),
  ),
];
