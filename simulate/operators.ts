/**
 * What people and their tools do to a service. Done at once, at the server: what their own connections suffer is not looked at. A command that
 * Redis refuses has done nothing, and excuses nothing.
 */
import { compareFencingTokens, isEntryId } from '../src/core/entry-id.js';
import { isIncarnation } from '../src/redis/names.js';
import { trialOf } from '../src/redis/own-fields.js';
import { SCRIPTS } from '../src/redis/scripts.js';
import type { Blow } from './blow.js';
import type { FaultKind } from './fault-kinds.js';
import { INSISTING_OPERATOR, OPERATOR } from './invariants/ledger.js';
import type { Stage } from './stage.js';

/** A consumer of the Go client that was given an entry takes its lock within this time, in milliseconds (src/redis/claims.ts). */
const LOCKING_MS = 2000;

/** C-EXP-7: for so long taking over may be suspended, and with it the look at how many entries are pending. In heartbeats. */
const SUSPENDED = 4.4;
/** Until what has been noticed is verified. In heartbeats. */
const VERIFIED_WITHIN = 2;
/** The scan's interval with its jitter. */
const LONGEST_INTERVAL = 1.1;

/** C-ADD-8: by the number of entries pending where reads do not hide it, and by the next scan otherwise. */
function foundOutMs({ shape }: Stage): number {
  return LONGEST_INTERVAL * shape.reconcileEveryMs + (SUSPENDED + VERIFIED_WITHIN) * shape.heartbeatMs;
}

/** What is no entry id. */
const GARBAGE = ['', '-', '5', '5-', '1-1-1', ' 1-1', 'nil', 'v1', '99999999999999999999-0'] as const;

const HOUR_MS = 3_600_000;
/** Beyond what a number of Lua, or of JavaScript, tells from its neighbours; an entry with the very largest id would end all requeueing. */
const LARGE_IDS = ['9007199254740993-9007199254740993', '18446744073709551614-18446744073709550000'] as const;

type PendingRow = [id: string, consumer: string, idleMs: number, deliveries: number];

function pendingRow({ fleet, chance }: Blow): PendingRow | undefined {
  const { lbs, group } = fleet.names;
  const rows = (fleet.askMaybe('XPENDING', lbs, group, '-', '+', 100) ?? []) as PendingRow[];
  return rows.length > 0 ? chance.pick(rows) : undefined;
}

function trialIn(fleet: Stage, id: string): number | undefined {
  const [[, fields] = ['', []]] = (fleet.askMaybe('XRANGE', fleet.names.lbs, id, id) ?? []) as [
    string,
    string[],
  ][];
  return trialOf(fields) || undefined;
}

/** What the group has been given up to. */
function lastDelivered(fleet: Stage): string {
  const groups = (fleet.askMaybe('XINFO', 'GROUPS', fleet.names.lbs) ?? []) as string[][];
  const [facts = []] = groups;
  return facts[facts.indexOf('last-delivered-id') + 1] ?? '0-0';
}

/** As `streamwarden claim` does it, in its script. */
function claim(blow: Blow, isForced: boolean): void {
  const { fleet } = blow;
  const { names } = fleet;
  const row = pendingRow(blow);
  const life = row && fleet.ledger.lives.get(row[0]);
  if (row === undefined || life === undefined || fleet.shape.isApart) return;
  const [id, holder] = row;
  const { source } = SCRIPTS.claim;
  const by = isForced ? INSISTING_OPERATOR : OPERATOR;
  const isOurs = isIncarnation(holder);
  const keys = [
    names.lbs,
    names.presence(holder),
    names.owners,
    ...names.endings,
    names.dlq,
    names.lock(life.name, id),
    names.cancels,
    ...names.parking,
  ];
  const reply = fleet.askMaybe(
    'EVAL',
    source,
    keys.length,
    ...keys,
    names.group,
    holder,
    by,
    isForced ? 1 : 0,
    isOurs ? 0 : LOCKING_MS,
    isOurs ? 0 : 1,
    id,
    life.name,
  );
  fleet.say(`  claim${isForced ? ' --force' : ''} ${id} of ${holder}: ${JSON.stringify(reply)}`);
  const [outcome, copy, count] = (reply ?? []) as [string, string, number];
  // C-LOST-2: taken from a living owner on the word of an operator, whose insisting is no promise of ours.
  if (isForced && ['requeued', 'gone', 'cancelled'].includes(outcome)) {
    // It finds out with its next beat, and then verifies.
    fleet.workers.excuseFor('C-LOST-2', id, fleet.shape.heartbeatMs);
  }
  // The script writes no history.
  const moved = { at: fleet.now, id, name: life.name, from: holder, by };
  if (outcome === 'requeued') {
    const proven = fleet.ledger.isProven(id, holder) ? true : undefined;
    fleet.record({ ...moved, op: 'requeued', copy, count, why: 'dead', proven, trial: trialIn(fleet, copy) });
  }
  if (outcome === 'gone' || outcome === 'cancelled') fleet.record({ ...moved, op: outcome });
}

