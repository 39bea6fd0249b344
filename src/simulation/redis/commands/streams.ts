/** XADD and what else concerns the entries of a stream. */
import { counter, idToAdd, integer, rangeEnd, rangeStart, strictId, wrongArity } from '../arguments.js';
import { type Command, type CommandContext, command, look } from '../command.js';
import { SentEntries } from '../data/idempotence.js';
import { type StreamEntry, StreamValue, type TrimRule } from '../data/stream.js';
import { compareIds, type StreamId, ZERO_ID } from '../data/stream-id.js';
import { NO_SUCH_KEY, OK, type Reply, ReplyError, SYNTAX_ERROR } from '../reply.js';

/** `100 * stream-node-max-entries` */
const APPROXIMATE_LIMIT = 10000;

interface AddOptions {
  readonly trim: TrimRule | undefined;
  /** Position of the id. */
  readonly idAt: number;
  readonly id: { readonly id: StreamId; readonly hasSequence: boolean } | undefined;
  readonly mayCreate: boolean;
  /** Ids of the producer and of its own. */
  readonly idempotence: readonly [producer: string, id: string] | undefined;
}

/** Options of XADD and XTRIM, which differ in that XADD goes on with an id. */
function addOptions(argv: readonly string[], isAdd: boolean, isIdempotent = false): AddOptions {
  let strategy: TrimRule['strategy'] | undefined;
  let isApproximate = false;
  let maxLength = 0;
  let minId = ZERO_ID;
  let limit: number | undefined;
  let mayCreate = true;
  let id: AddOptions['id'];
  let idempotence: AddOptions['idempotence'];
  let at = 2;
  for (; at < argv.length; at += 1) {
    const more = argv.length - 1 - at;
    const text = argv[at] as string;
    if (isAdd && text === '*') break;
    const option = text.toLowerCase();
    if ((option === 'maxlen' || option === 'minid') && more > 0) {
      if (strategy !== undefined) {
        throw new ReplyError(
          'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
        );
      }
      isApproximate = false;
      const next = argv[at + 1];
      if (more >= 2 && (next === '~' || next === '=')) {
        isApproximate = next === '~';
        at += 1;
      }
      const threshold = argv[at + 1] as string;
      if (option === 'maxlen') {
        maxLength = integer(threshold);
        if (maxLength < 0) throw new ReplyError('ERR The MAXLEN argument must be >= 0.');
      } else minId = strictId(threshold);
      at += 1;
      strategy = option;
    } else if (option === 'limit' && more > 0) {
      limit = integer(argv[at + 1]);
      if (limit < 0) throw new ReplyError('ERR The LIMIT argument must be >= 0.');
      at += 1;
    } else if (isAdd && option === 'nomkstream') mayCreate = false;
    else if (isIdempotent && option === 'idmp' && more >= 2) {
      idempotence = [argv[at + 1] as string, argv[at + 2] as string];
      at += 2;
    } else if (isAdd) {
      id = idToAdd(text);
      break;
    } else throw SYNTAX_ERROR;
  }
  if (limit !== undefined && limit > 0 && strategy === undefined) {
    throw new ReplyError('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy');
  }
  if (!isAdd && strategy === undefined) {
    throw new ReplyError('ERR syntax error, XTRIM must be called with a trimming strategy');
  }
  if (limit !== undefined && !isApproximate) {
    throw new ReplyError('ERR syntax error, LIMIT cannot be used without the special ~ option');
  }
  const most = limit ?? (isApproximate ? APPROXIMATE_LIMIT : 0);
  const trim = strategy && { strategy, isApproximate, maxLength, minId, limit: most };
  if (idempotence !== undefined && id !== undefined) {
    throw new ReplyError('ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs');
  }
  return { trim, idAt: at, id, mayCreate, idempotence };
}

function xadd(context: CommandContext, argv: string[]): Reply {
  const { trim, idAt, id: given, mayCreate, idempotence } = addOptions(argv, true, context.server.isSince86);
  const count = argv.length - idAt - 1;
  if (count < 2 || count % 2 === 1) throw wrongArity('xadd');
  if (given?.hasSequence && given.id.isZero) {
    throw new ReplyError('ERR The ID specified in XADD must be greater than 0-0');
  }
  const key = argv[1] as string;
  const { keys } = context;
  let stream = look(context, key, 'stream');
  if (stream === undefined) {
    if (!mayCreate) return null;
    stream = new StreamValue(keys.owner);
    keys.put(key, stream);
  }
  if (stream.lastId.isMaximum) {
    throw new ReplyError('ERR The stream has exhausted the last possible ID, unable to add more items');
  }
  if (idempotence !== undefined) {
    const known = stream.sent?.find(...idempotence, context.now);
    if (known !== undefined) return known.toString();
  }
  let id: StreamId | undefined;
  if (given === undefined) id = stream.nextId(context.now);
  else id = given.hasSequence ? given.id : stream.nextIdIn(given.id.ms);
  if (id === undefined || compareIds(id, stream.lastId) <= 0) {
    throw new ReplyError('ERR The ID specified in XADD is equal or smaller than the target stream top item');
  }
  const own = keys.own(key, stream);
  own.append(id, argv.slice(idAt + 1));
  if (idempotence !== undefined) {
    own.sent ??= new SentEntries();
    own.sent.add(...idempotence, id, context.now);
  }
  context.notify('t', 'xadd', key);
  if (trim !== undefined && own.trim(trim) > 0) context.notify('t', 'xtrim', key);
  context.signal(key);
  return id.toString();
}

