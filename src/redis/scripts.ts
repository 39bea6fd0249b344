/** The Lua scripts, each from a file of its own whose header is its specification. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const SCRIPT_NAMES = [
  'raise',
  'refresh',
  'acquire',
  'done',
  'give-back',
  'read-entries',
  'read-page',
  'mark',
  'requeue',
  'claim',
  'claim-due-letters',
  'add-dead-letter',
  'finish-due-letters',
  'redrive',
  'redrive-apart',
  'leave',
  'forget-consumer',
  'forget-consumers',
  'prune-owners',
  'payloads',
  'balance',
  'stranded',
  'adopt',
  'take-locks',
  'extend-locks',
  'release-locks',
  'touch',
  'ensure',
  'prune-announced',
  'delay',
  'add-delayed',
  'end-delays',
  'cancel',
  'unpark',
  'pause',
  'probe',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly name: ScriptName;
  readonly source: string;
  /** SHA-1 of the source, by which EVALSHA names it. */
  readonly sha: string;
}

const FOLDER = new URL('./scripts/', import.meta.url);

/**
 * Redis compiles a script once, so comments cost only the bytes of one load; they help whoever reads MONITOR.
 *
 * @param folder where `<name>.lua` lies and, in `lib/`, the parts that scripts include; ends in a slash
 */
export function loadScript(name: ScriptName, folder: URL = FOLDER): Script {
  const read = (file: string) => readFileSync(new URL(`${file}.lua`, folder), 'utf8');
  const source = read(name).replace(/^--@include (\S+)$/gm, (_line, part: string) => read(`lib/${part}`));
  return { name, source, sha: createHash('sha1').update(source).digest('hex') };
}

export const SCRIPTS: Readonly<Record<ScriptName, Script>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, loadScript(name)]),
) as Record<ScriptName, Script>;
