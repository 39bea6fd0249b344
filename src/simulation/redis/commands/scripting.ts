/** EVAL, EVALSHA, SCRIPT */
import { integer } from '../arguments.js';
import { type Command, type CommandContext, command, container } from '../command.js';
import { OK, type Reply, ReplyError } from '../reply.js';

const NO_SCRIPT = new ReplyError('NOSCRIPT No matching script. Please use EVAL.');

/** @param sha of a script that is known */
function run({ server, session }: CommandContext, argv: string[], sha: string): Reply {
  const firstArgument = 3 + integer(argv[2]);
  return server.scripts.run(
    sha,
    server.scriptHost(session),
    argv.slice(3, firstArgument),
    argv.slice(firstArgument),
  );
}

function checkKeyCount(argv: readonly string[]): void {
  const keyCount = integer(argv[2]);
  if (keyCount > argv.length - 3) {
    throw new ReplyError("ERR Number of keys can't be greater than number of args");
  }
  if (keyCount < 0) throw new ReplyError("ERR Number of keys can't be negative");
}

function evaluate(context: CommandContext, argv: string[]): Reply {
  const source = argv[1] as string;
  checkKeyCount(argv);
  const sha = context.server.scripts.load(source);
  return sha instanceof ReplyError ? sha : run(context, argv, sha);
}

function evaluateSha(context: CommandContext, argv: string[]): Reply {
  const sha = (argv[1] as string).toLowerCase();
  if (sha.length !== 40) throw NO_SCRIPT;
  checkKeyCount(argv);
  return context.server.scripts.has(sha) ? run(context, argv, sha) : NO_SCRIPT;
}

function load(context: CommandContext, argv: string[]): Reply {
  return context.server.scripts.load(argv[2] as string);
}

function flush(context: CommandContext, argv: string[]): Reply {
  const mode = argv[2]?.toLowerCase();
  if (argv.length > 3 || (mode !== undefined && mode !== 'sync' && mode !== 'async')) {
    throw new ReplyError('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
  }
  context.server.scripts.flush();
  return OK;
}

export const scriptingCommands: readonly Command[] = [
  command('eval', -3, 'noscript', evaluate),
  command('evalsha', -3, 'noscript', evaluateSha),
  container(
    'script',
    command('load', 3, 'noscript', load),
    command('exists', -3, 'noscript', (context, argv) =>
      argv.slice(2).map((sha) => (context.server.scripts.has(sha.toLowerCase()) ? 1 : 0)),
    ),
    command('flush', -2, 'noscript', flush),
    command('kill', 2, 'noscript', () => {
      throw new ReplyError('NOTBUSY No scripts in execution right now.');
    }),
  ),
];
