/** XREAD and XREADGROUP, and how a parked one is served. */
import { integer, parseInteger, strictId } from '../arguments.js';
import { type Command, type CommandContext, command, look, PARKED } from '../command.js';
import {
  addPending,
  type Consumer,
  type ConsumerGroup,
  findPending,
  givePendingTo,
} from '../data/consumer-group.js';
import { lowerBound } from '../data/lower-bound.js';
import type { StreamEntry, StreamValue } from '../data/stream.js';
import { compareIds, MAXIMUM_ID, type StreamId, ZERO_ID } from '../data/stream-id.js';
import type { Value } from '../data/values.js';
import { type Reply, ReplyError, SYNTAX_ERROR, WRONG_TYPE } from '../reply.js';
import type { BlockedRead } from '../session.js';
import { Unsupported } from '../unsupported.js';
import { noGroup, seenConsumer } from './stream-groups.js';
import { entryReply } from './streams.js';

/** How many entries a parked read without COUNT is served. */
const PARKED_COUNT = 1000;

const IN_XREADGROUP = ' in XREADGROUP with GROUP option';

interface ReadOptions {
  readonly group: string | undefined;
  readonly consumer: string;
  /** 0: all. */
  readonly count: number;
  /** Undefined: does not wait. 0: for ever. */
  readonly blockMs: number | undefined;
  readonly isNoAck: boolean;
  readonly names: readonly string[];
  readonly ids: readonly string[];
}

function blockTime(text: string, now: number): number {
  const value = parseInteger(text);
  if (value === undefined) throw new ReplyError('ERR timeout is not an integer or out of range');
  if (value < 0) throw new ReplyError('ERR timeout is negative');
  if (value > 2 ** 63 - now) throw new ReplyError('ERR timeout is out of range');
  return value;
}

function readOptions(argv: readonly string[], isGroup: boolean, context: CommandContext): ReadOptions {
  let group: string | undefined;
  let consumer = '';
  let count = 0;
  let blockMs: number | undefined;
  let isNoAck = false;
  for (let at = 1; at < argv.length; at += 1) {
    const more = argv.length - at - 1;
    const option = argv[at]?.toLowerCase();
    if (option === 'block' && more > 0) {
      if (context.isScript) {
        throw new ReplyError(`ERR ${argv[0]} command is not allowed with BLOCK option from scripts`);
      }
      at += 1;
      blockMs = blockTime(argv[at] as string, context.now);
    } else if (option === 'count' && more > 0) {
      at += 1;
      count = Math.max(0, integer(argv[at]));
    } else if (option === 'streams' && more > 0) {
      const rest = argv.slice(at + 1);
      if (rest.length % 2 !== 0) {
        throw new ReplyError(
          "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
        );
      }
      if (isGroup && group === undefined) throw new ReplyError('ERR Missing GROUP option for XREADGROUP');
      const half = rest.length / 2;
      return { group, consumer, count, blockMs, isNoAck, names: rest.slice(0, half), ids: rest.slice(half) };
    } else if (option === 'group' && more >= 2) {
      if (!isGroup) {
        throw new ReplyError(
          'ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.',
        );
      }
      group = argv[at + 1];
      consumer = argv[at + 2] as string;
      at += 2;
    } else if (option === 'noack') {
      if (!isGroup) {
        throw new ReplyError(
          'ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
        );
      }
      isNoAck = true;
    } else throw SYNTAX_ERROR;
  }
  throw SYNTAX_ERROR;
}

/** Where reading begins; `new`: after what the group has been delivered. */
type From = StreamId | 'new';

