/** The Lua scripts, each from a file of its own whose header is its specification. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const SCRIPT_NAMES = [
  'raise',
  'refresh',
  'acquire',
  'done',
  'give-back',
  'requeue',
  'claim-due-letters',
  'add-dead-letter',
  'finish-due-letters',
  'redrive',
  'redrive-apart',
  'leave',
  'forget-consumer',
  'prune-owners',
  'take-locks',
  'extend-locks',
  'release-locks',
  'probe',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly name: ScriptName;
  readonly source: string;
  /** SHA-1 of the source, by which EVALSHA names it. */
  readonly sha: string;
}

function read(file: string): string {
  return readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8');
}

/** Redis compiles a script once, so comments cost only the bytes of one load; they help whoever reads MONITOR. */
function load(name: ScriptName): Script {
  const source = read(name).replace(/^--@include (\S+)$/gm, (_line, part: string) => read(`lib/${part}`));
  return { name, source, sha: createHash('sha1').update(source).digest('hex') };
}

export const SCRIPTS: Readonly<Record<ScriptName, Script>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, load(name)]),
) as Record<ScriptName, Script>;
