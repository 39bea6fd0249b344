import { integer, parseInteger, wrongArity } from '../arguments.js';
import { type Command, type CommandContext, command, look } from '../command.js';
import { StringValue } from '../data/values.js';
import { OK, type Reply, ReplyError, SYNTAX_ERROR } from '../reply.js';
import { Unsupported } from '../unsupported.js';

function get(context: CommandContext, argv: string[]): Reply {
  return look(context, argv[1] as string, 'string')?.text ?? null;
}

type ExpiryOption = 'ex' | 'px' | 'exat' | 'pxat';

interface SetOptions {
  condition: 'nx' | 'xx' | undefined;
  returnsOld: boolean;
  keepsExpiry: boolean;
  expiry: { option: ExpiryOption; text: string } | undefined;
}

function setOptions(argv: readonly string[]): SetOptions {
  const options: SetOptions = {
    condition: undefined,
    returnsOld: false,
    keepsExpiry: false,
    expiry: undefined,
  };
  for (let at = 3; at < argv.length; at += 1) {
    const option = argv[at]?.toLowerCase();
    const next = argv[at + 1];
    if ((option === 'nx' || option === 'xx') && (options.condition ?? option) === option) {
      options.condition = option;
    } else if (option === 'get') options.returnsOld = true;
    else if (option === 'keepttl' && options.expiry === undefined) options.keepsExpiry = true;
    else if (
      (option === 'ex' || option === 'px' || option === 'exat' || option === 'pxat') &&
      !options.keepsExpiry &&
      (options.expiry?.option ?? option) === option &&
      next !== undefined
    ) {
      options.expiry = { option, text: next };
      at += 1;
    } else throw SYNTAX_ERROR;
  }
  return options;
}

function invalidExpiry(name: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${name}' command`);
}

function expiryTime(option: ExpiryOption, text: string, now: number, name: string): number {
  let ms = integer(text);
  const isSeconds = option === 'ex' || option === 'exat';
  if (ms <= 0 || (isSeconds && ms > 2 ** 63 / 1000)) throw invalidExpiry(name);
  if (isSeconds) ms *= 1000;
  if (option === 'ex' || option === 'px') ms += now;
  if (ms >= 2 ** 63) throw invalidExpiry(name);
  return ms;
}

/** Puts a text under a key. */
function store(context: CommandContext, key: string, text: string, keepsExpiry: boolean): void {
  const { keys, now } = context;
  // What was there may have expired, which is told first.
  keys.look(key, now);
  keys.put(key, new StringValue(keys.owner, text));
  if (!keepsExpiry) keys.clearExpiry(key);
  context.notify('$', 'set', key);
}

function set(context: CommandContext, argv: string[]): Reply {
  const [, key = '', text = ''] = argv;
  const { condition, returnsOld, keepsExpiry, expiry } = setOptions(argv);
  const at = expiry && expiryTime(expiry.option, expiry.text, context.now, 'set');
  const old = returnsOld ? get(context, argv) : null;
  const isThere = context.keys.look(key, context.now) !== undefined;
  if ((condition === 'nx' && isThere) || (condition === 'xx' && !isThere)) return returnsOld ? old : null;
  store(context, key, text, keepsExpiry);
  if (at !== undefined) {
    context.keys.setExpiry(key, at);
    context.notify('g', 'expire', key);
  }
  return returnsOld ? old : OK;
}

function setnx(context: CommandContext, argv: string[]): Reply {
  const [, key = '', text = ''] = argv;
  if (context.keys.look(key, context.now) !== undefined) return 0;
  store(context, key, text, false);
  return 1;
}

function setWithExpiry(option: 'ex' | 'px', name: string) {
  return (context: CommandContext, argv: string[]): Reply => {
    const [, key = '', time = '', text = ''] = argv;
    const at = expiryTime(option, time, context.now, name);
    store(context, key, text, false);
    context.keys.setExpiry(key, at);
    context.notify('g', 'expire', key);
    return OK;
  };
}

function getset(context: CommandContext, argv: string[]): Reply {
  const old = get(context, argv);
  store(context, argv[1] as string, argv[2] as string, false);
  return old;
}

function getdel(context: CommandContext, argv: string[]): Reply {
  const old = get(context, argv);
  if (old !== null) {
    context.keys.delete(argv[1] as string);
    context.notify('g', 'del', argv[1] as string);
  }
  return old;
}

function mget(context: CommandContext, argv: string[]): Reply {
  return argv.slice(1).map((key) => {
    const value = context.keys.look(key, context.now);
    return value?.type === 'string' ? value.text : null;
  });
}

function mset(context: CommandContext, argv: string[]): Reply {
  if (argv.length % 2 === 0) throw wrongArity('mset');
  for (let at = 1; at < argv.length; at += 2)
    store(context, argv[at] as string, argv[at + 1] as string, false);
  return OK;
}

function append(context: CommandContext, argv: string[]): Reply {
  const [, key = '', more = ''] = argv;
  const { keys } = context;
  const seen = look(context, key, 'string');
  const value = seen === undefined ? new StringValue(keys.owner, '') : keys.own(key, seen);
  if (seen === undefined) keys.put(key, value);
  value.text += more;
  context.notify('$', 'append', key);
  return value.text.length;
}

function strlen(context: CommandContext, argv: string[]): Reply {
  return look(context, argv[1] as string, 'string')?.text.length ?? 0;
}

function add(context: CommandContext, key: string, by: number): Reply {
  const { keys } = context;
  const seen = look(context, key, 'string');
  const value = seen === undefined ? 0 : parseInteger(seen.text);
  if (value === undefined) throw new ReplyError('ERR value is not an integer or out of range');
  const sum = value + by;
  if (!Number.isSafeInteger(sum)) throw new Unsupported('counts beyond 2^53');
  if (seen === undefined) keys.put(key, new StringValue(keys.owner, String(sum)));
  else keys.own(key, seen).text = String(sum);
  context.notify('$', 'incrby', key);
  return sum;
}

export const stringCommands: readonly Command[] = [
  command('get', 2, '', get),
  command('set', -3, 'write denyoom', set),
  command('setnx', 3, 'write denyoom', setnx),
  command('setex', 4, 'write denyoom', setWithExpiry('ex', 'setex')),
  command('psetex', 4, 'write denyoom', setWithExpiry('px', 'psetex')),
  command('getset', 3, 'write denyoom', getset),
  command('getdel', 2, 'write', getdel),
  command('mget', -2, '', mget),
  command('mset', -3, 'write denyoom', mset),
  command('append', 3, 'write denyoom', append),
  command('strlen', 2, '', strlen),
  command('incr', 2, 'write denyoom', (context, argv) => add(context, argv[1] as string, 1)),
  command('decr', 2, 'write denyoom', (context, argv) => add(context, argv[1] as string, -1)),
  command('incrby', 3, 'write denyoom', (context, argv) => add(context, argv[1] as string, integer(argv[2]))),
  command('decrby', 3, 'write denyoom', (context, argv) =>
    add(context, argv[1] as string, -integer(argv[2])),
  ),
];
