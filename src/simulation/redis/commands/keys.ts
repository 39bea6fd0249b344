/** Commands on keys of any kind. */
import { integer } from '../arguments.js';
import { type Command, type CommandContext, command } from '../command.js';
import { matchesGlob } from '../glob.js';
import { OK, type Reply, ReplyError, StatusReply, SYNTAX_ERROR } from '../reply.js';

function exists(context: CommandContext, argv: string[]): Reply {
  let count = 0;
  for (let at = 1; at < argv.length; at += 1) {
    if (context.keys.look(argv[at] as string, context.now) !== undefined) count += 1;
  }
  return count;
}

function del(context: CommandContext, argv: string[]): Reply {
  let count = 0;
  for (let at = 1; at < argv.length; at += 1) {
    const key = argv[at] as string;
    // One whose time has come is not deleted, it expires.
    if (context.keys.look(key, context.now) === undefined) continue;
    context.keys.delete(key);
    context.notify('g', 'del', key);
    count += 1;
  }
  return count;
}

function type(context: CommandContext, argv: string[]): Reply {
  return new StatusReply(context.keys.look(argv[1] as string, context.now)?.type ?? 'none');
}

function conditionOf(argv: readonly string[]): ReadonlySet<string> {
  const flags = new Set<string>();
  for (const text of argv.slice(3)) {
    const flag = text.toLowerCase();
    if (!['nx', 'xx', 'gt', 'lt'].includes(flag)) throw new ReplyError(`ERR Unsupported option ${text}`);
    flags.add(flag);
  }
  if (flags.has('nx') && flags.size > 1) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (flags.has('gt') && flags.has('lt')) {
    throw new ReplyError('ERR GT and LT options at the same time are not compatible');
  }
  return flags;
}

function isRefused(flags: ReadonlySet<string>, present: number | undefined, at: number): boolean {
  if (flags.has('nx') && present !== undefined) return true;
  if (flags.has('xx') && present === undefined) return true;
  if (flags.has('gt') && (present === undefined || at <= present)) return true;
  return flags.has('lt') && present !== undefined && at >= present;
}

function expire(name: string, isSeconds: boolean, isAbsolute: boolean) {
  return (context: CommandContext, argv: string[]): Reply => {
    const { keys, now } = context;
    const key = argv[1] as string;
    const flags = conditionOf(argv);
    let at = integer(argv[2]);
    const invalid = new ReplyError(`ERR invalid expire time in '${name}' command`);
    if (isSeconds) {
      if (at > 2 ** 63 / 1000 || at < -(2 ** 63) / 1000) throw invalid;
      at *= 1000;
    }
    if (!isAbsolute) {
      if (at > 2 ** 63 - 1 - now) throw invalid;
      at += now;
    }
    if (keys.look(key, now) === undefined) return 0;
    if (flags.size > 0 && isRefused(flags, keys.expiryOf(key), at)) return 0;
    if (at <= now) {
      keys.delete(key);
      context.notify('g', 'del', key);
    } else {
      keys.setExpiry(key, at);
      context.notify('g', 'expire', key);
    }
    return 1;
  };
}

function timeToLive(isSeconds: boolean, isAbsolute: boolean) {
  return (context: CommandContext, argv: string[]): Reply => {
    const key = argv[1] as string;
    if (context.keys.look(key, context.now) === undefined) return -2;
    const at = context.keys.expiryOf(key);
    if (at === undefined) return -1;
    const ms = isAbsolute ? at : Math.max(0, at - context.now);
    return isSeconds ? Math.floor((ms + 500) / 1000) : ms;
  };
}

function persist(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  if (context.keys.look(key, context.now) === undefined || !context.keys.clearExpiry(key)) return 0;
  context.notify('g', 'persist', key);
  return 1;
}

/** Without deleting those whose time has come. */
function keys({ keys: all, now }: CommandContext, argv: string[]): Reply {
  return all.keys().filter((key) => !all.isExpired(key, now) && matchesGlob(argv[1] as string, key));
}

/** Everything in one go: Redis may do so too, and promises no order. */
function scan(context: CommandContext, argv: string[]): Reply {
  if (!/^\d+$/.test(argv[1] as string)) throw new ReplyError('ERR invalid cursor');
  let pattern: string | undefined;
  let wanted: string | undefined;
  for (let at = 2; at < argv.length; at += 2) {
    const option = argv[at]?.toLowerCase();
    const value = argv[at + 1];
    if (value === undefined) throw SYNTAX_ERROR;
    if (option === 'match') pattern = value;
    else if (option === 'type') wanted = value.toLowerCase();
    else if (option === 'count') {
      if (integer(value) < 1) throw SYNTAX_ERROR;
    } else throw SYNTAX_ERROR;
  }
  if (argv[1] !== '0') return ['0', []];
  const found = context.keys.keys().filter((key) => {
    if (pattern !== undefined && !matchesGlob(pattern, key)) return false;
    const value = context.keys.look(key, context.now);
    return value !== undefined && (wanted === undefined || value.type === wanted);
  });
  return ['0', found];
}

function flush(isAll: boolean) {
  return (context: CommandContext, argv: string[]): Reply => {
    const [, mode] = argv;
    if (argv.length > 2 || (mode !== undefined && !['sync', 'async'].includes(mode.toLowerCase()))) {
      throw SYNTAX_ERROR;
    }
    if (isAll) context.server.flushAll();
    else context.keys.clear();
    return OK;
  };
}

export const keyCommands: readonly Command[] = [
  command('exists', -2, '', exists),
  command('del', -2, 'write', del),
  command('unlink', -2, 'write', del),
  command('touch', -2, '', exists),
  command('type', 2, '', type),
  command('expire', -3, 'write', expire('expire', true, false)),
  command('expireat', -3, 'write', expire('expireat', true, true)),
  command('pexpire', -3, 'write', expire('pexpire', false, false)),
  command('pexpireat', -3, 'write', expire('pexpireat', false, true)),
  command('ttl', 2, '', timeToLive(true, false)),
  command('pttl', 2, '', timeToLive(false, false)),
  command('expiretime', 2, '', timeToLive(true, true)),
  command('pexpiretime', 2, '', timeToLive(false, true)),
  command('persist', 2, 'write', persist),
  command('keys', 2, '', keys),
  command('scan', -2, '', scan),
  command('dbsize', 1, '', (context) => context.keys.size),
  command('flushall', -1, 'write', flush(true)),
  command('flushdb', -1, 'write', flush(false)),
];
