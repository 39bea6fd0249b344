/**
 * What people and their tools do to a service. Done at once, at the server: what their own connections suffer is not looked at. A command that
 * Redis refuses has done nothing, and excuses nothing.
 */
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
  forceClaim: (blow) => claim(blow, true),
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
};

export function applyOperator(kind: FaultKind, blow: Blow): void {
  OPERATIONS[kind]?.(blow);
}
