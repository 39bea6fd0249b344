/**
 * The code of an error reply (`OOM`, `NOGROUP`, …), wherever the server put it.
 *
 * Redis 7 and Valkey begin with the code also where a command inside a script was refused. Redis 6.2 begins with `ERR Error running script`, says
 * where in the script, and only then gives the reply as the command got it:
 *
 *     ERR Error running script (call to f_4e6d…): @user_script:12: @user_script: 12: -MISCONF Redis is configured to save …
 */

const SCRIPT_ERROR = /^-?ERR Error running script \(call to \w+\): (?:@\w+:\s?\d+: ?)*/;

/** A code is a word of capitals; what a sentence begins with is none. */
const CODE = /^-?([A-Z][A-Z0-9]+)(?![\w'])/;

/**
 * What has no code of its own although it passes, or is a question of rights: in the words of the versions that say it.
 *
 * A script that was let through and then misses a key of its own, in a cluster, works on a slot that is being moved.
 */
const BY_WORDS: readonly (readonly [words: RegExp, code: string])[] = [
  [/The user executing the script|ACL failure in script/, 'NOPERM'],
  [/[Ss]cript attempted to execute a (?:write )?command while the cluster is down/, 'CLUSTERDOWN'],
  [/[Ss]cript attempted to access a non local key in a cluster node/, 'TRYAGAIN'],
  [/max number of clients/, 'MAXCLIENTS'],
];

/** The reply as a command outside of scripts would have got it. */
function unwrapped(message: string): string {
  return message.replace(SCRIPT_ERROR, '');
}

/** @param message of an error that Redis answered with */
export function replyCodeOf(message: string): string {
  const reply = unwrapped(message);
  const code = CODE.exec(reply)?.[1] ?? 'ERR';
  if (code !== 'ERR') return code;
  return BY_WORDS.find(([words]) => words.test(reply))?.[1] ?? 'ERR';
}

/** Whether the error came when the script had already begun to write: it is not undone. */
export function isHalfWay(message: string): boolean {
  return /[Ss]cript attempted to access a non local key/.test(message);
}

/** Whether the server has no such command: it was renamed or removed, or is too old. */
export function isUnknownCommand(message: string): boolean {
  return /^-?ERR unknown (?:command|subcommand)|unknown (?:\w+ )?command called from/i.test(
    unwrapped(message),
  );
}
