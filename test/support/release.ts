/** What the last release wrote and read in Redis, as `npm run snapshot` kept it, and the same of today's source. */
import { readdirSync, readFileSync } from 'node:fs';
import { DEAD_LETTER_REASONS, dueConsumer } from '../../src/redis/due-consumer.js';
import { encodeEntry, encodePayload } from '../../src/redis/entry.js';
import { createNames, incarnationName, type NamesInput } from '../../src/redis/names.js';
import { SCRIPT_NAMES, type ScriptName } from '../../src/redis/scripts.js';

/** A folder for each release that running fleets are upgraded from. */
export const RELEASED = new URL('../upgrade/released/', import.meta.url);
export const TODAY = new URL('../../src/redis/scripts/', import.meta.url);
export const LAYOUT_FILE = 'layout.json';

export interface Release {
  readonly version: string;
  /** Ends in a slash. Holds the scripts as they lay in `src/redis/scripts`, and the layout. */
  readonly folder: URL;
}

/** Numbers in a version count as numbers: 0.10.0 comes after 0.9.0. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export function lastRelease(): Release {
  const version = readdirSync(RELEASED).sort(compareVersions).at(-1);
  if (version === undefined) throw new Error('expected a release in test/upgrade/released, got: none');
  return { version, folder: new URL(`${version}/`, RELEASED) };
}

/** Files of scripts, as paths below the folder: `acquire.lua`, `lib/fence.lua`. */
export function luaFiles(folder: URL): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.lua'))
    .sort();
}

/** Scripts of this folder that today's source still calls. */
export function scriptsIn(folder: URL): ScriptName[] {
  const files = luaFiles(folder);
  return SCRIPT_NAMES.filter((name) => files.includes(`${name}.lua`));
}

/** From the header of a script: its keys, arguments, replies and refusals. What stands before them may be said otherwise at any time. */
export function specificationOf(source: string): string[] {
  const lines = source.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--') || line.startsWith('--@'));
  const header = lines.slice(0, end).map((line) => line.replace(/^--\s*/, '').replace(/\s+/g, ' '));
  return header.slice(header.findIndex((line) => line.startsWith('KEYS[')));
}

const SERVICES: Readonly<Record<string, NamesInput>> = {
  plain: { service: 'orders' },
  tagged: { service: '{shop}:orders' },
  prefixed: { service: 'orders', keyPrefix: 'app:' },
  'own dlq': { service: 'orders', dlqStream: 'dead' },
};

/** Every name and every field that TypeScript, and not Lua, decides upon; by what it is. */
export function layoutNow(): Record<string, string> {
  const layout: Record<string, string> = {};
  for (const [which, input] of Object.entries(SERVICES)) {
    const names = createNames(input);
    const put = (what: string, value: string) => {
      layout[`${which}: ${what}`] = value;
    };
    put('stream', names.lbs);
    put('group', names.group);
    put('dead-letter stream', names.dlq);
    put('owners', names.owners);
    put('endings, even', names.endings[0]);
    put('endings, odd', names.endings[1]);
    put('announced', names.announced);
    put('touches', names.touches);
    put('cancels', names.cancels);
    put('delayed', names.delayed);
    put('delayed, due', names.delayedDue);
    put('delayed, names', names.delayedNames);
    put('parked', names.parking[0]);
    put('parked, names', names.parking[1]);
    put('parked, counts', names.parking[2]);
    put('parked, turns', names.parking[3]);
    put('paused', names.parking[4]);
    put('presences', names.presences);
    put('members', names.members);
    put('balance', names.balance);
    put('wakes', names.wakes('pod~00000000'));
    put('checkpoints', names.checkpoints);
    put('presence', names.presence('pod~00000000'));
    put('redriven', names.redriven('1-1'));
    put('lock', names.lock('stream', '1-1'));
    put('keyspace patterns', names.keyspacePatterns(0).join(' '));
  }
  layout.incarnation = incarnationName('pod', '00000000');
  for (const reason of DEAD_LETTER_REASONS) layout[`due, ${reason}`] = dueConsumer(reason);
  layout.entry = encodeEntry(encodePayload('stream')).join(' ');
  layout['entry with info'] = encodeEntry(encodePayload('stream', { a: 1 })).join(' ');
  layout['entry, traced'] = encodeEntry(encodePayload('stream'), { traceparent: 'p', tracestate: 's' }).join(
    ' ',
  );
  return layout;
}

export function layoutOf({ folder }: Release): Record<string, string> {
  return JSON.parse(readFileSync(new URL(LAYOUT_FILE, folder), 'utf8'));
}