function fromOf(context: CommandContext, key: string, text: string, isGroup: boolean): From {
  if (text === '$') {
    if (isGroup) {
      throw new ReplyError(
        'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
      );
    }
    return look(context, key, 'stream')?.lastId ?? ZERO_ID;
  }
  if (text === '>') {
    if (isGroup) return 'new';
    throw new ReplyError(
      'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
    );
  }
  if (text === '+' && context.server.isSince80) throw new Unsupported('the last entry in XREAD');
  const id = strictId(text);
  // Redis keeps '>' as the largest id, and so takes the one for the other.
  return isGroup && id.isMaximum ? 'new' : id;
}

function read(context: CommandContext, argv: string[], isGroup: boolean): Reply | typeof PARKED {
  const options = readOptions(argv, isGroup, context);
  const { group, consumer: consumerName, count, isNoAck, names } = options;
  const froms = names.map((key, position) => {
    const stream = look(context, key, 'stream');
    if (group !== undefined && stream?.groups.has(group) !== true) {
      throw noGroup(key, group, IN_XREADGROUP);
    }
    return fromOf(context, key, options.ids[position] as string, isGroup);
  });
  const replies: Reply[] = [];
  for (const [position, key] of names.entries()) {
    const stream = look(context, key, 'stream');
    if (stream === undefined) continue;
    const from = froms[position] as From;
    if (group === undefined) {
      const { last } = stream;
      if (last === undefined || compareIds(last.id, from as StreamId) <= 0) continue;
      replies.push([key, entriesAfter(stream, from as StreamId, count).map(entryReply)]);
    } else if (from === 'new') {
      const { last } = stream;
      const seen = stream.groups.get(group) as ConsumerGroup;
      const isNothing = last === undefined || compareIds(last.id, seen.lastId) <= 0;
      if (isNothing && !context.server.isSince72) continue;
      const own = context.keys.own(key, stream);
      const ownGroup = own.groups.get(group) as ConsumerGroup;
      const consumer = seenConsumer(context, key, ownGroup, consumerName);
      if (!isNothing) replies.push([key, deliver(own, ownGroup, consumer, count, isNoAck, context)]);
    } else {
      const own = context.keys.own(key, stream);
      const ownGroup = own.groups.get(group) as ConsumerGroup;
      const consumer = seenConsumer(context, key, ownGroup, consumerName);
      replies.push([key, history(own, consumer, from, count, context.now)]);
    }
  }
  if (replies.length > 0) return replies;
  if (options.blockMs === undefined || context.isScript) return null;
  context.park({
    group,
    consumer: consumerName,
    count: count === 0 ? PARKED_COUNT : count,
    isNoAck,
    deadline: options.blockMs === 0 ? undefined : context.now + options.blockMs,
    streams: names.map((key, position) => [key, froms[position] as From]),
  });
  return PARKED;
}

function entriesAfter(stream: StreamValue, from: StreamId, count: number): StreamEntry[] {
  // After the very last id comes 0-0: Redis's increment wraps around.
  return stream.range(from.next() ?? ZERO_ID, MAXIMUM_ID, count, false);
}

/** Delivers new entries to a consumer. */
function deliver(
  stream: StreamValue,
  group: ConsumerGroup,
  consumer: Consumer,
  count: number,
  isNoAck: boolean,
  { now, server: { isSince80 } }: CommandContext,
): Reply {
  const entries = entriesAfter(stream, group.lastId, count);
  for (const { id } of entries) {
    if (compareIds(id, group.lastId) > 0) {
      const seen = isSince80 ? group.lastId : id;
      if (group.entriesRead !== undefined && !stream.hasTombstonesFrom(seen, isSince80))
        group.entriesRead += 1;
      else if (stream.entriesAdded > 0) group.entriesRead = stream.entriesUpTo(id);
      group.lastId = id;
    }
    if (isNoAck) continue;
    // It may be pending already: where the group's position was set back.
    const pending = findPending(group.pending, id);
    if (pending === undefined) addPending(group, { id, consumer, deliveredAt: now, deliveries: 1 });
    else {
      givePendingTo(pending, consumer);
      pending.deliveredAt = now;
      pending.deliveries = 1;
    }
  }
  if (!isNoAck && entries.length > 0) consumer.activeAt = now;
  return entries.map(entryReply);
}

