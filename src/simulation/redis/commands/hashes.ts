import { integer, wrongArity } from '../arguments.js';
import { type Command, type CommandContext, command, look } from '../command.js';
import { HashValue } from '../data/values.js';
import { matchesGlob } from '../glob.js';
import { OK, type Reply, ReplyError, SYNTAX_ERROR } from '../reply.js';
import { Unsupported } from '../unsupported.js';

/** The hash to write to, created when it is not there. */
function ownHash(context: CommandContext, key: string): HashValue {
  const { keys } = context;
  const seen = look(context, key, 'hash');
  if (seen !== undefined) return keys.own(key, seen);
  const made = new HashValue(keys.owner);
  keys.put(key, made);
  return made;
}

function hset(context: CommandContext, argv: string[]): Reply {
  if (argv.length % 2 === 1) throw wrongArity(argv[0]?.toLowerCase() as string);
  const key = argv[1] as string;
  const { fields } = ownHash(context, key);
  const before = fields.size;
  for (let at = 2; at < argv.length; at += 2) fields.set(argv[at] as string, argv[at + 1] as string);
  context.notify('h', 'hset', key);
  return fields.size - before;
}

function hmset(context: CommandContext, argv: string[]): Reply {
  hset(context, argv);
  return OK;
}

function hsetnx(context: CommandContext, argv: string[]): Reply {
  const [, key = '', field = '', value = ''] = argv;
  if (look(context, key, 'hash')?.fields.has(field) === true) return 0;
  ownHash(context, key).fields.set(field, value);
  context.notify('h', 'hset', key);
  return 1;
}

function hget(context: CommandContext, argv: string[]): Reply {
  return look(context, argv[1] as string, 'hash')?.fields.get(argv[2] as string) ?? null;
}

function hmget(context: CommandContext, argv: string[]): Reply {
  const hash = look(context, argv[1] as string, 'hash');
  const values: Reply[] = [];
  for (let at = 2; at < argv.length; at += 1) values.push(hash?.fields.get(argv[at] as string) ?? null);
  return values;
}

function hdel(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  const seen = look(context, key, 'hash');
  if (seen === undefined) return 0;
  const { fields } = context.keys.own(key, seen);
  let deleted = 0;
  for (let at = 2; at < argv.length; at += 1) if (fields.delete(argv[at] as string)) deleted += 1;
  if (deleted > 0) context.notify('h', 'hdel', key);
  if (fields.size === 0) {
    context.keys.delete(key);
    context.notify('g', 'del', key);
  }
  return deleted;
}

function all(what: 'both' | 'keys' | 'values') {
  return (context: CommandContext, argv: string[]): Reply => {
    const hash = look(context, argv[1] as string, 'hash');
    const found: Reply[] = [];
    for (const [field, value] of hash?.fields ?? []) {
      if (what !== 'values') found.push(field);
      if (what !== 'keys') found.push(value);
    }
    return found;
  };
}

/** Everything in one go, as Redis does with a hash of up to 512 fields. */
function hscan(context: CommandContext, argv: string[]): Reply {
  if (!/^\d+$/.test(argv[2] as string)) throw new ReplyError('ERR invalid cursor');
  let pattern: string | undefined;
  for (let at = 3; at < argv.length; at += 2) {
    const option = argv[at]?.toLowerCase();
    const value = argv[at + 1];
    if (value === undefined) throw SYNTAX_ERROR;
    if (option === 'match') pattern = value;
    else if (option === 'count') {
      if (integer(value) < 1) throw SYNTAX_ERROR;
    } else throw SYNTAX_ERROR;
  }
  const found: Reply[] = [];
  for (const [field, value] of look(context, argv[1] as string, 'hash')?.fields ?? []) {
    if (pattern === undefined || matchesGlob(pattern, field)) found.push(field, value);
  }
  return ['0', found];
}

function hincrby(context: CommandContext, argv: string[]): Reply {
  const [, key = '', field = ''] = argv;
  const by = integer(argv[3]);
  const old = look(context, key, 'hash')?.fields.get(field);
  const sum = integer(old ?? '0', 'ERR hash value is not an integer') + by;
  if (!Number.isSafeInteger(sum)) throw new Unsupported('counts beyond 2^53');
  ownHash(context, key).fields.set(field, String(sum));
  context.notify('h', 'hincrby', key);
  return sum;
}

export const hashCommands: readonly Command[] = [
  command('hset', -4, 'write denyoom', hset),
  command('hmset', -4, 'write denyoom', hmset),
  command('hsetnx', 4, 'write denyoom', hsetnx),
  command('hget', 3, '', hget),
  command('hmget', -3, '', hmget),
  command('hdel', -3, 'write', hdel),
  command('hlen', 2, '', (context, argv) => look(context, argv[1] as string, 'hash')?.fields.size ?? 0),
  command('hexists', 3, '', (context, argv) =>
    look(context, argv[1] as string, 'hash')?.fields.has(argv[2] as string) === true ? 1 : 0,
  ),
  command('hgetall', 2, '', all('both')),
  command('hkeys', 2, '', all('keys')),
  command('hvals', 2, '', all('values')),
  command('hscan', -3, '', hscan),
  command('hincrby', 4, 'write denyoom', hincrby),
];
