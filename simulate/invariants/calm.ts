/** What has to be so once nothing befalls the fleet any more. */
import { isIncarnation } from '../../src/redis/names.js';
import type { Member } from '../member.js';
import { goName, type Shape } from '../schedule.js';
import type { Stage } from '../stage.js';

/**
 * For how long a consumer may never be seen to be well at the end, in heartbeats. Where connections are ended all the time, and take longer to be
 * made again than a quarter heartbeat, taking over may be suspended for 4.4 of them (C-EXP-7), from a loss to the next connection that is verified.
 */
export function mostUnwell({ connectionLifeMs }: Shape): number {
  return connectionLifeMs === null ? 1 : 7;
}

const AHEAD = /^the ids of \S+ are \d+ hours ahead of the clock/;

type PendingRow = [id: string, consumer: string, idleMs: number, deliveries: number];

/** Nothing is left to do, and nobody is on the way out. */
export function isAtRest(fleet: Stage): boolean {
  if (fleet.living.some(({ state }) => state !== 'running')) return false;
  if (fleet.living.some(({ runtime, open }) => open.size > 0 || !runtime.ownedStreams().next().done))
    return false;
  if (!fleet.areBystandersIdle) return false;
  if (fleet.askMaybe('XLEN', fleet.names.delayed) !== 0) return false;
  if (fleet.askMaybe('XLEN', fleet.names.parking[0]) !== 0) return false;
  return fleet.askMaybe('XLEN', fleet.names.lbs) === 0 || left(fleet).length === 0;
}

type Row = [id: string, fields: string[]];

function rowsOf(fleet: Stage): Row[] {
  return (fleet.askMaybe('XRANGE', fleet.names.lbs, '-', '+') ?? []) as Row[];
}

/** Entries on the stream that somebody should see to. */
function left(fleet: Stage): string[] {
  return rowsOf(fleet)
    .map(([id]) => id)
    .filter((id) => !fleet.ledger.lives.get(id)?.isOrphaned);
}

/**
 * Whether an entry is carried for longer than the lock of a Go consumer holds. Its XCLAIM brings the payload, and what extends the lock waits behind it: the
 * consumer claims the entry from itself again and again, which keeps everybody else from it.
 */
function isTooSlowForGo({ shape }: Stage, fields: readonly string[]): boolean {
  if (shape.goConsumers === 0 || shape.bytesPerMs === null) return false;
  return fields.join('').length / shape.bytesPerMs > shape.heartbeatMs;
}

/** Ready, and with nothing to say against it. */
export function isWell({ runtime }: Member, { ledger }: Pick<Stage, 'ledger'>): boolean {
  const { live, ready, reasons } = runtime.health();
  // That ids are ahead it goes on saying, since they stay it.
  const others = ledger.isAhead ? reasons.filter((reason) => !AHEAD.test(reason)) : reasons;
  return live && ready && others.length === 0;
}