/** What is pending for a consumer after an id. */
function history(stream: StreamValue, consumer: Consumer, from: StreamId, count: number, now: number): Reply {
  const start = from.next() ?? ZERO_ID;
  const found: Reply[] = [];
  const { pending } = consumer;
  for (let at = lowerBound(pending, start); at < pending.length; at += 1) {
    if (count > 0 && found.length >= count) break;
    const one = pending[at] as (typeof pending)[number];
    const entry = stream.find(one.id);
    if (entry === undefined) found.push([one.id.toString(), null]);
    else {
      one.deliveredAt = now;
      one.deliveries += 1;
      found.push(entryReply(entry));
    }
  }
  return found;
}

/**
 * What a parked read is answered, after something has come to a key that it waits for. Undefined: it goes on waiting.
 * @param value what the key holds
 */
export function serveParked(
  context: CommandContext,
  read: BlockedRead,
  key: string,
  value: Value | undefined,
): Reply | undefined {
  const { group: name, count } = read;
  const { isSince72 } = context.server;
  const stream = value?.type === 'stream' ? value : undefined;
  if (name === undefined) {
    const newest = isSince72 ? stream?.last?.id : stream?.lastId;
    if (stream === undefined || newest === undefined) return undefined;
    const froms = read.streams.flatMap(([one, from]) => (one === key ? [from as StreamId] : []));
    // Until 7.2 the first mention of a key counts.
    const replies = (isSince72 ? froms : froms.slice(0, 1))
      .filter((from) => compareIds(newest, from) > 0)
      .map((from): Reply => [key, entriesAfter(stream, from, count).map(entryReply)]);
    return replies.length > 0 ? replies : undefined;
  }
  const seen = stream?.groups.get(name);
  if (stream === undefined || seen === undefined) {
    if (isSince72) return value === stream ? noGroup(key, name, IN_XREADGROUP) : WRONG_TYPE;
    return new ReplyError(
      stream === undefined
        ? 'UNBLOCKED the stream key no longer exists'
        : 'NOGROUP the consumer group this client was blocked on no longer exists',
    );
  }
  const replies = (isSince72 ? read.streams.map(([one]) => one) : [key]).flatMap((one): Reply[] => {
    const entries = deliverParked(context, read, name, one);
    return entries === undefined ? [] : [[one, entries]];
  });
  return replies.length > 0 ? replies : undefined;
}

/** What this key has for a parked read; undefined: nothing. Since 7.2 the whole command is executed again, at every key as often as it is named. */
function deliverParked(
  context: CommandContext,
  { consumer: consumerName, count, isNoAck }: BlockedRead,
  groupName: string,
  key: string,
): Reply | undefined {
  const { isSince72 } = context.server;
  const stream = look(context, key, 'stream');
  if (stream?.groups.has(groupName) !== true) return undefined;
  const owned = () => {
    const own = context.keys.own(key, stream);
    const group = own.groups.get(groupName) as ConsumerGroup;
    return { own, group, consumer: seenConsumer(context, key, group, consumerName) };
  };
  if (isSince72) owned();
  const seen = look(context, key, 'stream') ?? stream;
  // Until 7.2 also where the entry is gone again: then the answer has none.
  const newest = isSince72 ? seen.last?.id : seen.lastId;
  const lastId = seen.groups.get(groupName)?.lastId;
  if (newest === undefined || lastId === undefined || compareIds(newest, lastId) <= 0) return undefined;
  const { own, group, consumer } = owned();
  return deliver(own, group, consumer, count, isNoAck, context);
}

export const streamReadingCommands: readonly Command[] = [
  command('xread', -4, '', (context, argv) => read(context, argv, false)),
  command('xreadgroup', -7, 'write', (context, argv) => read(context, argv, true)),
];
