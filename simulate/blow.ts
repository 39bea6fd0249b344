import type { Chance } from '../src/simulation/chance.js';
import type { Connection } from '../src/simulation/network.js';
import type { Member } from './member.js';
import type { Stage } from './stage.js';
import type { Victim } from './victim.js';

/** A fault that happens now, to somebody. */
export interface Blow {
  readonly fleet: Stage;
  readonly victim: Victim;
  /** That of the command that it is aimed at. */
  readonly connection: Connection | undefined;
  readonly chance: Chance;
}

/** One that only a runtime can suffer. */
export interface MemberBlow extends Blow {
  readonly victim: Member;
}

export function later({ fleet }: Blow, ms: number, act: () => void): void {
  fleet.later(ms, act);
}

export function heartbeat({ fleet }: Blow): number {
  return fleet.shape.heartbeatMs;
}