export function checkCalm(fleet: Stage, restMs: number): void {
  const { names, violations } = fleet;
  const rows = (fleet.askMaybe('XPENDING', names.lbs, names.group, '-', '+', 1000) ?? []) as PendingRow[];
  const holders = new Map(rows.map((row) => [row[0], row]));
  const entries = rowsOf(fleet);
  const onStream = entries.map(([id]) => id);
  const claimedForever = new Set(
    entries
      .filter(([id, fields]) => isGo(fleet, holders.get(id)?.[1]) && isTooSlowForGo(fleet, fields))
      .map(([id]) => id),
  );
  for (const id of left(fleet)) {
    if (claimedForever.has(id)) continue;
    const row = holders.get(id);
    const where =
      row === undefined
        ? 'undelivered'
        : `pending for ${row[1]} (${stateOf(fleet, row[1])}) for ${row[2]} ms`;
    const clause =
      row === undefined ? 'C-OUT-1' : stateOf(fleet, row[1]) === 'running' ? 'C-ADD-5' : 'C-EXP-2';
    violations.add(clause, `${id} is stuck ${restMs.toFixed(0)} ms after the last fault: ${where}`);
  }
  const later = Number(fleet.askMaybe('XLEN', names.delayed) ?? 0);
  if (later > 0)
    violations.add('C-DLY-2', `${later} are delayed still, ${restMs.toFixed(0)} ms after the last fault`);
  const parked = Number(fleet.askMaybe('XLEN', names.parking[0]) ?? 0);
  // What is parked waits for its name.
  if (parked > 0 && claimedForever.size === 0)
    violations.add('C-NAME-8', `${parked} are parked still, ${restMs.toFixed(0)} ms after the last fault`);
  for (const row of rows) {
    if (!onStream.includes(row[0]))
      violations.add('C-LOST-1', `${row[0]} is pending for ${row[1]}, and its payload is gone`);
  }
  for (const member of fleet.members) {
    const { consumer, state, open } = member;
    if (state === 'stopping') violations.add('C-STOP-6', `${consumer} is still stopping`);
    if (state === 'starting') violations.add('C-STA-2', `${consumer} is still starting`);
    if (state === 'crashed') continue;
    for (const call of open) violations.add('C-DONE-3', `${call} of ${consumer} has come to nothing`);
  }
  checkServing(fleet);
  checkGroup(fleet);
}

function checkServing(fleet: Stage): void {
  for (const member of fleet.members) {
    const { consumer, state, runtime } = member;
    if (state !== 'running') continue;
    const { live, ready, reasons } = runtime.health();
    // A verification under way is no illness, and connections may be ended all the time: each has to be well at some moment.
    if (fleet.now - member.wellAt > mostUnwell(fleet.shape) * fleet.shape.heartbeatMs) {
      fleet.violations.add(
        'C-DEG-1',
        `${consumer} is not well: live ${live}, ready ${ready}, ${reasons.join('; ')}`,
      );
    }
    for (const { name, id } of runtime.ownedStreams()) {
      fleet.violations.add('C-LOST-1', `${consumer} takes itself for the owner of ${name} ${id}`);
    }
    const { waiting, failures } = runtime.snapshot();
    if (waiting > 0) fleet.violations.add('C-NAME-2', `${waiting} entries wait in ${consumer}`);
    for (const { child, error } of failures) {
      // A subscription that loses its connection is started again.
      const isOutage = child.startsWith('masterSubscription/') && error.code === 'Error';
      const isHandler = child.startsWith('handler/');
      if (!isOutage && !isHandler && !isExpected(error.code)) {
        fleet.violations.add('-', `${consumer}: ${child} failed: ${error.code} ${error.message}`);
      }
    }
  }
}

/** What an outage makes of a child. */
function isExpected(code: string): boolean {
  return ['RedisUnavailable', 'RedisRefused', 'LeaseRefused', 'PermissionDenied'].includes(code);
}

/** Only the living are in the group: the dead have been forgotten. */
function checkGroup(fleet: Stage): void {
  const { names, violations } = fleet;
  const consumers = (fleet.askMaybe('XINFO', 'CONSUMERS', names.lbs, names.group) ?? []) as (
    | string
    | number
  )[][];
  for (const [, name] of consumers) {
    // One of the Go client comes back under the same name.
    if (isIncarnation(String(name)) && stateOf(fleet, String(name)) !== 'running') {
      violations.add('C-EXP-2', `${name} (${stateOf(fleet, String(name))}) was never removed from the group`);
    }
  }
}

function isGo({ shape }: Stage, consumer: string | undefined): boolean {
  return Array.from({ length: shape.goConsumers }, (_, index) => goName(index)).some(
    (name) => name === consumer,
  );
}

function stateOf(fleet: Stage, consumer: string): string {
  return fleet.members.find((member) => member.consumer === consumer)?.state ?? 'nobody';
}
