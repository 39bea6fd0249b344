/** XINFO */
import { integer, subcommandSyntax } from '../arguments.js';
import { type Command, type CommandContext, command, container, look } from '../command.js';
import { byName, type Consumer, type ConsumerGroup } from '../data/consumer-group.js';
import type { StreamValue } from '../data/stream.js';
import { compareIds, MAXIMUM_ID, type StreamId, ZERO_ID } from '../data/stream-id.js';
import { NO_SUCH_KEY, type Reply, ReplyError } from '../reply.js';
import { entryReply } from './streams.js';

function streamOf(context: CommandContext, argv: readonly string[]): StreamValue {
  const stream = look(context, argv[2] as string, 'stream');
  if (stream === undefined) throw NO_SUCH_KEY;
  return stream;
}

/** How many entries the group has yet to be delivered; null: it cannot be told. */
function lagOf({ server }: CommandContext, stream: StreamValue, group: ConsumerGroup): number | null {
  if (stream.entriesAdded === 0) return 0;
  if (server.isSince80) {
    if (stream.length === 0) return 0;
    const isBefore = (id: StreamId) => compareIds(id, stream.firstId) < 0;
    if (isBefore(group.lastId) && isBefore(stream.maxDeletedId)) return stream.length;
  }
  if (group.entriesRead !== undefined && !stream.hasTombstonesFrom(group.lastId, server.isSince80)) {
    return stream.entriesAdded - group.entriesRead;
  }
  const read = stream.entriesUpTo(group.lastId);
  return read === undefined ? null : stream.entriesAdded - read;
}

function infoGroups(context: CommandContext, argv: string[]): Reply {
  const stream = streamOf(context, argv);
  return byName(stream.groups.values()).map(
    (group): Reply => [
      'name',
      group.name,
      'consumers',
      group.consumers.size,
      'pending',
      group.pending.length,
      'last-delivered-id',
      group.lastId.toString(),
      'entries-read',
      group.entriesRead ?? null,
      'lag',
      lagOf(context, stream, group),
    ],
  );
}

/** Ms since the consumer last got something; -1: it never did. */
function inactiveFor({ activeAt }: Consumer, now: number): number {
  return activeAt === -1 ? -1 : Math.max(0, now - activeAt);
}

function infoConsumers(context: CommandContext, argv: string[]): Reply {
  const [, , key = '', name = ''] = argv;
  const group = streamOf(context, argv).groups.get(name);
  if (group === undefined) {
    throw new ReplyError(`NOGROUP No such consumer group '${name}' for key name '${key}'`);
  }
  const { now, server } = context;
  return byName(group.consumers.values()).map(
    (consumer): Reply => [
      'name',
      consumer.name,
      'pending',
      consumer.pending.length,
      'idle',
      Math.max(0, now - consumer.seenAt),
      ...(server.isSince72 ? ['inactive', inactiveFor(consumer, now)] : []),
    ],
  );
}

function infoStream(context: CommandContext, argv: string[]): Reply {
  const stream = streamOf(context, argv);
  const options = argv.slice(3);
  let count = 10;
  if (options.length > 0) {
    const isWrong =
      (options.length !== 1 && options.length !== 3) ||
      options[0]?.toLowerCase() !== 'full' ||
      (options.length === 3 && options[1]?.toLowerCase() !== 'count');
    if (isWrong) throw subcommandSyntax('xinfo', argv[1] as string);
    if (options.length === 3) {
      count = integer(options[2]);
      if (count < 0) count = 10;
    }
  }
  const common: Reply[] = [
    'length',
    stream.length,
    'radix-tree-keys',
    stream.nodeCount,
    // How many nodes Redis's tree of nodes has inside is not modelled; this is what it has with few of them.
    'radix-tree-nodes',
    stream.nodeCount + 1,
    'last-generated-id',
    stream.lastId.toString(),
    'max-deleted-entry-id',
    stream.maxDeletedId.toString(),
    'entries-added',
    stream.entriesAdded,
    'recorded-first-entry-id',
    stream.firstId.toString(),
  ];
  if (options.length > 0) {
    const entries = stream.range(ZERO_ID, MAXIMUM_ID, count, false).map(entryReply);
    const groups = byName(stream.groups.values()).map((group) => fullGroup(context, stream, group, count));
    return [...common, 'entries', entries, 'groups', groups];
  }
  const [first] = stream.range(ZERO_ID, MAXIMUM_ID, 1, false);
  const { last } = stream;
  return [
    ...common,
    'groups',
    stream.groups.size,
    'first-entry',
    first === undefined ? null : entryReply(first),
    'last-entry',
    last === undefined ? null : entryReply(last),
  ];
}

function fullGroup(context: CommandContext, stream: StreamValue, group: ConsumerGroup, count: number): Reply {
  const most = count === 0 ? Number.POSITIVE_INFINITY : count;
  return [
    'name',
    group.name,
    'last-delivered-id',
    group.lastId.toString(),
    'entries-read',
    group.entriesRead ?? null,
    'lag',
    lagOf(context, stream, group),
    'pel-count',
    group.pending.length,
    'pending',
    group.pending
      .slice(0, most)
      .map(
        ({ id, consumer, deliveredAt, deliveries }): Reply => [
          id.toString(),
          consumer.name,
          deliveredAt,
          deliveries,
        ],
      ),
    'consumers',
    byName(group.consumers.values()).map(
      (consumer): Reply => [
        'name',
        consumer.name,
        'seen-time',
        consumer.seenAt,
        ...(context.server.isSince72 ? ['active-time', consumer.activeAt] : []),
        'pel-count',
        consumer.pending.length,
        'pending',
        consumer.pending
          .slice(0, most)
          .map(({ id, deliveredAt, deliveries }): Reply => [id.toString(), deliveredAt, deliveries]),
      ],
    ),
  ];
}

export const streamInfoCommands: readonly Command[] = [
  container(
    'xinfo',
    command('stream', -3, '', infoStream),
    command('groups', 3, '', infoGroups),
    command('consumers', 4, '', infoConsumers),
  ),
];
