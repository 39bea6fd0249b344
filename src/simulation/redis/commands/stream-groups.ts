/** XGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM. */
import {
  counter,
  integer,
  looseId,
  rangeEnd,
  rangeStart,
  strictId,
  strictIdOrNone,
  subcommandSyntax,
} from '../arguments.js';
import { type Command, type CommandContext, command, container, look } from '../command.js';
import {
  addPending,
  byName,
  type Consumer,
  type ConsumerGroup,
  createGroup,
  findPending,
  givePendingTo,
  type PendingEntry,
  removeConsumer,
  removePending,
} from '../data/consumer-group.js';
import { lowerBound } from '../data/lower-bound.js';
import { StreamValue } from '../data/stream.js';
import { compareIds, type StreamId, ZERO_ID } from '../data/stream-id.js';
import { OK, type Reply, ReplyError, SYNTAX_ERROR } from '../reply.js';
import { entryReply } from './streams.js';

export function noGroup(key: string, group: string, where = ''): ReplyError {
  return new ReplyError(`NOGROUP No such key '${key}' or consumer group '${group}'${where}`);
}

/** The consumer of this name, created when it is not there; seen now. */
export function seenConsumer(
  context: CommandContext,
  key: string,
  group: ConsumerGroup,
  name: string,
): Consumer {
  const known = group.consumers.get(name);
  if (known !== undefined) {
    known.seenAt = context.now;
    return known;
  }
  return createConsumer(context, key, group, name);
}

function createConsumer(context: CommandContext, key: string, group: ConsumerGroup, name: string): Consumer {
  const consumer: Consumer = { name, seenAt: context.now, activeAt: -1, pending: [] };
  group.consumers.set(name, consumer);
  context.notify('t', 'xgroup-createconsumer', key);
  return consumer;
}

// --- XGROUP

const KEY_REQUIRED = new ReplyError(
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
);

interface GroupOptions {
  readonly mayCreate: boolean;
  readonly entriesRead: number | undefined;
}

function groupOptions(argv: readonly string[], subcommand: 'create' | 'setid' | ''): GroupOptions {
  let mayCreate = false;
  let entriesRead: number | undefined;
  for (let at = 5; at < argv.length; at += 1) {
    const option = argv[at]?.toLowerCase();
    if (subcommand === 'create' && option === 'mkstream') mayCreate = true;
    else if (subcommand !== '' && option === 'entriesread' && at + 1 < argv.length) {
      const value = counter(argv[at + 1]);
      if (value < 0 && value !== -1) throw new ReplyError('ERR value for ENTRIESREAD must be positive or -1');
      entriesRead = value === -1 ? undefined : value;
      at += 1;
    } else throw subcommandSyntax('xgroup', argv[1] as string);
  }
  return { mayCreate, entriesRead };
}

function groupCreate(context: CommandContext, argv: string[]): Reply {
  const [, , key = '', name = '', idText = ''] = argv;
  const { mayCreate, entriesRead } = groupOptions(argv, 'create');
  let stream = look(context, key, 'stream');
  if (stream === undefined && !mayCreate) throw KEY_REQUIRED;
  if (argv.length > 8) throw subcommandSyntax('xgroup', argv[1] as string);
  const id = idText === '$' ? (stream?.lastId ?? ZERO_ID) : strictId(idText);
  if (stream === undefined) {
    stream = new StreamValue(context.keys.owner);
    context.keys.put(key, stream);
  }
  if (stream.groups.has(name)) throw new ReplyError('BUSYGROUP Consumer Group name already exists');
  context.keys.own(key, stream).groups.set(name, createGroup(name, id, entriesRead));
  context.notify('t', 'xgroup-create', key);
  return OK;
}

