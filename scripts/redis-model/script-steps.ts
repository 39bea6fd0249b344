/** Random calls of every script of ours, as the library makes them and a little beside that. */
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import type { Argument, Step } from './comparison.js';
import type { Picker } from './picker.js';
import { anId, type Known } from './vocabulary.js';

const HOLDERS = ['a~00000001', 'b~00000002', 'go'];
const NAMES = ['x', 'y', 'z'];
/** What is delayed, when it is due, and its names. */
const DELAYED = ['dl', 'dd', 'dn'];
/** What is parked, its names, how many of each, whose turn it is, and what is paused. */
const PARKING = ['pk', 'pn', 'pc', 'pt', 'ps'];
const DUE = ['max_retries_exceeded', 'unparseable'];

/** Which data stream an entry announces: by its id, so that it is the same one most of the time. */
function nameOf(pick: Picker, id: string): string {
  if (pick.chance(0.05)) return '';
  if (pick.chance(0.05)) return pick.of(NAMES);
  return NAMES[Number(id.slice(-1)) % NAMES.length] ?? 'x';
}

function compare(a: string, b: string): number {
  const [aMs = '', aSeq = ''] = a.split('-');
  const [bMs = '', bSeq = ''] = b.split('-');
  return Number(aMs) - Number(bMs) || Number(aSeq) - Number(bSeq);
}

/** Different ids, ascending, as the scripts want them: most of them pending for `holder`. */
function batch(pick: Picker, known: Known, holder?: string): string[] {
  const own = [...known.held].filter(([, owner]) => owner === holder).map(([id]) => id);
  const one = () => (own.length > 0 && pick.chance(0.85) ? pick.of(own.slice(-6)) : anId(pick, known));
  const ids = new Set(pick.several(1, 4, one).filter((id) => /^\d+-\d+$/.test(id)));
  return ids.size === 0 ? ['1-1'] : [...ids].sort(compare);
}

/** Someone who holds something, most of the time. */
function aHolder(pick: Picker, { held }: Known): string {
  const holders = [...new Set(held.values())].filter((name) => HOLDERS.includes(name));
  return holders.length > 0 && pick.chance(0.85) ? pick.of(holders) : pick.of(HOLDERS);
}

/** A reason, what is to stand behind it, and ids: most of entries that are due for that reason. */
function dueBatch(pick: Picker, known: Known, ...between: number[]): (string | number)[] {
  const reason = pick.of(DUE);
  return [reason, ...between, ...batch(pick, known, `dead-letters:${reason}~00000000`)];
}

function pairs(pick: Picker, ids: readonly string[]): string[] {
  return ids.flatMap((id) => [id, nameOf(pick, id)]);
}

function history(pick: Picker): string[] {
  return pick.chance(0.3) ? ['history'] : [];
}

type Call = readonly [keys: readonly string[], args: readonly (string | number)[]];
type Make = (pick: Picker, known: Known) => Call;

const generation = (pick: Picker) =>
  pick.weighted([
    [20, 1],
    [1, 2],
    [1, 0],
  ] as const);
const dlq = (pick: Picker) => (pick.chance(0.7) ? 'd' : 'l');

