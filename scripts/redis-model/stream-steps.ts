/** Random commands on streams and their groups, and reads that wait. */
import type { Argument, Step } from './comparison.js';
import type { Picker } from './picker.js';
import {
  anId,
  CONSUMERS,
  fields,
  GROUPS,
  integer,
  type Known,
  type Make,
  rangeEnd,
  SMALL_IDS,
  stream,
  trim,
  word,
} from './vocabulary.js';

const xadd: Make = (pick, known) => {
  const argv = [word(pick, 'XADD'), stream(pick)];
  if (pick.chance(0.1)) argv.push('NOMKSTREAM');
  if (pick.chance(0.2)) argv.push(...trim(pick, known));
  argv.push(pick.chance(0.7) ? '*' : pick.chance(0.7) ? pick.of(SMALL_IDS) : anId(pick, known));
  return [...argv, ...fields(pick)];
};

const xreadgroup: Make = (pick, known) => {
  const argv = ['XREADGROUP', 'GROUP', pick.of(GROUPS), pick.of(CONSUMERS)];
  if (pick.chance(0.7)) argv.push('COUNT', integer(pick, 4));
  if (pick.chance(0.1)) argv.push('NOACK');
  argv.push('STREAMS');
  const count = pick.chance(0.15) ? 2 : 1;
  const keys = pick.several(count, count, () => stream(pick));
  const from = () =>
    pick.chance(0.7) ? '>' : pick.chance(0.5) ? '0' : pick.chance(0.1) ? '$' : anId(pick, known);
  return [...argv, ...keys, ...keys.map(from)];
};

const xread: Make = (pick, known) => {
  const count = pick.chance(0.5) ? ['COUNT', integer(pick, 4)] : [];
  const keys = pick.several(1, 2, () => stream(pick));
  return [
    'XREAD',
    ...count,
    'STREAMS',
    ...keys,
    ...keys.map(() => (pick.chance(0.2) ? '$' : anId(pick, known))),
  ];
};

const xgroup: Make = (pick, known) => {
  const at = [stream(pick), pick.of(GROUPS)];
  const id = () => (pick.chance(0.3) ? '$' : pick.chance(0.5) ? '0' : anId(pick, known));
  const read = () => (pick.chance(0.2) ? ['ENTRIESREAD', integer(pick, 8)] : []);
  return [
    word(pick, 'XGROUP'),
    ...pick.weighted<readonly string[]>([
      [5, ['CREATE', ...at, id(), ...(pick.chance(0.6) ? ['MKSTREAM'] : []), ...read()]],
      [1, ['SETID', ...at, id(), ...read()]],
      [0.3, ['DESTROY', ...at]],
      [2, ['CREATECONSUMER', ...at, pick.of(CONSUMERS)]],
      [1, ['DELCONSUMER', ...at, pick.of(CONSUMERS)]],
      [0.2, ['NONSENSE', ...at]],
      [0.2, ['CREATE', ...at]],
    ]),
  ];
};

const xclaim: Make = (pick, known) => {
  const argv = ['XCLAIM', stream(pick), pick.of(GROUPS), pick.of(CONSUMERS), integer(pick, 3)];
  argv.push(...pick.several(1, 3, () => anId(pick, known)));
  if (pick.chance(0.3)) argv.push('IDLE', pick.of(['0', '5', '9999', '10000', '20000', '-3', 'x']));
  if (pick.chance(0.2)) argv.push('TIME', String(known.now - pick.of([0, 1, 500, 15000, -1000])));
  if (pick.chance(0.2)) argv.push('RETRYCOUNT', integer(pick, 5));
  if (pick.chance(0.25)) argv.push('FORCE');
  if (pick.chance(0.4)) argv.push('JUSTID');
  if (pick.chance(0.1)) argv.push('LASTID', anId(pick, known));
  return argv;
};

const xautoclaim: Make = (pick, known) => {
  const argv = ['XAUTOCLAIM', stream(pick), pick.of(GROUPS), pick.of(CONSUMERS), integer(pick, 3)];
  argv.push(pick.chance(0.6) ? '0' : rangeEnd(pick, known, '-'));
  if (pick.chance(0.5)) argv.push('COUNT', integer(pick, 3));
  if (pick.chance(0.4)) argv.push('JUSTID');
  return argv;
};

