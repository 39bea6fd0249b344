/** What faults, operators and those who look at the end see of a fleet. */
import type { Names } from '../src/redis/names.js';
import type { SimulatedServer } from '../src/simulation/server.js';
import type { World } from '../src/simulation/world.js';
import type { HistoryRecord } from '../src/testing/history-records.js';
import type { EntryLife, Ledger, Standing } from './invariants/ledger.js';
import type { Told } from './invariants/told.js';
import type { Violations } from './invariants/violations.js';
import type { Workers } from './invariants/workers.js';
import type { Member } from './member.js';
import type { Shape } from './schedule.js';
import type { Bystander } from './victim.js';

export const SERVICE = 'svc';

export interface Stage {
  readonly world: World;
  readonly shape: Shape;
  readonly names: Names;
  readonly members: readonly Member[];
  /** Those that work, are about to, or are on their way out. */
  readonly living: readonly Member[];
  /** Producers, and consumers of the Go client. */
  readonly bystanders: readonly Bystander[];
  /** All that they have taken on has come to an end. */
  readonly areBystandersIdle: boolean;
  /** The faults are over. */
  readonly isCalm: boolean;
  readonly violations: Violations;
  readonly ledger: Ledger;
  readonly workers: Workers;
  readonly told: Told;
  /** This entry was added to the stream. */
  wasAnnounced(id: string, name: string, retryCount?: number, trial?: number): void;
  /** Milliseconds of the world. */
  readonly now: number;
  say(text: string): void;
  /** Does something in so many milliseconds, whatever happens until then. */
  later(ms: number, act: () => void): void;
  /** Asks the server of the load balancer stream directly, at once, whatever the network is like; undefined when it refuses. */
  askMaybe(...command: (string | number)[]): unknown;
  /** The same, whatever it refuses to others. */
  lookAt(...command: (string | number)[]): unknown;
  /** The same of any server. */
  readonly askAt: (server: SimulatedServer, ...command: (string | number)[]) => unknown;
  /** C-OUT-5: those who live may be told of these once more. */
  mayRepeat(lives: readonly EntryLife[]): void;
  /** C-OUT-5: these may be given to somebody else under the same id, whoever has them; who has them finds out within so long after that. */
  deliversAnew(lives: readonly EntryLife[], foundOutMs: number): void;
  start(consumerId?: string): Member;
  /** Its clocks are not to be gone by for so long, from now on. */
  unsettle(member: Member, ms: number): void;
  /** Its machine is about to sleep for so long. */
  sleeps(member: Member, ms: number): void;
  /** Something that every stop under way may have to wait for, for so long. */
  disturbAll(ms?: number): void;
  /** What a tool did that writes no history, in the words of one. */
  record(record: HistoryRecord): void;
  /** The server's data is older, or gone: so is what was known of it. @param standing what the data say that are left */
  dataLost(standing: Standing): void;
  /** The same of a server that has entries of data streams, and not the load balancer stream. */
  entriesLost(server: SimulatedServer): void;
}
