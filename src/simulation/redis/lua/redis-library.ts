/** The table `redis` of a script, and how replies and Lua values become each other. */
import { createHash } from 'node:crypto';
import { OK, type Reply, ReplyError, StatusReply } from '../reply.js';
import { numberArgument } from './arguments.js';
import { LuaError, UnsupportedLua } from './errors.js';
import type { RandomNumbers } from './math-library.js';
import { numberToArgument, numberToString } from './numbers.js';
import type { LuaReturn, LuaValue } from './values.js';
import { LuaTable } from './values.js';

/** What a running script may ask of its server. */
export interface ScriptHost {
  readonly random: RandomNumbers;
  /** Runs a command. Arguments are bytes. Never throws a ReplyError. */
  call(argv: string[]): Reply;
  log(level: number, text: string): void;
}

let host: ScriptHost | undefined;

/** Runs a script on a server. Scripts do not nest. */
export function onHost<T>(present: ScriptHost, run: () => T): T {
  host = present;
  try {
    return run();
  } finally {
    host = undefined;
  }
}

function presentHost(): ScriptHost {
  if (host === undefined)
    throw new LuaError('redis.call/pcall can only be called inside a script invocation');
  return host;
}

export function randomNumbersOfHost(): RandomNumbers {
  return presentHost().random;
}

/** The table that stands for an error; `message` begins with its code. */
export function errorTable(message: string, isCounted = false): LuaTable {
  const hash = new Map<LuaValue, LuaValue>([['err', message]]);
  if (isCounted) hash.set('ignore_error_stats_update', true);
  return new LuaTable([], hash);
}

function raised(message: string): LuaError {
  return new LuaError(errorTable(message), 0);
}

/** As C reads a text. */
export function upToZero(text: string): string {
  const zero = text.indexOf('\0');
  return zero === -1 ? text : text.slice(0, zero);
}

/** The code and the message of a text: `-CODE message`, or a message without a code. */
function errorMessage(text: string): string {
  if (!text.startsWith('-')) return `ERR ${trimmed(text)}`;
  const space = text.indexOf(' ');
  return space === -1
    ? `ERR ${trimmed(text.slice(1))}`
    : `${text.slice(1, space)} ${trimmed(text.slice(space + 1))}`;
}

function trimmed(text: string): string {
  return text.replace(/^[\r\n]+|[\r\n]+$/g, '');
}

function argvOf(args: readonly LuaValue[]): string[] | string {
  if (args.length === 0) return 'ERR Please specify at least one argument for this redis lib call';
  const argv: string[] = [];
  for (const value of args) {
    if (typeof value === 'string') argv.push(value);
    else if (typeof value === 'number') argv.push(numberToArgument(value));
    else return 'ERR Lua redis lib command arguments must be strings or integers';
  }
  return argv;
}

export function toLua(reply: Reply): LuaValue {
  if (typeof reply === 'string' || typeof reply === 'number') return reply;
  if (reply === null) return false;
  if (Array.isArray(reply)) {
    // The array is nobody else's: commands make a new one for each reply.
    const values = reply as unknown as LuaValue[];
    for (let at = 0; at < reply.length; at += 1) {
      const item = reply[at] as Reply;
      if (typeof item === 'object') values[at] = toLua(item);
    }
    return new LuaTable(values);
  }
  if (reply instanceof StatusReply)
    return new LuaTable([], new Map<LuaValue, LuaValue>([['ok', reply.status]]));
  return errorTable(reply.message, true);
}

/** As C casts a double to a long long on x86. */
function toInteger(value: number): number {
  if (!(value > -(2 ** 63) - 1 && value < 2 ** 63)) return -(2 ** 63);
  const whole = Math.trunc(value);
  return whole === 0 ? 0 : whole;
}

function singleLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** How many tables deep a reply may be: beyond this Lua's stack is full. */
const DEEPEST = 7900 / 2;

