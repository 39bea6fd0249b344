/** What a command is called where people, and faults, speak of it: scripts by their names. */
import { SCRIPTS, type Script } from '../redis/scripts.js';

export type Argument = string | number | Buffer;
export type Command = readonly Argument[];

const scripts = new Map<string, string>();
for (const script of Object.values(SCRIPTS)) learn(script);

/** A script's other text goes by its name, too. */
export function learn({ name, sha, source }: Script): void {
  scripts.set(sha, name);
  scripts.set(source, name);
}

const WITH_SUBCOMMAND: ReadonlySet<string> = new Set(['CLIENT', 'CONFIG', 'XGROUP', 'XINFO', 'SCRIPT']);

/** `acquire`, `XREADGROUP`, `XINFO CONSUMERS`; of several sent together, the first. */
export function labelOf([command]: readonly Command[]): string {
  if (command === undefined) return '';
  const name = String(command[0]).toUpperCase();
  if (name === 'EVALSHA' || name === 'EVAL') return scripts.get(String(command[1])) ?? name;
  // A look at what is pending, and not a read that may park.
  if (name === 'XREADGROUP' && !command.includes('BLOCK')) return 'XREADGROUP look';
  return WITH_SUBCOMMAND.has(name) ? `${name} ${String(command[1]).toUpperCase()}` : name;
}