function xtrim(context: CommandContext, argv: string[]): Reply {
  const { trim } = addOptions(argv, false);
  const key = argv[1] as string;
  const stream = look(context, key, 'stream');
  if (stream === undefined) return 0;
  const removed = context.keys.own(key, stream).trim(trim as TrimRule);
  if (removed > 0) context.notify('t', 'xtrim', key);
  return removed;
}

function xlen(context: CommandContext, argv: string[]): Reply {
  return look(context, argv[1] as string, 'stream')?.length ?? 0;
}

/** An entry as replies have it. Every reply has arrays of its own. */
export function entryReply({ id, fields }: StreamEntry): Reply {
  return [id.toString(), fields.slice()];
}

function range(context: CommandContext, argv: string[], isReversed: boolean): Reply {
  const start = rangeStart(argv[isReversed ? 3 : 2] as string);
  const end = rangeEnd(argv[isReversed ? 2 : 3] as string);
  let count = -1;
  for (let at = 4; at < argv.length; at += 2) {
    if (argv[at]?.toLowerCase() !== 'count' || at + 1 >= argv.length) throw SYNTAX_ERROR;
    count = Math.max(0, integer(argv[at + 1]));
  }
  const stream = look(context, argv[1] as string, 'stream');
  if (stream === undefined) return [];
  if (count === 0) return null;
  return stream.range(start, end, count === -1 ? 0 : count, isReversed).map(entryReply);
}

function xdel(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  const stream = look(context, key, 'stream');
  if (stream === undefined) return 0;
  const ids = argv.slice(2).map((text) => strictId(text));
  let deleted = 0;
  let own = stream;
  let isFirst = false;
  for (const id of ids) {
    if (own.find(id) === undefined) continue;
    if (deleted === 0) own = context.keys.own(key, stream);
    if (compareIds(id, own.firstId) === 0) isFirst = true;
    own.delete(id);
    if (compareIds(id, own.maxDeletedId) > 0) own.maxDeletedId = id;
    deleted += 1;
  }
  if (deleted > 0) {
    if (own.length === 0 || isFirst) own.settleFirstId();
    context.notify('t', 'xdel', key);
  }
  return deleted;
}

function xsetid(context: CommandContext, argv: string[]): Reply {
  const id = strictId(argv[2]);
  let added = -1;
  let maxDeleted = ZERO_ID;
  for (let at = 3; at < argv.length; at += 2) {
    const option = argv[at]?.toLowerCase();
    const hasValue = at + 1 < argv.length;
    if (option === 'entriesadded' && hasValue) {
      added = counter(argv[at + 1]);
      if (added < 0) throw new ReplyError('ERR entries_added must be positive');
    } else if (option === 'maxdeletedid' && hasValue) {
      maxDeleted = strictId(argv[at + 1]);
      if (compareIds(id, maxDeleted) < 0) {
        throw new ReplyError(
          'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
        );
      }
    } else throw SYNTAX_ERROR;
  }
  const key = argv[1] as string;
  const stream = look(context, key, 'stream');
  if (stream === undefined) throw NO_SUCH_KEY;
  if (context.server.isSince80 && compareIds(id, stream.maxDeletedId) < 0) {
    throw new ReplyError('ERR The ID specified in XSETID is smaller than current max_deleted_entry_id');
  }
  if (stream.length > 0) {
    const { last } = stream;
    if (last !== undefined && compareIds(id, last.id) < 0) {
      throw new ReplyError('ERR The ID specified in XSETID is smaller than the target stream top item');
    }
    if (added !== -1 && stream.length > added) {
      throw new ReplyError(
        'ERR The entries_added specified in XSETID is smaller than the target stream length',
      );
    }
  }
  const own = context.keys.own(key, stream);
  own.lastId = id;
  if (added !== -1) own.entriesAdded = added;
  if (!maxDeleted.isZero) own.maxDeletedId = maxDeleted;
  context.notify('t', 'xsetid', key);
  return OK;
}

export const streamCommands: readonly Command[] = [
  command('xadd', -5, 'write denyoom', xadd),
  command('xtrim', -4, 'write', xtrim),
  command('xlen', 2, '', xlen),
  command('xrange', -4, '', (context, argv) => range(context, argv, false)),
  command('xrevrange', -4, '', (context, argv) => range(context, argv, true)),
  command('xdel', -3, 'write', xdel),
  command('xsetid', -3, 'write denyoom', xsetid),
];