export function toReply(value: LuaValue, depth = 0): Reply {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return toInteger(value);
    case 'boolean':
      return value ? 1 : null;
    case 'object':
      return value instanceof LuaTable ? tableToReply(value, depth) : null;
    default:
      return null;
  }
}

const UNSUPPORTED_SHAPES = ['double', 'map', 'set', 'big_number', 'verbatim_string'];

function tableToReply(table: LuaTable, depth: number): Reply {
  if (depth > DEEPEST) return new ReplyError('ERR reached lua stack limit');
  if (table.hash !== undefined) {
    const error = table.hash.get('err');
    if (typeof error === 'string') return new ReplyError(upToZero(error));
    const status = table.hash.get('ok');
    if (typeof status === 'string')
      return status === 'OK' ? OK : new StatusReply(singleLine(upToZero(status)));
    for (const shape of UNSUPPORTED_SHAPES) {
      if (table.hash.get(shape) !== undefined) throw new UnsupportedLua(`a reply with the field '${shape}'`);
    }
  }
  const reply: Reply[] = [];
  for (const value of table.array) {
    if (value === undefined) return reply;
    reply.push(toReply(value, depth + 1));
  }
  return reply;
}

function call(...args: LuaValue[]): LuaReturn {
  const argv = argvOf(args);
  if (typeof argv === 'string') throw raised(argv);
  const reply = presentHost().call(argv);
  if (reply instanceof ReplyError) throw new LuaError(errorTable(reply.message, true), 0);
  return toLua(reply);
}

function pcall(...args: LuaValue[]): LuaReturn {
  const argv = argvOf(args);
  return typeof argv === 'string' ? errorTable(argv) : toLua(presentHost().call(argv));
}

function onlyText(args: readonly LuaValue[]): string | undefined {
  return args.length === 1 && typeof args[0] === 'string' ? args[0] : undefined;
}

function log(...args: LuaValue[]): LuaReturn {
  if (args.length < 2) throw raised('ERR redis.log() requires two arguments or more.');
  const level = numberArgument(args, 1, 'log');
  if (level < 0 || level > 3) throw raised('ERR Invalid debug level.');
  const parts = args.slice(1).filter((part) => typeof part === 'string' || typeof part === 'number');
  presentHost().log(level, parts.join(' '));
  return [];
}

export function redisLibrary(version: string): Readonly<Record<string, LuaValue>> {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return {
    LOG_DEBUG: 0,
    LOG_VERBOSE: 1,
    LOG_NOTICE: 2,
    LOG_WARNING: 3,
    REDIS_VERSION: version,
    REDIS_VERSION_NUM: (major << 16) | (minor << 8) | patch,
    REPL_ALL: 3,
    REPL_AOF: 1,
    REPL_NONE: 0,
    REPL_REPLICA: 2,
    REPL_SLAVE: 2,
    call,
    error_reply: (...args) => {
      const text = onlyText(args);
      if (text === undefined) return errorTable('ERR wrong number or type of arguments');
      return errorTable(errorMessage(upToZero(text.startsWith('-') ? text : `-${text}`)));
    },
    log,
    pcall,
    replicate_commands: () => true,
    set_repl: (...args) => {
      if (args.length !== 1) throw raised('ERR redis.set_repl() requires two arguments.');
      return [];
    },
    setresp: (...args) => {
      if (args.length !== 1) throw raised('ERR redis.setresp() requires one argument.');
      if (args[0] !== 2) throw new UnsupportedLua('redis.setresp(3)');
      return [];
    },
    sha1hex: (...args) => {
      if (args.length !== 1) throw raised('ERR wrong number of arguments');
      const text = typeof args[0] === 'number' ? numberToString(args[0]) : args[0];
      return createHash('sha1')
        .update(Buffer.from(typeof text === 'string' ? text : '', 'latin1'))
        .digest('hex');
    },
    status_reply: (...args) => {
      const text = onlyText(args);
      if (text === undefined) return errorTable('ERR wrong number or type of arguments');
      return new LuaTable([], new Map<LuaValue, LuaValue>([['ok', text]]));
    },
  };
}
