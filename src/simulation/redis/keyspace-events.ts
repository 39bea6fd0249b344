/** Keyspace events: which are published, by the setting `notify-keyspace-events`. */

/** g generic, $ string, l list, s set, h hash, z sorted set, x expired, e evicted, t stream, m missed, n new. */
export type EventClass = 'g' | '$' | 'l' | 's' | 'h' | 'z' | 'x' | 'e' | 't' | 'd' | 'm' | 'n';

const ALL = 'g$lshzxetd';
const KNOWN = `${ALL}mnKE`;

/** The classes that a setting stands for, in Redis's order; undefined: it has a letter that means nothing. */
export function parseEventSetting(setting: string): string | undefined {
  const flags = new Set<string>();
  for (const letter of setting) {
    if (letter === 'A') for (const one of ALL) flags.add(one);
    else if (KNOWN.includes(letter)) flags.add(letter);
    else return undefined;
  }
  return [...flags].join('');
}

/** As CONFIG GET shows it. */
export function showEventSetting(flags: string): string {
  const has = (letter: string) => flags.includes(letter);
  let shown = '';
  if ([...ALL].every(has)) shown = 'A';
  else shown = [...ALL, 'n'].filter(has).join('');
  for (const letter of 'KEm') if (has(letter)) shown += letter;
  return shown;
}
