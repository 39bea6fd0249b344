import type { Chance } from '../src/simulation/chance.js';
import type { Connection } from '../src/simulation/network.js';
import type { Member } from './member.js';
import type { Stage } from './stage.js';

/** A fault that happens now, to somebody. */
export interface Blow {
  readonly fleet: Stage;
  readonly member: Member;
  /** That of the command that it is aimed at. */
  readonly connection: Connection | undefined;
  readonly chance: Chance;
}
