import { integer } from '../arguments.js';
import { type Command, type CommandContext, command, look } from '../command.js';
import { ListValue } from '../data/values.js';
import { NO_SUCH_KEY, OK, type Reply, ReplyError } from '../reply.js';

function push(end: 'l' | 'r', mustExist: boolean) {
  return (context: CommandContext, argv: string[]): Reply => {
    const key = argv[1] as string;
    const { keys } = context;
    const seen = look(context, key, 'list');
    if (seen === undefined && mustExist) return 0;
    const list = seen === undefined ? new ListValue(keys.owner) : keys.own(key, seen);
    if (seen === undefined) keys.put(key, list);
    for (let at = 2; at < argv.length; at += 1) {
      if (end === 'r') list.items.push(argv[at] as string);
      else list.items.unshift(argv[at] as string);
    }
    context.notify('l', `${end}push`, key);
    return list.items.length;
  };
}

/** A list that has lost its last item is gone. */
function settle(context: CommandContext, key: string, list: ListValue): void {
  if (list.items.length > 0) return;
  context.keys.delete(key);
  context.notify('g', 'del', key);
}

function pop(end: 'l' | 'r') {
  return (context: CommandContext, argv: string[]): Reply => {
    const key = argv[1] as string;
    const isMany = argv.length > 2;
    if (argv.length > 3) throw new ReplyError(`ERR wrong number of arguments for '${end}pop' command`);
    const count = isMany ? integer(argv[2], 'ERR value is out of range, must be positive') : 1;
    if (count < 0) throw new ReplyError('ERR value is out of range, must be positive');
    const seen = look(context, key, 'list');
    if (seen === undefined) return null;
    if (count === 0) return [];
    const list = context.keys.own(key, seen);
    const taken = end === 'l' ? list.items.splice(0, count) : list.items.splice(-count, count).reverse();
    context.notify('l', `${end}pop`, key);
    settle(context, key, list);
    return isMany ? taken : (taken[0] ?? null);
  };
}

interface Bounds {
  /** Positions within a list of this length; `from` above `to`: none. */
  within(length: number): [from: number, to: number];
}

function boundsOf(argv: readonly string[]): Bounds {
  const [from, to] = [integer(argv[2]), integer(argv[3])];
  return {
    within: (length) => [
      Math.max(0, from < 0 ? from + length : from),
      Math.min(to < 0 ? to + length : to, length - 1),
    ],
  };
}

function lrange(context: CommandContext, argv: string[]): Reply {
  const bounds = boundsOf(argv);
  const list = look(context, argv[1] as string, 'list');
  if (list === undefined) return [];
  const [from, to] = bounds.within(list.items.length);
  return from > to ? [] : list.items.slice(from, to + 1);
}

function ltrim(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  const bounds = boundsOf(argv);
  const seen = look(context, key, 'list');
  if (seen === undefined) return OK;
  const list = context.keys.own(key, seen);
  const [from, to] = bounds.within(list.items.length);
  const kept = from > to ? [] : list.items.slice(from, to + 1);
  list.items.splice(0, list.items.length, ...kept);
  context.notify('l', 'ltrim', key);
  settle(context, key, list);
  return OK;
}

function lindex(context: CommandContext, argv: string[]): Reply {
  const list = look(context, argv[1] as string, 'list');
  return list === undefined ? null : (list.items.at(integer(argv[2])) ?? null);
}

function lset(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  const seen = look(context, key, 'list');
  if (seen === undefined) throw NO_SUCH_KEY;
  const at = integer(argv[2]);
  const position = at < 0 ? at + seen.items.length : at;
  if (position < 0 || position >= seen.items.length) throw new ReplyError('ERR index out of range');
  context.keys.own(key, seen).items[position] = argv[3] as string;
  context.notify('l', 'lset', key);
  return OK;
}

function lrem(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  const count = integer(argv[2]);
  const seen = look(context, key, 'list');
  if (seen === undefined) return 0;
  const list = context.keys.own(key, seen);
  const { items } = list;
  let removed = 0;
  const most = count === 0 ? items.length : Math.abs(count);
  let at = count < 0 ? items.length - 1 : 0;
  while (at >= 0 && at < items.length && removed < most) {
    if (items[at] === argv[3]) {
      items.splice(at, 1);
      removed += 1;
      if (count < 0) at -= 1;
    } else at += count < 0 ? -1 : 1;
  }
  if (removed > 0) context.notify('l', 'lrem', key);
  settle(context, key, list);
  return removed;
}

export const listCommands: readonly Command[] = [
  command('rpush', -3, 'write denyoom', push('r', false)),
  command('lpush', -3, 'write denyoom', push('l', false)),
  command('rpushx', -3, 'write denyoom', push('r', true)),
  command('lpushx', -3, 'write denyoom', push('l', true)),
  command('lpop', -2, 'write', pop('l')),
  command('rpop', -2, 'write', pop('r')),
  command('llen', 2, '', (context, argv) => look(context, argv[1] as string, 'list')?.items.length ?? 0),
  command('lrange', 4, '', lrange),
  command('ltrim', 4, 'write', ltrim),
  command('lindex', 3, '', lindex),
  command('lset', 4, 'write denyoom', lset),
  command('lrem', 4, 'write', lrem),
];