const xpending: Make = (pick, known) => {
  const argv = ['XPENDING', stream(pick), pick.of(GROUPS)];
  if (pick.chance(0.2)) return argv;
  if (pick.chance(0.2)) argv.push('IDLE', integer(pick, 8));
  argv.push(rangeEnd(pick, known, '-'), rangeEnd(pick, known, '+'), integer(pick, 10));
  if (pick.chance(0.4)) argv.push(pick.of(CONSUMERS));
  return argv;
};

const xrange: Make = (pick, known) => {
  const count = pick.chance(0.3) ? ['COUNT', integer(pick, 4)] : [];
  return pick.chance(0.6)
    ? ['XRANGE', stream(pick), rangeEnd(pick, known, '-'), rangeEnd(pick, known, '+'), ...count]
    : ['XREVRANGE', stream(pick), rangeEnd(pick, known, '+'), rangeEnd(pick, known, '-'), ...count];
};

const xinfo: Make = (pick) => {
  const key = stream(pick);
  return pick.weighted<readonly string[]>([
    [3, ['XINFO', 'CONSUMERS', key, pick.of(GROUPS)]],
    [3, ['XINFO', 'GROUPS', key]],
    [2, ['XINFO', 'STREAM', key]],
    [2, ['XINFO', 'STREAM', key, 'FULL', ...(pick.chance(0.3) ? ['COUNT', integer(pick, 4)] : [])]],
  ]);
};

const deliver: Make = (pick) => [
  'XREADGROUP',
  'GROUP',
  'g',
  pick.of(['a~00000001', 'b~00000002', 'go']),
  'COUNT',
  String(1 + pick.upTo(3)),
  'STREAMS',
  'l',
  '>',
];

const announce: Make = (pick) => [
  'XADD',
  'l',
  '*',
  'lbs-input',
  '{}',
  ...(pick.chance(0.3) ? ['_retry_count', '1'] : []),
];

export const ofStreams: Make = (pick, known) =>
  pick.weighted<() => readonly Argument[]>([
    [22, () => announce(pick, known)],
    [20, () => deliver(pick, known)],
    [5, () => xadd(pick, known)],
    [5, () => xreadgroup(pick, known)],
    [1, () => xread(pick, known)],
    [2, () => xgroup(pick, known)],
    [5, () => xclaim(pick, known)],
    [3, () => xautoclaim(pick, known)],
    [5, () => xpending(pick, known)],
    [4, () => ['XACK', stream(pick), pick.of(GROUPS), ...pick.several(1, 3, () => anId(pick, known))]],
    [3, () => ['XDEL', stream(pick), ...pick.several(1, 3, () => anId(pick, known))]],
    [3, () => xrange(pick, known)],
    [4, () => xinfo(pick, known)],
    [1, () => ['XLEN', stream(pick)]],
    [1, () => ['XTRIM', stream(pick), ...trim(pick, known)]],
    [
      0.5,
      () => [
        'XSETID',
        stream(pick),
        anId(pick, known),
        ...(pick.chance(0.3) ? ['ENTRIESADDED', integer(pick, 20)] : []),
        ...(pick.chance(0.3) ? ['MAXDELETEDID', anId(pick, known)] : []),
      ],
    ],
  ])();

/** A read that may be parked, and what ends one. */
export function parking(pick: Picker, known: Known, isParked: (on: number) => boolean): Step {
  const on = 1 + pick.upTo(2);
  if (isParked(on)) {
    return { on: 0, argv: ['CLIENT', 'UNBLOCK', { client: on }, ...(pick.chance(0.3) ? ['ERROR'] : [])] };
  }
  const keys = pick.several(1, 2, () => pick.of(['l', 'l', 's']));
  if (pick.chance(0.2)) {
    const from = keys.map(() => (pick.chance(0.6) ? '$' : anId(pick, known)));
    return { on, argv: ['XREAD', 'BLOCK', '0', 'STREAMS', ...keys, ...from] };
  }
  const argv = ['XREADGROUP', 'GROUP', pick.of(GROUPS), pick.of(CONSUMERS), 'BLOCK', pick.of(['0', '60000'])];
  if (pick.chance(0.7)) argv.push('COUNT', String(1 + pick.upTo(2)));
  if (pick.chance(0.1)) argv.push('NOACK');
  return { on, argv: [...argv, 'STREAMS', ...keys, ...keys.map(() => '>')] };
}
