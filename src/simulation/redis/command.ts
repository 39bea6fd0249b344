/** What a command is, and what it may use. */
import type { Keyspace } from './data/keyspace.js';
import type { Value, ValueType } from './data/values.js';
import type { EventClass } from './keyspace-events.js';
import { type Reply, WRONG_TYPE } from './reply.js';
import type { ServerState } from './server-state.js';
import type { BlockedRead, ServerSession } from './session.js';

/** What a command answers that has parked its caller. */
export const PARKED = Symbol('parked');

export interface CommandContext {
  readonly server: ServerState;
  /** Whose command it is; inside a script: who runs the script. */
  readonly session: ServerSession;
  readonly keys: Keyspace;
  /** Epoch ms, whole: the same throughout a command, and a script. */
  readonly now: number;
  readonly isScript: boolean;
  notify(kind: EventClass, event: string, key: string): void;
  /** Something came to a stream that readers may be parked on. */
  signal(key: string): void;
  /** Parks the caller. */
  park(read: BlockedRead): void;
}

export type Flag =
  | 'write'
  | 'denyoom'
  /** Not from a script. */
  | 'noscript'
  /** Answered while the data is being loaded. */
  | 'loading'
  /** Answered on a connection that has subscribed. */
  | 'pubsub';

export interface Command {
  /** In lower case. */
  readonly name: string;
  /** Number of arguments, its name included; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly Flag[];
  /** Throws or returns a ReplyError where Redis answers with one. */
  readonly run: (context: CommandContext, argv: string[]) => Reply | typeof PARKED;
  /** Commands of a container, such as XGROUP: by name, in lower case. */
  readonly subcommands?: ReadonlyMap<string, Command>;
}

export type Run = Command['run'];

export function command(name: string, arity: number, flags: string, run: Run): Command {
  return { name, arity, flags: flags.split(' ').filter((flag) => flag !== '') as Flag[], run };
}

export function container(name: string, ...subcommands: Command[]): Command {
  return {
    name,
    arity: -2,
    flags: [],
    run: () => {
      throw new Error(`a subcommand of ${name} was to be run`);
    },
    subcommands: new Map(subcommands.map((one) => [one.name, one])),
  };
}

type OfType<T extends ValueType> = Extract<Value, { type: T }>;

/**
 * What a key holds, to look at; undefined when it is not there.
 * @throws WRONG_TYPE
 */
export function look<T extends ValueType>(
  context: CommandContext,
  key: string,
  type: T,
): OfType<T> | undefined {
  const value = context.keys.look(key, context.now);
  if (value !== undefined && value.type !== type) throw WRONG_TYPE;
  return value as OfType<T> | undefined;
}
