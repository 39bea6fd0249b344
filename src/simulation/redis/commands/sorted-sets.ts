import { integer, parseDouble } from '../arguments.js';
import { type Command, type CommandContext, command, look } from '../command.js';
import { SortedSetValue } from '../data/sorted-set.js';
import { type Reply, ReplyError, SYNTAX_ERROR } from '../reply.js';

/** A score as Redis writes it: a whole number plainly, any other with 17 digits, or since 7.2 with as many as tell it from all others. */
export function scoreText({ server }: CommandContext, score: number): string {
  if (score === Number.POSITIVE_INFINITY) return 'inf';
  if (score === Number.NEGATIVE_INFINITY) return '-inf';
  if (Object.is(score, -0)) return '-0';
  if (Number.isInteger(score) && Math.abs(score) < 1e17) return String(score);
  return server.isSince72 ? String(score) : exactly(score);
}

/** `%.17g` */
function exactly(score: number): string {
  const [mantissa = '', power = '0'] = score.toExponential(16).split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 17) {
    const digits = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const fixed = score.toFixed(Math.max(0, 16 - exponent));
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

const NOT_A_FLOAT = 'ERR value is not a valid float';

function scoreOf(text: string | undefined): number {
  const score = text === undefined ? undefined : parseDouble(text);
  if (score === undefined) throw new ReplyError(NOT_A_FLOAT);
  return score;
}

function ownSet(context: CommandContext, key: string): SortedSetValue {
  const { keys } = context;
  const seen = look(context, key, 'zset');
  if (seen !== undefined) return keys.own(key, seen);
  const made = new SortedSetValue(keys.owner);
  keys.put(key, made);
  return made;
}

function zadd(context: CommandContext, argv: string[]): Reply {
  const flags = new Set<string>();
  let at = 2;
  for (; at < argv.length; at += 1) {
    const flag = argv[at]?.toLowerCase() as string;
    if (!['nx', 'xx', 'gt', 'lt', 'ch', 'incr'].includes(flag)) break;
    flags.add(flag);
  }
  const count = argv.length - at;
  if (count === 0 || count % 2 === 1) throw SYNTAX_ERROR;
  if (flags.has('nx') && flags.has('xx')) {
    throw new ReplyError('ERR XX and NX options at the same time are not compatible');
  }
  if ((flags.has('gt') && flags.has('lt')) || (flags.has('nx') && (flags.has('gt') || flags.has('lt')))) {
    throw new ReplyError('ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  if (flags.has('incr') && count > 2) {
    throw new ReplyError('ERR INCR option supports a single increment-element pair');
  }
  const pairs: { score: number; member: string }[] = [];
  for (; at < argv.length; at += 2) pairs.push({ score: scoreOf(argv[at]), member: argv[at + 1] as string });

  const key = argv[1] as string;
  if (look(context, key, 'zset') === undefined && flags.has('xx')) return flags.has('incr') ? null : 0;
  const set = ownSet(context, key);
  let added = 0;
  let changed = 0;
  let last: number | undefined;
  for (const { score: given, member } of pairs) {
    const old = set.scores.get(member);
    last = undefined;
    if (old === undefined ? flags.has('xx') : flags.has('nx')) continue;
    const score = flags.has('incr') && old !== undefined ? old + given : given;
    if (Number.isNaN(score)) throw new ReplyError('ERR resulting score is not a number (NaN)');
    if (old !== undefined) {
      if ((flags.has('gt') && score <= old) || (flags.has('lt') && score >= old)) continue;
    }
    last = score;
    if (old === score) continue;
    set.set(member, score);
    if (old === undefined) added += 1;
    else changed += 1;
  }
  if (added + changed > 0) context.notify('z', flags.has('incr') ? 'zincr' : 'zadd', key);
  if (flags.has('incr')) return last === undefined ? null : scoreText(context, last);
  return flags.has('ch') ? added + changed : added;
}

function zincrby(context: CommandContext, argv: string[]): Reply {
  const by = scoreOf(argv[2]);
  const [, key = '', , member = ''] = argv;
  const set = ownSet(context, key);
  const score = (set.scores.get(member) ?? 0) + by;
  if (Number.isNaN(score)) throw new ReplyError('ERR resulting score is not a number (NaN)');
  set.set(member, score);
  context.notify('z', 'zincr', key);
  return scoreText(context, score);
}

function settle(context: CommandContext, key: string, set: SortedSetValue): void {
  if (set.members.length > 0) return;
  context.keys.delete(key);
  context.notify('g', 'del', key);
}

function zrem(context: CommandContext, argv: string[]): Reply {
  const key = argv[1] as string;
  const seen = look(context, key, 'zset');
  if (seen === undefined) return 0;
  const set = context.keys.own(key, seen);
  let removed = 0;
  for (let at = 2; at < argv.length; at += 1) if (set.remove(argv[at] as string)) removed += 1;
  if (removed > 0) context.notify('z', 'zrem', key);
  settle(context, key, set);
  return removed;
}

interface ScoreBound {
  readonly score: number;
  readonly isOpen: boolean;
}

function bound(text: string): ScoreBound {
  const isOpen = text.startsWith('(');
  const score = parseDouble(isOpen ? text.slice(1) : text);
  if (score === undefined) throw new ReplyError('ERR min or max is not a float');
  return { score, isOpen };
}

function isAbove(score: number, { score: limit, isOpen }: ScoreBound): boolean {
  return isOpen ? score > limit : score >= limit;
}

function isBelow(score: number, { score: limit, isOpen }: ScoreBound): boolean {
  return isOpen ? score < limit : score <= limit;
}

function withScores(
  context: CommandContext,
  members: readonly { member: string; score: number }[],
  isWanted: boolean,
): Reply {
  return members.flatMap(({ member, score }) => (isWanted ? [member, scoreText(context, score)] : [member]));
}

interface RangeOptions {
  by: 'rank' | 'score' | 'lex';
  isReversed: boolean;
  hasScores: boolean;
  offset: number;
  count: number;
}

function rangeOptions(argv: readonly string[], options: RangeOptions, isZrange: boolean): RangeOptions {
  let hasLimit = false;
  for (let at = 4; at < argv.length; at += 1) {
    const option = argv[at]?.toLowerCase();
    if (option === 'withscores') options.hasScores = true;
    else if (option === 'limit' && at + 2 < argv.length) {
      options.offset = integer(argv[at + 1]);
      options.count = integer(argv[at + 2]);
      hasLimit = true;
      at += 2;
    } else if (isZrange && option === 'rev') options.isReversed = true;
    else if (isZrange && option === 'byscore') options.by = 'score';
    else if (isZrange && option === 'bylex') options.by = 'lex';
    else throw SYNTAX_ERROR;
  }
  if (hasLimit && options.by === 'rank') {
    throw new ReplyError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
  }
  return options;
}

interface LexBound {
  readonly text: string;
  readonly isOpen: boolean;
}

/** Members are compared by their bytes; `-` and `+` are before and behind all. */
function lexBound(text: string): LexBound | '-' | '+' {
  if (text === '-' || text === '+') return text;
  const isOpen = text.startsWith('(');
  if (!isOpen && !text.startsWith('[')) throw new ReplyError('ERR min or max not valid string range item');
  return { text: text.slice(1), isOpen };
}

function isBetween(member: string, min: LexBound | '-' | '+', max: LexBound | '-' | '+'): boolean {
  if (min === '+' || max === '-') return false;
  const isFrom = min === '-' || (min.isOpen ? member > min.text : member >= min.text);
  return isFrom && (max === '+' || (max.isOpen ? member < max.text : member <= max.text));
}

function range(by: RangeOptions['by'], isReversed: boolean, isZrange: boolean) {
  return (context: CommandContext, argv: string[]): Reply => {
    const options = rangeOptions(argv, { by, isReversed, hasScores: false, offset: 0, count: -1 }, isZrange);
    const key = argv[1] as string;
    if (options.by === 'lex' && options.hasScores) {
      throw new ReplyError('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
    }
    if (options.by === 'lex') {
      const [first, second] = [lexBound(argv[2] as string), lexBound(argv[3] as string)];
      const [min, max] = options.isReversed ? [second, first] : [first, second];
      let found = (look(context, key, 'zset')?.members ?? []).filter(({ member }) =>
        isBetween(member, min, max),
      );
      if (options.isReversed) found = found.reverse();
      if (options.offset < 0) return [];
      const end = options.count < 0 ? found.length : options.offset + options.count;
      return withScores(context, found.slice(options.offset, end), false);
    }
    if (options.by === 'score') {
      const [min, max] = options.isReversed
        ? [bound(argv[3] as string), bound(argv[2] as string)]
        : [bound(argv[2] as string), bound(argv[3] as string)];
      let found = (look(context, key, 'zset')?.members ?? []).filter(
        ({ score }) => isAbove(score, min) && isBelow(score, max),
      );
      if (options.isReversed) found = found.reverse();
      if (options.offset < 0) return [];
      const end = options.count < 0 ? found.length : options.offset + options.count;
      return withScores(context, found.slice(options.offset, end), options.hasScores);
    }
    const from = integer(argv[2]);
    const to = integer(argv[3]);
    const all = look(context, key, 'zset')?.members ?? [];
    const members = options.isReversed ? all.slice().reverse() : all;
    const first = Math.max(0, from < 0 ? from + members.length : from);
    const last = to < 0 ? to + members.length : to;
    return withScores(context, members.slice(first, Math.max(0, last + 1)), options.hasScores);
  };
}

function zcount(context: CommandContext, argv: string[]): Reply {
  const [min, max] = [bound(argv[2] as string), bound(argv[3] as string)];
  const members = look(context, argv[1] as string, 'zset')?.members ?? [];
  return members.filter(({ score }) => isAbove(score, min) && isBelow(score, max)).length;
}

function zremrangebyscore(context: CommandContext, argv: string[]): Reply {
  const [min, max] = [bound(argv[2] as string), bound(argv[3] as string)];
  const key = argv[1] as string;
  const seen = look(context, key, 'zset');
  if (seen === undefined) return 0;
  const set = context.keys.own(key, seen);
  const gone = set.members.filter(({ score }) => isAbove(score, min) && isBelow(score, max));
  for (const { member } of gone) set.remove(member);
  if (gone.length > 0) context.notify('z', 'zremrangebyscore', key);
  settle(context, key, set);
  return gone.length;
}

function zrank(isReversed: boolean) {
  return (context: CommandContext, argv: string[]): Reply => {
    const set = look(context, argv[1] as string, 'zset');
    const rank = set?.rankOf(argv[2] as string);
    if (set === undefined || rank === undefined) return null;
    return isReversed ? set.members.length - 1 - rank : rank;
  };
}

/** Always all of it. */
function zscan(context: CommandContext, argv: string[]): Reply {
  integer(argv[2], 'ERR invalid cursor');
  const members = look(context, argv[1] as string, 'zset')?.members ?? [];
  return ['0', withScores(context, members, true)];
}

function scoreReply(context: CommandContext, score: number | undefined): Reply {
  return score === undefined ? null : scoreText(context, score);
}

function zpop(end: 'min' | 'max') {
  return (context: CommandContext, argv: string[]): Reply => {
    if (argv.length > 3) throw SYNTAX_ERROR;
    const key = argv[1] as string;
    const wrong = 'ERR value is out of range, must be positive';
    const count = argv.length === 3 ? integer(argv[2], wrong) : 1;
    if (count < 0) throw new ReplyError(wrong);
    const seen = look(context, key, 'zset');
    if (seen === undefined || count === 0) return [];
    const set = context.keys.own(key, seen);
    const ordered = end === 'min' ? set.members : set.members.slice().reverse();
    const taken = ordered.slice(0, count);
    for (const { member } of taken) set.remove(member);
    context.notify('z', `zpop${end}`, key);
    settle(context, key, set);
    return withScores(context, taken, true);
  };
}

export const sortedSetCommands: readonly Command[] = [
  command('zadd', -4, 'write denyoom', zadd),
  command('zincrby', 4, 'write denyoom', zincrby),
  command('zrem', -3, 'write', zrem),
  command('zremrangebyscore', 4, 'write', zremrangebyscore),
  command('zrange', -4, '', range('rank', false, true)),
  command('zrevrange', -4, '', range('rank', true, false)),
  command('zrangebyscore', -4, '', range('score', false, false)),
  command('zrevrangebyscore', -4, '', range('score', true, false)),
  command('zscan', -3, '', zscan),
  command('zcount', 4, '', zcount),
  command('zcard', 2, '', (context, argv) => look(context, argv[1] as string, 'zset')?.members.length ?? 0),
  command('zscore', 3, '', (context, argv) =>
    scoreReply(context, look(context, argv[1] as string, 'zset')?.scores.get(argv[2] as string)),
  ),
  command('zmscore', -3, '', (context, argv) => {
    const set = look(context, argv[1] as string, 'zset');
    return argv.slice(2).map((member) => scoreReply(context, set?.scores.get(member)));
  }),
  command('zrank', 3, '', zrank(false)),
  command('zrevrank', 3, '', zrank(true)),
  command('zpopmin', -2, 'write', zpop('min')),
  command('zpopmax', -2, 'write', zpop('max')),
];