const MAKERS: Readonly<Record<ScriptName, readonly [weight: number, make: Make]>> = {
  raise: [
    2,
    (pick) => {
      const me = pick.of(HOLDERS);
      return [[`p:${me}`], [pick.chance(0.9) ? 1 : 2, pick.of([3, 60000, 60000, 60000, 60000]), me, 'pr']];
    },
  ],
  refresh: [
    2,
    (pick) => {
      const me = pick.of(HOLDERS);
      return [
        [`p:${me}`],
        [
          generation(pick),
          pick.of([5, 60000, 60000, 60000]),
          me,
          't',
          'dd',
          'c',
          'pk',
          'pc',
          'pr',
          'mb',
          'said',
          'bl',
          'l',
          pick.of(['', '0-0', '1-1', '5-0', '18446744073709551615-18446744073709551615']),
        ],
      ];
    },
  ],
  prolong: [
    1,
    (pick) => {
      const me = pick.of(HOLDERS);
      return [[`p:${me}`], [generation(pick), pick.of([5, 60000, 60000, 60000]), me, 'pr']];
    },
  ],
  acquire: [
    8,
    (pick, known) => {
      const me = pick.chance(0.9) ? pick.of(HOLDERS.slice(0, 2)) : 'go';
      const keys = [
        'l',
        `p:${me}`,
        'o',
        'e0',
        'e1',
        ...history(pick),
        'c',
        ...PARKING,
        'cp',
        ...pick.of([[], [], ['l'], ['o']]),
      ];
      return [keys, ['g', me, generation(pick), ...pairs(pick, batch(pick, known, me))]];
    },
  ],
  done: [
    4,
    (pick, known) => {
      const me = pick.chance(0.9) ? pick.of(HOLDERS.slice(0, 2)) : 'go';
      const keys = ['l', `p:${me}`, 'o', 'e0', 'e1', ...history(pick), ...PARKING];
      const ids = batch(pick, known, me);
      const args = ['g', me, generation(pick), ...pairs(pick, ids)];
      if (pick.chance(0.6)) return [keys, args];
      const clears = pick.chance(0.5);
      return [
        [...keys, 't', ...(clears ? ['cp'] : [])],
        [
          ...args,
          '',
          ...ids.map(() => pick.of(['', 0, 1])),
          ...(clears ? ids.map(() => pick.of([1, '{"p":{"k":"removed"}}', ''])) : []),
        ],
      ];
    },
  ],
  save: [
    4,
    (pick, known) => {
      const me = pick.chance(0.9) ? pick.of(HOLDERS.slice(0, 2)) : 'go';
      const saving = batch(pick, known, me).flatMap((id) => [
        id,
        nameOf(pick, id),
        pick.upTo(3),
        pick.of(['{}', '{"v":"text"}', '{"p":{"k":"1-1"}}']),
      ]);
      return [
        ['l', `p:${me}`, 'cp', 'c', ...history(pick)],
        ['g', me, generation(pick), ...saving],
      ];
    },
  ],
  ensure: [
    4,
    (pick) => {
      const streams = pick.several(1, 3, () => pick.of(NAMES));
      const marks = pick.chance(0.8) ? ['', ''] : ['trace', pick.of(['', 'state'])];
      const items = streams.flatMap((name) => [name, `{"DataStreamName":"${name}"}`]);
      return [
        ['l', 'o', 'n', 't', 'c', ...DELAYED, ...PARKING],
        ['g', ...marks, ...items, ...pick.of([[], ['wakes:']])],
      ];
    },
  ],
  'prune-announced': [
    1,
    (pick) => [
      ['l', 'n', 't', 'c'],
      ['g', pick.of(['announced', 'touches', 'cancels']), 0, 500],
    ],
  ],
  delay: [
    3,
    (pick, known) => {
      const me = pick.chance(0.9) ? pick.of(HOLDERS.slice(0, 2)) : 'go';
      const keys = ['l', `p:${me}`, 'o', 'e0', 'e1', ...DELAYED, 'c', ...PARKING, ...history(pick)];
      return [
        keys,
        ['g', me, generation(pick), pick.of([0, 1, 60000]), ...pairs(pick, batch(pick, known, me))],
      ];
    },
  ],
  'add-delayed': [
    2,
    (pick) => {
      const marks = pick.chance(0.8) ? ['', ''] : ['trace', pick.of(['', 'state'])];
      const names = pick.several(1, 3, () => pick.of(NAMES));
      const delays = names.map(() => pick.of([0, 1, 60000])).join(' ');
      return [
        DELAYED,
        [delays, ...marks, ...names.flatMap((name) => [name, `{"DataStreamName":"${name}"}`])],
      ];
    },
  ],
  'park-ahead': [
    3,
    (pick) => {
      const me = pick.chance(0.9) ? pick.of(HOLDERS.slice(0, 2)) : 'go';
      return [
        ['l', `p:${me}`, 'o', 'c', ...PARKING, ...history(pick)],
        ['g', me, generation(pick), pick.of([1, 3, 128]), pick.of(['queue', 'coalesce'])],
      ];
    },
  ],
  unpark: [
    3,
    (pick) => [
      ['l', 'o', ...PARKING, ...history(pick)],
      ['g', 'me', pick.of(['parked', 'parked', 'turns']), 0, 200],
    ],
  ],
  pause: [
    1,
    (pick) => [
      ['ps', 'pc'],
      [pick.of(['pause', 'resume']), ...pick.several(1, 2, () => pick.of(NAMES))],
    ],
  ],
  'end-delays': [
    2,
    (pick) => [
      ['l', ...DELAYED, ...history(pick)],
      ['me', pick.of([1, 2, 250])],
    ],
  ],
  cancel: [
    3,
    (pick) => [
      ['l', 'o', 'n', 'c', ...DELAYED, ...PARKING, 'cp'],
      ['g', ...pick.several(1, 2, () => pick.of(NAMES))],
    ],
  ],
  'give-back': [
    5,
    (pick, known) => {
      const me = pick.chance(0.9) ? pick.of(HOLDERS.slice(0, 2)) : 'go';
      const keys = ['l', `p:${me}`, 'o', 'e0', 'e1', dlq(pick), ...history(pick), 'c', ...PARKING];
      const why = pick.of(['handOver', 'failed', 'waiting', 'unparseable', 'tooLarge']);
      const limits = [pick.upTo(2), pick.of([0, 2, 100])];
      return [keys, ['g', me, generation(pick), ...limits, why, ...pairs(pick, batch(pick, known, me))]];
    },
  ],
  'read-entries': [
    1,
    (pick, known) => [['l'], [pick.of([0, 30, 100000]), pick.of([0, 30, 100000]), ...batch(pick, known)]],
  ],
  'read-page': [
    1,
    (pick) => {
      const order = pick.of([
        ['XRANGE', '-', '+'],
        ['XREVRANGE', '+', '-'],
      ]);
      return [['l'], [...order, pick.of([1, 3, 100]), pick.of([0, 30, 100000]), pick.of([0, 30, 100000])]];
    },
  ],
  mark: [
    1,
    (pick, known) => {
      const me = pick.of(HOLDERS.slice(0, 2));
      return [
        ['l', `p:${me}`],
        [
          'g',
          me,
          generation(pick),
          pick.of([0, 1, 1_000_000, 1_000_001, 2_000_009]),
          ...batch(pick, known, me),
        ],
      ];
    },
  ],
  requeue: [
    5,
    (pick, known) => {
      const dead = pick.chance(0.7) ? 'go' : aHolder(pick, known);
      const ids = batch(pick, known, dead);
      const locks = pick.chance(0.4) ? ids.map((id) => `lock${id.slice(-1)}`) : [];
      const keys = [
        'l',
        `p:${dead}`,
        'o',
        'e0',
        'e1',
        dlq(pick),
        ...history(pick),
        'c',
        ...PARKING,
        ...locks,
      ];
      const flag = pick.of([0, 1, 'tooLarge', 'unread']);
      const flags = [pick.upTo(2), pick.of([0, 2, 100]), pick.of([0, 0, 1, 5]), flag, locks.length];
      return [keys, ['g', dead, 'me', ...flags, ...pairs(pick, ids)]];
    },
  ],
  claim: [
    2,
    (pick, known) => {
      const holder = aHolder(pick, known);
      const [id = '1-1'] = batch(pick, known, holder);
      const lock = pick.chance(0.5) ? 'l' : `lock${id.slice(-1)}`;
      const keys = ['l', `p:${holder}`, 'o', 'e0', 'e1', dlq(pick), lock, 'c', ...PARKING];
      const reason = pick.of(['unparseable', 'tooLarge']);
      const flags = [pick.upTo(1), pick.of([0, 5]), pick.upTo(1)];
      return [keys, ['g', holder, 'op', ...flags, id, nameOf(pick, id), reason]];
    },
  ],
  'claim-due-letters': [
    1,
    (pick, known) => [
      ['l', ...history(pick)],
      ['g', 'me', ...dueBatch(pick, known, pick.of([0, 3]))],
    ],
  ],
  'add-dead-letter': [
    1,
    (pick) => [['d'], [pick.of([0, 1, 2, 100]), 'lbs-input', '{}', '_retry_count', pick.upTo(3)]],
  ],
  'finish-due-letters': [
    1,
    (pick, known) => {
      const letters = batch(pick, known).flatMap((id) => [id, nameOf(pick, id), '7-7', pick.upTo(3)]);
      return [
        ['l', ...history(pick)],
        ['g', 'me', pick.of(DUE), ...letters],
      ];
    },
  ],
  'forget-consumers': [
    1,
    (pick, known) => {
      const names = [aHolder(pick, known), pick.of(HOLDERS), 'nobody'];
      return [
        ['l', 'pr', ...names.map((name) => `p:${name}`)],
        ['g', ...names],
      ];
    },
  ],
  'remove-data': [0.5, (pick, known) => [[pick.of(['l', 'd', 'nothing'])], [anId(pick, known)]]],
  payloads: [1, (pick, known) => [['l'], batch(pick, known)]],
  balance: [1, (pick) => [['l'], ['g', pick.of([0, 2, 1000])]]],
  stranded: [1, (pick) => [['l'], ['g', pick.of(['-', '1-1', '3-0']), pick.of([1, 3, 100])]]],
  adopt: [1, (pick, known) => [['l'], ['g', ...batch(pick, known)]]],
  redrive: [1, (pick, known) => [['l', 'd'], batch(pick, known)]],
  'redrive-apart': [
    1,
    (pick) => [
      ['l', `mark${pick.upTo(2)}`],
      [pick.of([5, 60000]), 'lbs-input', '{}', '_retry_count', '2', '_dlq_reason', 'x'],
    ],
  ],
  leave: [
    0.5,
    (pick) => [
      ['l', `p:${pick.of(HOLDERS)}`, 'pr'],
      ['g', pick.of(HOLDERS), `wakes:${pick.of(HOLDERS)}`],
    ],
  ],
  'find-dead': [
    2,
    (pick, known) => [
      ['l', pick.chance(0.97) ? 'pr' : 'x'],
      [
        'g',
        pick.of(HOLDERS),
        pick.of([3, 60000, 60000]),
        pick.of([0, 5, 60000]),
        pick.of([1, 2, 200]),
        pick.of(['', ...HOLDERS]),
        pick.of([1, 1, 0]),
        ...pick.several(0, 2, () => aHolder(pick, known)),
      ],
    ],
  ],
  'begin-round': [
    2,
    (pick) => [
      ['l', pick.chance(0.97) ? 'pr' : 'x', pick.chance(0.97) ? 'mb' : 'x', pick.chance(0.97) ? 'bl' : 'x'],
      [pick.of(HOLDERS), pick.of(['said', 'said more']), pick.of([1, 5, 60000]), pick.of([0, 0, 1])],
    ],
  ],
  'end-round': [
    1,
    (pick) => [
      [pick.chance(0.97) ? 'bl' : 'x'],
      [
        pick.of([0, 1]),
        'found',
        ...pick.several(0, 2, () => pick.of(HOLDERS)).flatMap((name) => [name, '1:2']),
      ],
    ],
  ],
  take: [
    4,
    (pick, known) => [
      ['l', pick.chance(0.97) ? 'bl' : 'x'],
      [
        'g',
        pick.of(HOLDERS),
        pick.of([1, 2, 3, 40]),
        pick.of([1, 1, 0.5, 3]),
        pick.of([0, 0, 1, 4.5]),
        pick.of([0, 0, 1, -2]),
        pick.of([1, 1000, 15_000]),
        pick.of(['', anId(pick, known), '0-0']),
        pick.of([1, 1, 0]),
      ],
    ],
  ],
  'count-pending': [
    1,
    (pick, known) => [
      ['l'],
      ['g', aHolder(pick, known), pick.of([0, 1, 2, 50]), ...pick.several(0, 2, () => aHolder(pick, known))],
    ],
  ],
  'forget-consumer': [
    1,
    (pick) => [
      ['l', `p:${pick.of(HOLDERS)}`, 'pr'],
      ['g', pick.of(HOLDERS), `wakes:${pick.of(HOLDERS)}`],
    ],
  ],
  'prune-owners': [
    1,
    (pick, known) => [
      ['l', 'o'],
      ['g', ...batch(pick, known).flatMap((id) => [nameOf(pick, id), id])],
    ],
  ],
  'prune-checkpoints': [
    1,
    (pick) => [
      ['l', 'o', 'cp'],
      ['g', 0, 200, pick.of([0, 1, 60000]), pick.of([0, 60000])],
    ],
  ],
  'take-locks': [
    2,
    (pick) => [pick.several(1, 3, () => `lock${pick.upTo(3)}`), [pick.of(HOLDERS), pick.of([5, 60000])]],
  ],
  'extend-locks': [
    1,
    (pick) => [pick.several(1, 3, () => `lock${pick.upTo(3)}`), [pick.of(HOLDERS), pick.of([5, 60000])]],
  ],
  'release-locks': [1, (pick) => [pick.several(1, 3, () => `lock${pick.upTo(3)}`), [pick.of(HOLDERS)]]],
  touch: [
    1,
    (pick, known) => {
      const me = pick.of(HOLDERS.slice(0, 2));
      const start = pick.chance(0.5) ? '-' : (batch(pick, known, me)[0] ?? '-');
      return [
        ['l', `p:${me}`],
        ['g', me, generation(pick), start, pick.of([1, 2, 500]), pick.of([0, 0, 1, 12000])],
      ];
    },
  ],
  probe: [
    0.3,
    (pick) => [
      ['l', dlq(pick), 'scratch'],
      ['g', pick.upTo(1), pick.upTo(1)],
    ],
  ],
};