/** A group that a subcommand of XGROUP needs. @throws ReplyError */
function requiredGroup(
  context: CommandContext,
  argv: readonly string[],
): { stream: StreamValue; group: ConsumerGroup } {
  const [, , key = '', name = ''] = argv;
  const seen = look(context, key, 'stream');
  if (seen === undefined) throw KEY_REQUIRED;
  if (!seen.groups.has(name)) {
    throw new ReplyError(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
  }
  const stream = context.keys.own(key, seen);
  return { stream, group: stream.groups.get(name) as ConsumerGroup };
}

function groupSetId(context: CommandContext, argv: string[]): Reply {
  const { entriesRead } = groupOptions(argv, 'setid');
  const { stream, group } = requiredGroup(context, argv);
  if (argv.length !== 5 && argv.length !== 7) throw subcommandSyntax('xgroup', argv[1] as string);
  const idText = argv[4] as string;
  group.lastId = idText === '$' ? stream.lastId : looseId(idText);
  group.entriesRead = entriesRead;
  context.notify('t', 'xgroup-setid', argv[2] as string);
  return OK;
}

function groupDestroy(context: CommandContext, argv: string[]): Reply {
  const [, , key = '', name = ''] = argv;
  const stream = look(context, key, 'stream');
  if (stream === undefined) throw KEY_REQUIRED;
  if (!stream.groups.has(name)) return 0;
  context.keys.own(key, stream).groups.delete(name);
  context.notify('t', 'xgroup-destroy', key);
  // Whoever is parked on it is to be told.
  context.signal(key);
  return 1;
}

function groupCreateConsumer(context: CommandContext, argv: string[]): Reply {
  const { group } = requiredGroup(context, argv);
  const name = argv[4] as string;
  if (group.consumers.has(name)) return 0;
  createConsumer(context, argv[2] as string, group, name);
  return 1;
}

function groupDeleteConsumer(context: CommandContext, argv: string[]): Reply {
  const { group } = requiredGroup(context, argv);
  const consumer = group.consumers.get(argv[4] as string);
  if (consumer === undefined) return 0;
  const removed = removeConsumer(group, consumer);
  context.notify('t', 'xgroup-delconsumer', argv[2] as string);
  return removed;
}

// --- XACK

function xack(context: CommandContext, argv: string[]): Reply {
  const [, key = '', name = ''] = argv;
  const seen = look(context, key, 'stream');
  if (seen?.groups.has(name) !== true) return 0;
  const ids = argv.slice(3).map((text) => strictId(text));
  const group = context.keys.own(key, seen).groups.get(name) as ConsumerGroup;
  let acknowledged = 0;
  for (const id of ids) {
    const entry = findPending(group.pending, id);
    if (entry === undefined) continue;
    removePending(group, entry);
    acknowledged += 1;
  }
  return acknowledged;
}

// --- XPENDING

function xpending(context: CommandContext, argv: string[]): Reply {
  if (argv.length !== 3 && (argv.length < 6 || argv.length > 9)) throw SYNTAX_ERROR;
  const [, key = '', name = ''] = argv;
  if (argv.length === 3) {
    return pendingSummary(lookedAtGroup(context, key, name));
  }
  let at = 3;
  let minIdle = 0;
  if (argv[3]?.toLowerCase() === 'idle') {
    minIdle = integer(argv[4]);
    if (argv.length < 8) throw SYNTAX_ERROR;
    at = 5;
  }
  const count = Math.max(0, integer(argv[at + 2]));
  const start = rangeStart(argv[at] as string);
  const end = rangeEnd(argv[at + 1] as string);
  const consumerName = argv[at + 3];
  const group = lookedAtGroup(context, key, name);
  let list: readonly PendingEntry[] = group.pending;
  if (consumerName !== undefined) {
    const consumer = group.consumers.get(consumerName);
    if (consumer === undefined) return [];
    list = consumer.pending;
  }
  const found: Reply[] = [];
  for (
    let position = lowerBound(list, start);
    position < list.length && found.length < count;
    position += 1
  ) {
    const { id, consumer, deliveredAt, deliveries } = list[position] as PendingEntry;
    if (compareIds(id, end) > 0) break;
    const idle = context.now - deliveredAt;
    if (minIdle !== 0 && idle < minIdle) continue;
    found.push([id.toString(), consumer.name, Math.max(0, idle), deliveries]);
  }
  return found;
}

function lookedAtGroup(context: CommandContext, key: string, name: string): ConsumerGroup {
  const group = look(context, key, 'stream')?.groups.get(name);
  if (group === undefined) throw noGroup(key, name);
  return group;
}

function pendingSummary({ pending, consumers }: ConsumerGroup): Reply {
  const [first] = pending;
  const last = pending[pending.length - 1];
  if (first === undefined || last === undefined) return [0, null, null, null];
  const counts = byName(consumers.values())
    .filter((consumer) => consumer.pending.length > 0)
    .map((consumer): Reply => [consumer.name, String(consumer.pending.length)]);
  return [pending.length, first.id.toString(), last.id.toString(), counts];
}

// --- XCLAIM

interface ClaimOptions {
  readonly isForced: boolean;
  readonly isJustId: boolean;
  /** Undefined: now. */
  readonly deliveredAt: number | undefined;
  readonly retryCount: number | undefined;
  readonly lastId: StreamId;
}

function claimOptions(argv: readonly string[], from: number, now: number): ClaimOptions {
  let isForced = false;
  let isJustId = false;
  let deliveredAt: number | undefined;
  let retryCount: number | undefined;
  let lastId = ZERO_ID;
  for (let at = from; at < argv.length; at += 1) {
    const option = argv[at]?.toLowerCase();
    const hasValue = at + 1 < argv.length;
    if (option === 'force') isForced = true;
    else if (option === 'justid') isJustId = true;
    else if (option === 'idle' && hasValue) {
      at += 1;
      deliveredAt = now - integer(argv[at], 'ERR Invalid IDLE option argument for XCLAIM');
    } else if (option === 'time' && hasValue) {
      at += 1;
      deliveredAt = integer(argv[at], 'ERR Invalid TIME option argument for XCLAIM');
    } else if (option === 'retrycount' && hasValue) {
      at += 1;
      const count = counter(argv[at], 'ERR Invalid RETRYCOUNT option argument for XCLAIM');
      // -1 is what Redis keeps for an option that was not given; so is anything below 0.
      retryCount = count < 0 ? undefined : count;
    } else if (option === 'lastid' && hasValue) {
      at += 1;
      lastId = strictId(argv[at]);
    } else throw new ReplyError(`ERR Unrecognized XCLAIM option '${argv[at]}'`);
  }
  // Likewise -1.
  if (deliveredAt === -1) deliveredAt = undefined;
  return { isForced, isJustId, deliveredAt, retryCount, lastId };
}

function xclaim(context: CommandContext, argv: string[]): Reply {
  const [, key = '', name = '', consumerName = ''] = argv;
  const { now } = context;
  const seen = look(context, key, 'stream');
  if (seen?.groups.has(name) !== true) throw noGroup(key, name);
  const minIdle = Math.max(0, integer(argv[4], 'ERR Invalid min-idle-time argument for XCLAIM'));
  const ids: StreamId[] = [];
  let at = 5;
  for (; at < argv.length; at += 1) {
    const id = strictIdOrNone(argv[at] as string);
    if (id === undefined) break;
    ids.push(id);
  }
  const options = claimOptions(argv, at, now);
  const stream = context.keys.own(key, seen);
  const group = stream.groups.get(name) as ConsumerGroup;
  if (compareIds(options.lastId, group.lastId) > 0) group.lastId = options.lastId;
  let { deliveredAt = now } = options;
  // A time that cannot be is taken for now.
  if (deliveredAt < 0 || deliveredAt > now) deliveredAt = now;

  const claimed: Reply[] = [];
  let consumer = context.server.isSince72 ? seenConsumer(context, key, group, consumerName) : undefined;
  for (const id of ids) {
    let pending = findPending(group.pending, id);
    const entry = stream.find(id);
    if (entry === undefined) {
      // What is no longer on the stream is no longer pending either.
      if (pending !== undefined) removePending(group, pending);
      continue;
    }
    if (pending === undefined && !options.isForced) continue;
    if (pending !== undefined && minIdle > 0 && now - pending.deliveredAt < minIdle) continue;
    consumer ??= seenConsumer(context, key, group, consumerName);
    if (pending === undefined) {
      pending = { id, consumer, deliveredAt, deliveries: 1 };
      addPending(group, pending);
    }
    givePendingTo(pending, consumer);
    pending.deliveredAt = deliveredAt;
    if (options.retryCount !== undefined) pending.deliveries = options.retryCount;
    else if (!options.isJustId) pending.deliveries += 1;
    consumer.activeAt = now;
    claimed.push(options.isJustId ? id.toString() : entryReply(entry));
  }
  return claimed;
}

// --- XAUTOCLAIM

function xautoclaim(context: CommandContext, argv: string[]): Reply {
  const [, key = '', name = '', consumerName = '', idleText, startText = ''] = argv;
  const { now } = context;
  const minIdle = Math.max(0, integer(idleText, 'ERR Invalid min-idle-time argument for XAUTOCLAIM'));
  const start = rangeStart(startText);
  let count = 100;
  let isJustId = false;
  for (let at = 6; at < argv.length; at += 1) {
    const option = argv[at]?.toLowerCase();
    if (option === 'count' && at + 1 < argv.length) {
      count = integer(argv[at + 1], 'ERR COUNT must be > 0');
      // Beyond this Redis could not allocate what it needs.
      if (count < 1 || count > 2 ** 63 / 16) throw new ReplyError('ERR COUNT must be > 0');
      at += 1;
    } else if (option === 'justid') isJustId = true;
    else throw SYNTAX_ERROR;
  }
  const seen = look(context, key, 'stream');
  if (seen?.groups.has(name) !== true) throw noGroup(key, name);
  const stream = context.keys.own(key, seen);
  const group = stream.groups.get(name) as ConsumerGroup;

  let attempts = count * 10;
  const claimed: Reply[] = [];
  const deleted: Reply[] = [];
  let consumer = context.server.isSince72 ? seenConsumer(context, key, group, consumerName) : undefined;
  let at = lowerBound(group.pending, start);
  while (attempts > 0 && count > 0 && at < group.pending.length) {
    attempts -= 1;
    const pending = group.pending[at] as PendingEntry;
    const entry = stream.find(pending.id);
    if (entry === undefined) {
      removePending(group, pending);
      deleted.push(pending.id.toString());
      count -= 1;
      continue;
    }
    at += 1;
    if (minIdle > 0 && now - pending.deliveredAt < minIdle) continue;
    consumer ??= seenConsumer(context, key, group, consumerName);
    givePendingTo(pending, consumer);
    pending.deliveredAt = now;
    if (!isJustId) pending.deliveries += 1;
    consumer.activeAt = now;
    claimed.push(isJustId ? pending.id.toString() : entryReply(entry));
    count -= 1;
  }
  const next = group.pending[at];
  return [next === undefined ? '0-0' : next.id.toString(), claimed, deleted];
}

export const streamGroupCommands: readonly Command[] = [
  container(
    'xgroup',
    command('create', -5, 'write denyoom', groupCreate),
    command('setid', -5, 'write', groupSetId),
    command('destroy', 4, 'write', groupDestroy),
    command('createconsumer', 5, 'write denyoom', groupCreateConsumer),
    command('delconsumer', 5, 'write', groupDeleteConsumer),
  ),
  command('xack', -4, 'write', xack),
  command('xpending', -3, '', xpending),
  command('xclaim', -6, 'write', xclaim),
  command('xautoclaim', -6, 'write', xautoclaim),
];
