/** The Lua scripts, each from a file of its own whose header is its specification. */
import { createHash } from 'node:crypto';
import { SCRIPT_SOURCES } from './script-sources.js';

export const SCRIPT_NAMES = [
  'raise',
  'refresh',
  'prolong',
  'acquire',
  'done',
  'save',
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
  'find-dead',
  'count-pending',
  'begin-round',
  'end-round',
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
  'prune-checkpoints',
  'delay',
  'add-delayed',
  'end-delays',
  'cancel',
  'park-ahead',
  'unpark',
  'take',
  'pause',
  'remove-data',
  'probe',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly name: ScriptName;
  readonly source: string;
  /** SHA-1 of the source, by which EVALSHA names it. */
  readonly sha: string;
}

/** A script as it is sent. Redis compiles it once, so comments cost only the bytes of one load; they help whoever reads MONITOR. */
export function scriptOf(name: ScriptName, source: string): Script {
  return { name, source, sha: createHash('sha1').update(source).digest('hex') };
}

export const SCRIPTS: Readonly<Record<ScriptName, Script>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, scriptOf(name, SCRIPT_SOURCES[name] as string)]),
) as Record<ScriptName, Script>;
