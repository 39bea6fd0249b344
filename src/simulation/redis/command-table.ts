/** All commands of the simulated server, and how they are found. */
import { unknownSubcommand } from './arguments.js';
import type { Command } from './command.js';
import { connectionCommands } from './commands/connection.js';
import { hashCommands } from './commands/hashes.js';
import { keyCommands } from './commands/keys.js';
import { listCommands } from './commands/lists.js';
import { pubSubCommands } from './commands/pub-sub.js';
import { scriptingCommands } from './commands/scripting.js';
import { serverCommands } from './commands/server.js';
import { sortedSetCommands } from './commands/sorted-sets.js';
import { streamGroupCommands } from './commands/stream-groups.js';
import { streamInfoCommands } from './commands/stream-info.js';
import { streamReadingCommands } from './commands/stream-reading.js';
import { streamCommands } from './commands/streams.js';
import { stringCommands } from './commands/strings.js';
import { KNOWN_COMMANDS } from './known-commands.js';
import { type Reply, ReplyError } from './reply.js';
import { Unsupported } from './unsupported.js';

export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    connectionCommands,
    hashCommands,
    keyCommands,
    listCommands,
    pubSubCommands,
    scriptingCommands,
    serverCommands(describe),
    sortedSetCommands,
    streamCommands,
    streamGroupCommands,
    streamInfoCommands,
    streamReadingCommands,
    stringCommands,
  ]
    .flat()
    .map((command) => [command.name, command]),
);

/** As COMMAND INFO: name, arity and flags; the rest is left empty. */
function describe(name: string): Reply {
  const command = COMMANDS.get(name.toLowerCase());
  if (command === undefined) return null;
  const isWrite = command.flags.includes('write');
  return [command.name, command.arity, [isWrite ? 'write' : 'readonly'], 0, 0, 0, [], [], [], []];
}

/** Names as they were spelled, and what they mean: lower case is costly to make for every command. */
const spelled = new Map<string, Command>();

function byName(name: string): Command | undefined {
  const known = spelled.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const command = COMMANDS.get(lower);
  if (command === undefined) {
    if (KNOWN_COMMANDS.has(lower)) throw new Unsupported(`the command ${lower.toUpperCase()}`);
    return undefined;
  }
  if (spelled.size < 1000) spelled.set(name, command);
  return command;
}

/** Subcommands that Redis has and the simulation has not. */
const UNSUPPORTED_SUBCOMMANDS = new Set(
  `client|caching client|getredir client|help client|no-touch client|pause client|reply client|tracking client|trackinginfo
   client|unpause command|count command|docs command|getkeys command|getkeysandflags command|help command|list config|help
   config|rewrite script|debug script|help xgroup|help xinfo|help acl|cat acl|deluser acl|genpass acl|getuser acl|help acl|list
   acl|load acl|log acl|save acl|setuser acl|users cluster|addslots cluster|addslotsrange cluster|bumpepoch
   cluster|count-failure-reports cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots cluster|forget
   cluster|getkeysinslot cluster|help cluster|meet cluster|replicas cluster|replicate cluster|reset cluster|saveconfig
   cluster|set-config-epoch cluster|setslot cluster|slaves`.split(/\s+/),
);

export interface Found {
  readonly command: Command;
  /** `xgroup|create`. */
  readonly fullName: string;
}

/**
 * The command that is meant; undefined: there is none.
 * @throws Unsupported
 */
export function findCommand(argv: readonly string[]): Found | undefined {
  const command = byName(argv[0] as string);
  if (command === undefined) return undefined;
  if (command.subcommands === undefined || argv.length === 1) return { command, fullName: command.name };
  const name = (argv[1] as string).toLowerCase();
  const subcommand = command.subcommands.get(name);
  const fullName = `${command.name}|${name}`;
  if (subcommand !== undefined) return { command: subcommand, fullName };
  if (UNSUPPORTED_SUBCOMMANDS.has(fullName))
    throw new Unsupported(`the command ${command.name.toUpperCase()} ${name.toUpperCase()}`);
  return undefined;
}

export function hasWrongArity({ arity }: Command, argv: readonly string[]): boolean {
  return arity > 0 ? argv.length !== arity : argv.length < -arity;
}

/** What Redis says of a command that it does not know. */
export function unknownCommand(argv: readonly string[]): ReplyError {
  const name = argv[0] as string;
  if (COMMANDS.get(name.toLowerCase())?.subcommands !== undefined) {
    return unknownSubcommand(name, argv[1] as string);
  }
  let args = '';
  for (let at = 1; at < argv.length && args.length < 128; at += 1) {
    args += `'${(argv[at] as string).slice(0, 128 - args.length)}' `;
  }
  return new ReplyError(`ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${args}`);
}