const OPERATIONS: Readonly<Partial<Record<FaultKind, (blow: Blow) => void>>> = {
  claim: (blow) => claim(blow, false),
  forceClaim(blow) {
    // Whoever owns it is to raise another generation: it may look like a lapse.
    for (const member of blow.fleet.members) member.disturbances += 1;
    claim(blow, true);
  },
  redrive({ fleet }) {
    const { names } = fleet;
    const [letter] = (fleet.askMaybe('XRANGE', names.dlq, '-', '+', 'COUNT', 1) ?? []) as [
      string,
      string[],
    ][];
    if (letter === undefined) return;
    const [id, fields] = letter;
    const { source } = SCRIPTS.redrive;
    const [copy] = (fleet.askMaybe('EVAL', source, 2, names.lbs, names.dlq, id) ?? []) as string[];
    const payload = fields[fields.indexOf('lbs-input') + 1];
    fleet.say(`  redrive ${id}: ${copy}`);
    if (!copy || payload === undefined) return;
    fleet.ledger.letters.delete(id);
    fleet.wasAnnounced(copy, (JSON.parse(payload) as { DataStreamName: string }).DataStreamName);
  },
  /** A tool gives an entry to another consumer, under the same id. */
  xclaim(blow) {
    const { fleet, chance } = blow;
    const row = pendingRow(blow);
    const others = fleet.living.filter(({ state, consumer }) => state === 'running' && consumer !== row?.[1]);
    if (row === undefined || others.length === 0) return;
    const { lbs, group } = fleet.names;
    const life = fleet.ledger.lives.get(row[0]);
    const { consumer } = chance.pick(others);
    const claimed = fleet.askMaybe('XCLAIM', lbs, group, consumer, 0, row[0]) as unknown[] | undefined;
    if (claimed === undefined) return;
    fleet.say(`  XCLAIM ${row[0]} from ${row[1]} for ${consumer}`);
    if (life === undefined) return;
    // C-LOST-6: nobody is given what has no payload, and its name is free at once, whoever works on it.
    if (claimed.length === 0 && life.isTrimmed) {
      fleet.workers.excuseOwner('C-LOST-6', life, foundOutMs(fleet));
      fleet.ledger.claimedInVain(life);
      return;
    }
    // C-OVL-5: both owners hold the same token.
    fleet.workers.excuseOwner('C-OVL-5', life, foundOutMs(fleet));
    // C-ADD-2: it may have had it before.
    fleet.told.mayRepeat([consumer], [life.id]);
    fleet.ledger.handed(life);
  },
  destroyGroup({ fleet }) {
    const { lbs, group } = fleet.names;
    if (fleet.askMaybe('XGROUP', 'DESTROY', lbs, group) === undefined) return;
    fleet.disturbAll(fleet.shape.heartbeatMs);
    // C-OUT-5: delivered anew under the same id, also what is worked on, or was acquired by somebody who has not heard of it yet.
    const { open, orphaned } = fleet.ledger.standing;
    for (const life of [...open, ...orphaned]) fleet.workers.excuseOwner('C-OUT-5', life, foundOutMs(fleet));
    fleet.ledger.deliveredAnew();
    fleet.mayRepeat(fleet.ledger.open);
  },
  /** Destroys what is pending for it: nobody is given that again. */
  deleteConsumer(blow) {
    const { fleet } = blow;
    const row = pendingRow(blow);
    if (row === undefined) return;
    const { lbs, group } = fleet.names;
    const rows = (fleet.askMaybe('XPENDING', lbs, group, '-', '+', 100, row[1]) ?? []) as PendingRow[];
    if (fleet.askMaybe('XGROUP', 'DELCONSUMER', lbs, group, row[1]) === undefined) return;
    for (const [id] of rows) {
      const life = fleet.ledger.lives.get(id);
      // Its name is free at once, whoever works on it: no promise of ours covers that command.
      if (life === undefined) continue;
      fleet.workers.excuseOwner('C-LOST-1', life, foundOutMs(fleet));
      fleet.ledger.orphaned(life);
    }
  },
  /** The oldest entries, whoever has them: whoever has one may finish it, and nobody is given it again. */
  trim({ fleet, chance }) {
    const { lbs } = fleet.names;
    const entries = (fleet.askMaybe('XRANGE', lbs, '-', '+') ?? []) as [string][];
    const keep = Math.floor(chance.next() * entries.length);
    if (fleet.askMaybe('XTRIM', lbs, 'MAXLEN', keep) === undefined) return;
    for (const [id] of entries.slice(0, entries.length - keep)) {
      const life = fleet.ledger.lives.get(id);
      if (life !== undefined) life.isTrimmed = true;
    }
  },
  /** Something writes into the hashes beside the stream what means nothing there. */
  garbage({ fleet, chance }) {
    const { names, shape, ledger } = fleet;
    const name = `order-${chance.integer(1, shape.names)}`;
    const key = chance.pick([names.owners, ...names.endings]);
    const text = chance.pick(GARBAGE);
    const stood = fleet.lookAt('HGET', key, name) as string | null;
    if (fleet.askMaybe('HSET', key, name, text) === undefined) return;
    fleet.say(`  ${key} ${name}: ${JSON.stringify(text)}`);
    // C-ADD-9: what stood there is forgotten.
    if (key !== names.owners) ledger.endingLost(name);
    else
      for (const life of ledger.recordLost(name, stood))
        fleet.workers.excuseFor('C-ADD-9', life.id, Infinity);
  },
  /** A round of balancing has found what is not so. The next one finds better. */
  wrongRound({ fleet, chance }) {
    const { names } = fleet;
    const [seconds] = fleet.lookAt('TIME') as [string];
    const due = Number(seconds) * 1000 + chance.pick([-5000, 500, 1500, 3000]);
    const [weight, others] = [chance.pick([1, 3, 20]), chance.pick([0, 3, 100])];
    const [perStream, lowest, level] = [
      chance.pick([1, 0.1, 7]),
      chance.pick([0, 2]),
      chance.pick([0, 2, 50]),
    ];
    const round = [
      chance.integer(1, 2 ** 31),
      0,
      'wrong',
      weight,
      others,
      perStream,
      lowest,
      level,
      0,
      0,
      0,
    ].join(' ');
    if (fleet.askMaybe('HSET', names.balance, '', `v1 ${due} ${round}`) === undefined) return;
    fleet.say(`  round: ${round}, the next one due at ${due}`);
  },
  /** C-OUT-5: what is on the stream is delivered anew under the same id, also what is pending. */
  setBack({ fleet, chance }) {
    const { lbs, group } = fleet.names;
    const entries = (fleet.askMaybe('XRANGE', lbs, '-', '+') ?? []) as [string][];
    const delivered = lastDelivered(fleet);
    const earlier = entries.map(([id]) => id).filter((id) => compareFencingTokens(id, delivered) <= 0);
    const to = chance.isTrue(0.5) || earlier.length === 0 ? '0-0' : chance.pick(earlier);
    if (fleet.askMaybe('XGROUP', 'SETID', lbs, group, to) === undefined) return;
    fleet.say(`  the group is set back to ${to}`);
    const { open, orphaned } = fleet.ledger.standing;
    const anew = [...open, ...orphaned].filter(({ id }) => isEntryId(id) && compareFencingTokens(id, to) > 0);
    fleet.deliversAnew(anew, foundOutMs(fleet));
  },
  /** Ids only grow: everything that is added from now on has one that is as late. */
  ahead({ fleet, chance }) {
    const { lbs } = fleet.names;
    const [seconds] = fleet.lookAt('TIME') as [string];
    const id = chance.pick([
      `${Number(seconds) * 1000 + chance.pick([3, 24, 100_000]) * HOUR_MS}-0`,
      ...LARGE_IDS,
    ]);
    const name = `order-${chance.integer(1, fleet.shape.names)}`;
    // Where the data were lost Redis would take an id for a second time.
    if (fleet.ledger.lives.has(id)) return;
    const payload = JSON.stringify({ DataStreamName: name });
    if (fleet.askMaybe('XADD', lbs, id, 'lbs-input', payload) === undefined) return;
    fleet.ledger.isAhead = true;
    fleet.wasAnnounced(id, name);
  },
};

export function applyOperator(kind: FaultKind, blow: Blow): void {
  OPERATIONS[kind]?.(blow);
}
