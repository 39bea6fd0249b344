/** What random commands are made of: few keys, groups, consumers and ids, so that they meet all the time. */
import type { Argument } from './comparison.js';
import type { Picker } from './picker.js';

/** What a program has come to know. */
export interface Known {
  /** Ids of entries, as replies showed them. */
  readonly ids: string[];
  /** Entries of the stream `l` and for whom of its group `g` they were pending last. */
  readonly held: Map<string, string>;
  /** Milliseconds of the real server's clock, roughly. */
  now: number;
}

export const STREAMS = ['l', 'l', 'l', 's', 's', 'd'];
export const GROUPS = ['g', 'g', 'g', 'h'];
export const CONSUMERS = [
  'a~00000001',
  'a~00000001',
  'b~00000002',
  'b~00000002',
  'go',
  'dead-letters:unparseable~00000000',
];
export const STRINGS = ['k', 'k2', 'k', 'k2', 'k', 'k2', 'p:a~00000001', 'lock1'];
export const KEYS = ['l', 's', 'd', 'k', 'k2', 'H', 'o', 'L', 'Z', 'e0', 'nothing'];
export const FIELDS = ['', 'f', 'f2', 'x', 'y'];
export const VALUES = [
  '',
  '1',
  '-7',
  'a',
  'v1 5',
  'é',
  '\0\r\n',
  '007',
  '12345678901234567890',
  'x'.repeat(70),
];
const INTEGERS = [
  '0',
  '1',
  '2',
  '3',
  '5',
  '-1',
  '-2',
  '100',
  '10000',
  'x',
  '1.5',
  '',
  '9223372036854775807',
  '9223372036854775808',
];
export const SMALL_IDS = ['0-1', '1-1', '1-2', '2-1', '3-5', '0-0', '5', '5-*', '1-*'];

export function anId(pick: Picker, { ids }: Known): string {
  if (ids.length > 0 && pick.chance(0.85)) return pick.of(pick.chance(0.5) ? ids.slice(-6) : ids);
  if (pick.chance(0.05)) {
    return pick.of([
      '-',
      '+',
      'x',
      '1-x',
      '18446744073709551615-18446744073709551615',
      '99999999999999-1',
      '01-1',
    ]);
  }
  return pick.of(SMALL_IDS);
}

export function rangeEnd(pick: Picker, known: Known, end: '-' | '+'): string {
  if (pick.chance(0.5)) return end;
  const id = anId(pick, known);
  return pick.chance(0.2) ? `(${id}` : id;
}

export function stream(pick: Picker): string {
  return pick.chance(0.03) ? pick.of(KEYS) : pick.of(STREAMS);
}

export function integer(pick: Picker, most: number): string {
  return pick.chance(0.04) ? pick.of(INTEGERS) : String(pick.upTo(most));
}

/** Written in different ways. */
export function word(pick: Picker, text: string): string {
  return pick.chance(0.1) ? text.toLowerCase() : text;
}

export function fields(pick: Picker): string[] {
  const made = pick
    .several(1, 3, () => [pick.of(['lbs-input', 'f', '_retry_count', 'n']), pick.of(VALUES)])
    .flat();
  if (pick.chance(0.03)) made.pop();
  if (pick.chance(0.15)) made.push('big', 'z'.repeat(pick.upTo(1500)));
  return made;
}

export function trim(pick: Picker, known: Known): string[] {
  const how = pick.of([[], ['~'], ['~'], ['=']]);
  const limit = pick.chance(0.15) ? ['LIMIT', integer(pick, 10)] : [];
  return pick.chance(0.6)
    ? [word(pick, 'MAXLEN'), ...how, integer(pick, 6), ...limit]
    : ['MINID', ...how, anId(pick, known), ...limit];
}

/** Makes a command. */
export type Make = (pick: Picker, known: Known) => readonly Argument[];