const CHOICES = (Object.keys(MAKERS) as ScriptName[]).map(
  (name) => [MAKERS[name][0], name] as readonly [number, ScriptName],
);

/** What a round of balancing found, or something else. */
function round(pick: Picker, { now }: Known): string {
  const due = Math.floor(now) + pick.of([60_000, 60_000, 60_000, -60_000]);
  const figures = [pick.of([1, 2, 3.5, 0]), pick.of([0, 0, 1, 4]), pick.of([1, 1, 0.25, 'x']), 0, 1];
  return pick.chance(0.9) ? `v1 ${due} 1 0 ab ${figures.join(' ')}` : pick.of([`v1 ${due}`, 'v2', '']);
}

/** Old times and windows that a short program would not come to. */
function aged(pick: Picker, known: Known): readonly Argument[] {
  const window = Math.floor(known.now / 10000) + pick.upTo(2) - 1;
  return pick.weighted<readonly Argument[]>([
    [2, ['HSET', pick.of(['e0', 'e1']), '', String(window), pick.of(NAMES), anId(pick, known)]],
    [1, ['HSET', 'o', pick.of(NAMES), anId(pick, known)]],
    [0.3, ['HSET', 'o', '', 'v2']],
    [0.6, ['HSET', 'o', '', 'v1 1.5']],
    [1, ['HSET', 'bl', '', round(pick, known)]],
    [1, ['SET', `p:${pick.of(HOLDERS)}`, pick.of(['v1:1', 'v1:1', 'v1:1', 'v1:1', 'v1:1', 'v1:2', 'v2:1'])]],
    [
      2,
      [
        'XCLAIM',
        'l',
        'g',
        pick.of(HOLDERS),
        '0',
        anId(pick, known),
        'IDLE',
        pick.of(['9999', '10000', '60000']),
        'JUSTID',
      ],
    ],
    [
      1,
      [
        'XADD',
        'l',
        '*',
        'lbs-input',
        '{}',
        '_retry_count',
        pick.of(['0', '1', '+2', '-1', 'x', '1234567890123456']),
      ],
    ],
  ]);
}

export function scriptStep(pick: Picker, known: Known): Step {
  if (pick.chance(0.15)) return { on: 0, argv: aged(pick, known) };
  const name = pick.weighted(CHOICES);
  const [keys, args] = MAKERS[name][1](pick, known);
  const { source, sha } = SCRIPTS[name];
  const called = pick.chance(0.02) ? ['EVAL', source] : ['EVALSHA', sha];
  return { on: 0, argv: [...called, keys.length, ...keys, ...args] };
}
