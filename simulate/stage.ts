/** What faults, operators and those who look at the end see of a fleet. */
import type { Names } from '../src/redis/names.js';
import type { World } from '../src/simulation/world.js';
import type { Ledger } from './invariants/ledger.js';
import type { Told } from './invariants/told.js';
import type { Violations } from './invariants/violations.js';
import type { Workers } from './invariants/workers.js';
import type { Member } from './member.js';
import type { Shape } from './schedule.js';

export interface Stage {
  readonly world: World;
  readonly shape: Shape;
  readonly names: Names;
  readonly members: readonly Member[];
  /** Those that work, are about to, or are on their way out. */
  readonly living: readonly Member[];
  readonly violations: Violations;
  readonly ledger: Ledger;
  readonly workers: Workers;
  readonly told: Told;
  /** Ids of all that was announced. */
  readonly announced: string[];
  /** Announced ids whose end is somebody else's doing. */
  readonly excusedIds: Set<string>;
  /** False: a tool, an operator or a failover has had a hand in the history. */
  isHistoryWhole: boolean;
  /** Milliseconds of the world. */
  readonly now: number;
  say(text: string): void;
  /** Asks the server directly, at once, whatever the network is like; undefined when it refuses. */
  askMaybe(...command: (string | number)[]): unknown;
  start(consumerId?: string): Member;
  /** Its clocks are not to be gone by for so long, from now on. */
  unsettle(member: Member, ms: number): void;
  /** Something that every stop under way may have to wait for. */
  disturbAll(): void;
  /** The server's data is older, or gone: so is what was known of it. */
  dataLost(): void;
}
