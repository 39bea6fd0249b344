import type { MemberRecord, Round } from '../../src/redis/fleet.js';

/** What a process says of itself that runs, and owns nothing. */
export function memberRecord(other: Partial<MemberRecord> = {}): MemberRecord {
  return {
    state: 'running',
    version: '0.0.0',
    host: 'host',
    pid: 1,
    since: 0,
    heartbeatMs: 2000,
    capacity: 10_000,
    weight: 1,
    owned: 0,
    load: null,
    isOpen: true,
    balances: true,
    followed: 0,
    inspector: null,
    lag: null,
    ...other,
  };
}

/** What a round found where nobody owns anything. */
export function aRound(other: Partial<Round> = {}): Round {
  return {
    number: 1,
    changedAt: 0,
    digest: 'a',
    weight: 1,
    ownedByOthers: 0,
    perStream: 1,
    lowest: 0,
    level: 0,
    imbalance: 0,
    ordered: 0,
    between: 0,
    members: 1,
    holdMs: 3000,
    waits: null,
    ...other,
  };
}
