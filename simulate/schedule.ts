/**
 * A schedule: everything that is decided before a run begins, as data. What it does not say (how long messages take, what handlers do) comes
 * from its seed. So a schedule can be written down, repeated, and made smaller.
 */
import { Chance } from '../src/simulation/chance.js';
import type { CommandPhase } from '../src/simulation/errands.js';
import { BEFALLS_ANYONE, FAULT_KINDS, type FaultKind } from './fault-kinds.js';
import type { GoVersion } from './go-consumer.js';

/** What the fleet and its surroundings are like, all through the run. */
export interface Shape {
  readonly processes: number;
  /** How many data streams there are names for: few, so that names meet. */
  readonly names: number;
  readonly heartbeatMs: number;
  readonly latencyMs: number;
  /** Bytes a millisecond of each connection; null: whatever there is. */
  readonly bytesPerMs: number | null;
  readonly capacity: number;
  readonly lockKeys: boolean;
  /** Heartbeats come from a thread as well, which goes on while the event loop is blocked. */
  readonly hasThread: boolean;
  /** The option of the thread. */
  readonly maxBlockedMs: number;
  readonly onUncertain: 'abort' | 'continue';
  readonly keyspaceEvents: 'prefer' | 'off';
  readonly autoClaim: boolean;
  readonly maxRetries: number;
  readonly provenAfterMs: number;
  /** Data streams that kill the process soon after it has begun with them; it is started again. */
  readonly poisons: number;
  /** What each of them takes for that, in milliseconds. */
  readonly poisonMs: number;
  readonly handOverGraceMs: number;
  readonly reconcileEveryMs: number;
  /** Keys live apart, as in a cluster. */
  readonly isApart: boolean;
  /** Masters of a cluster: with more than one, keys that live apart are on different servers. One: no cluster. */
  readonly servers: number;
  /** Consumers of the Go client, which share the service by lock keys. */
  readonly goConsumers: number;
  readonly goVersion: GoVersion;
  /** Processes with producers; 0: entries appear on the stream, and nobody has sent them. */
  readonly producers: number;
  /** Share of what producers announce only unless it is there; where there is any, handlers finish what nobody has touched meanwhile. */
  readonly ensuring: number;
  /** Share of what producers announce by appending entries to its data stream. */
  readonly appending: number;
  /** Handlers read the entries of their data streams, and finish them when nothing comes for a while. */
  readonly isReading: boolean;
  /** They wait for end marks instead, which producers add; and when all faults are over, once more to each. */
  readonly isEnding: boolean;
  /** They remove what is committed. */
  readonly isTrimming: boolean;
  /** They are given several entries at a time. */
  readonly isBatching: boolean;
  /** They commit by hand, some of what they have dealt with, and do not always wait for it. */
  readonly isCommitting: boolean;
  /** What becomes of an entry with which a handler throws more than `entryRetries` times. */
  readonly onEntryError: 'stop' | 'skip' | 'deadLetter';
  readonly entryRetries: number;
  /** Share of what producers announce, and of what handlers release, that is given out only later. */
  readonly delaying: number;
  /** How often producers cancel a name, for each announcement. */
  readonly cancelling: number;
  /** How often producers pause a name for a while, for each announcement. */
  readonly pausing: number;
  /** Entries whose names wait already are finished. */
  readonly isCoalescing: boolean;
  /** How often handlers save how far they have come: the share of those that do. */
  readonly saving: number;
  /** Handlers that take many heartbeats. */
  readonly isLong: boolean;
  /** Share of what handlers throw that says that no try can succeed. */
  readonly rejecting: number;
  /** How streams are shared out among the processes. */
  readonly balance: 'off' | { readonly everyMs: number; readonly settleMs: number };
  /** Whether some processes are to have more than others. */
  readonly isWeighted: boolean;
  /** Connections that something between ends when they are so old, in milliseconds; null: nothing does. */
  readonly connectionLifeMs: number | null;
  /** How far clocks of processes may be from the right rate: 0.0001 is a tenth of a millisecond a second. */
  readonly clockDrift: number;
  /** How long faults go on, in milliseconds. */
  readonly faultMs: number;
  /** How long everything may take to come to rest afterwards, in milliseconds. */
  readonly calmMs: number;
}

const NOT_READING = {
  isReading: false,
  isEnding: false,
  isTrimming: false,
  isBatching: false,
  isCommitting: false,
  onEntryError: 'stop',
  entryRetries: 0,
} as const;

/** What kept schedules do not say that were drawn before there was such a thing. */
const PLAIN = {
  hasThread: false,
  maxBlockedMs: 30_000,
  servers: 1,
  goConsumers: 0,
  goVersion: 'pr',
  producers: 0,
  ensuring: 0,
  appending: 0,
  ...NOT_READING,
  delaying: 0,
  cancelling: 0,
  pausing: 0,
  isCoalescing: false,
  saving: 0,
  rejecting: 0,
  provenAfterMs: 60_000,
  poisons: 0,
  poisonMs: 100,
  balance: 'off',
  isWeighted: false,
} as const;

export function shapeOf({ shape }: Schedule): Shape {
  return { ...PLAIN, ...shape };
}

export interface Announcement {
  readonly atMs: number;
  readonly name: string;
  /** How much there is to know about it, beyond its name. */
  readonly bytes?: number;
  /** By a producer: only unless it is there. */
  readonly isEnsured?: boolean;
  /** By a producer: so many entries are appended to its data stream. */
  readonly entries?: number;
  /** By a producer: an end mark is added to its data stream instead. */
  readonly isEnd?: boolean;
  /** By a producer: it is given out so many milliseconds later. */
  readonly delayMs?: number;
  /** By a producer: what has this name is cancelled instead. */
  readonly isCancelled?: boolean;
  /** By a producer: this name is paused instead, for so many milliseconds. */
  readonly pauseMs?: number;
}

/** When a fault comes: at a moment, or at a command. */
export type Moment =
  | {
      readonly atMs: number /** Which of the living: a share of the way through their list. */;
      readonly who: number;
    }
  | {
      /** The process, counted from 0 in the order of their starts; or the name of one that is no runtime. */
      readonly process: number | string;
      readonly command: string;
      /** Which of that name, counted from 1. */
      readonly nth: number;
      readonly phase: CommandPhase;
    };

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly moment: Moment;
  /** Decides how hard, how long, which one. */
  readonly dice: number;
}

export interface Schedule {
  readonly seed: number;
  readonly shape: Shape;
  readonly announcements: readonly Announcement[];
  readonly faults: readonly PlannedFault[];
}

/** What the caller wants otherwise than drawn. */
export interface Wishes {
  readonly shape?: Partial<Shape>;
  /** How often each kind comes. Kinds that are not named do not come, unless none is. */
  readonly kinds?: Partial<Record<FaultKind, number>>;
  readonly announcements?: number;
  /** All are announced within this share of the time of faults. @defaultValue 0.8 */
  readonly announcedWithin?: number;
  readonly payloads?: Payloads;
  readonly mostFaults?: number;
  /** Share of faults that are aimed at commands. @defaultValue 0.5 */
  readonly aimed?: number;
  readonly aim?: AimWishes;
}

/** At which commands faults are aimed. */
export interface AimWishes {
  /** Command → how often. */
  readonly commands: Readonly<Record<string, number>>;
  /** @defaultValue all */
  readonly phases?: readonly CommandPhase[];
  /** At the first so many of a process at most. */
  readonly most?: number;
}

/** Commands that faults are aimed at, and how often each. */
const AIMED: Readonly<Record<string, number>> = {
  acquire: 4,
  done: 4,
  'give-back': 4,
  requeue: 3,
  raise: 2,
  refresh: 3,
  leave: 1,
  XREADGROUP: 4,
  'XREADGROUP look': 1,
  XPENDING: 3,
  'XINFO CONSUMERS': 2,
  'read-entries': 2,
  HSETNX: 1,
  PTTL: 2,
  'take-locks': 2,
  'extend-locks': 1,
  'release-locks': 1,
  'CLIENT UNBLOCK': 2,
  'forget-consumer': 1,
};

/** The same of producers, and of consumers of the Go client. */
const AIMED_AT_PRODUCERS: Readonly<Record<string, number>> = { XADD: 1 };
const AIMED_WHERE_ENSURED: Readonly<Record<string, number>> = { XADD: 1, ensure: 2 };
const AIMED_WHERE_DELAYED: Readonly<Record<string, number>> = { delay: 3, 'end-delays': 3 };
const AIMED_WHERE_SAVED: Readonly<Record<string, number>> = { save: 5 };
const AIMED_WHERE_READ: Readonly<Record<string, number>> = { XREAD: 3, 'XINFO STREAM': 1, save: 4 };
const AIMED_WHERE_TRIMMED: Readonly<Record<string, number>> = { XTRIM: 2, 'remove-data': 6 };
const AIMED_AT_GO: Readonly<Record<string, number>> = {
  XREADGROUP: 3,
  SET: 2,
  EVAL: 2,
  XACK: 3,
  XDEL: 1,
  XADD: 2,
  XCLAIM: 2,
  EXISTS: 1,
};
/** Share of aimed faults that are aimed at those, where there are any and the fault can befall them. */
const AIMED_ELSEWHERE = 0.3;

/** Commands that come with every beat: the first few are over before anything has happened. */
const FREQUENT: ReadonlySet<string> = new Set([
  'refresh',
  'PTTL',
  'XINFO CONSUMERS',
  'XREADGROUP',
  'extend-locks',
  'XREAD',
]);

/** The longest delay, in milliseconds. */
export const MOST_DELAY_MS = 4000;

const PHASES: readonly CommandPhase[] = ['sent', 'arrived', 'executed', 'answered'];

function drawShape(chance: Chance, { shape: wishes = {}, kinds }: Wishes): Shape {
  const heartbeatMs = 1000;
  const drawn: Shape = {
    processes: chance.integer(2, 4),
    names: chance.integer(1, 4),
    heartbeatMs,
    latencyMs: chance.pick([1, 2, 2, 5, 20, 60]),
    bytesPerMs: chance.isTrue(0.1) ? chance.integer(1000, 10_000) : null,
    capacity: chance.integer(1, 3),
    lockKeys: chance.isTrue(0.5),
    hasThread: chance.fork('thread').isTrue(0.25),
    maxBlockedMs: chance.fork('blocked').pick([1000, 3000, 30_000]),
    onUncertain: chance.isTrue(0.5) ? 'abort' : 'continue',
    keyspaceEvents: chance.isTrue(0.5) ? 'prefer' : 'off',
    autoClaim: chance.isTrue(0.9),
    maxRetries: chance.isTrue(0.2) ? chance.integer(0, 3) : 50,
    provenAfterMs: 60_000,
    poisons: 0,
    poisonMs: 100,
    handOverGraceMs: chance.pick([0, 300, 300, 1000]),
    reconcileEveryMs: 5000,
    isApart: chance.isTrue(0.15),
    servers: 1,
    goConsumers: 0,
    goVersion: 'pr',
    producers: 0,
    ensuring: 0,
    appending: 0,
    ...NOT_READING,
    delaying: 0,
    cancelling: 0,
    pausing: 0,
    isCoalescing: false,
    saving: 0,
    isLong: chance.isTrue(0.3),
    rejecting: 0,
    balance: 'off',
    isWeighted: false,
    connectionLifeMs: null,
    clockDrift: chance.isTrue(0.5) ? 0.0001 : 0,
    faultMs: 12_000,
    calmMs: 40_000,
  };
  const whole = { ...drawn, ...drawOthers(chance, drawn), ...wishes };
  // Whoever asks for faults of certain kinds wants those and no others.
  const isMixed = kinds === undefined && wishes.poisons === undefined;
  const poison = isMixed ? drawPoison(chance.fork('poisons'), whole) : {};
  return clustered({ ...whole, ...poison, ...wishes });
}

/** In a cluster the keys are apart, and no consumer of the Go client is simulated. */
function clustered(shape: Shape): Shape {
  return shape.servers > 1 ? { ...shape, isApart: true, goConsumers: 0 } : shape;
}

function drawOthers(chance: Chance, { lockKeys, isApart }: Shape): Partial<Shape> {
  const ofGo = chance.fork('go');
  const hasGo = lockKeys && ofGo.isTrue(0.35);
  const ofServers = chance.fork('servers');
  const isCluster = isApart && !hasGo && ofServers.isTrue(0.6);
  const producers = chance.fork('producers').pick([0, 1, 1, 2]);
  const appending = producers > 0 ? chance.fork('appending').pick([0, 0, 0.3, 0.8]) : 0;
  return {
    servers: isCluster ? ofServers.integer(2, 3) : 1,
    goConsumers: hasGo ? ofGo.integer(1, 2) : 0,
    goVersion: ofGo.pick(['pr', 'v0.4']),
    producers,
    ensuring: producers > 0 ? chance.fork('ensuring').pick([0, 0, 0.5, 1]) : 0,
    appending,
    ...(appending > 0 ? drawReading(chance.fork('reading')) : NOT_READING),
    delaying: chance.fork('delaying').pick([0, 0, 0.2, 0.6]),
    cancelling: producers > 0 ? chance.fork('cancelling').pick([0, 0, 0.3, 0.8]) : 0,
    pausing: producers > 0 ? chance.fork('pausing').pick([0, 0, 0.2, 0.5]) : 0,
    isCoalescing: chance.fork('coalescing').isTrue(0.25),
    saving: chance.fork('saving').pick([0, 0.5, 1]),
    rejecting: chance.fork('rejecting').pick([0, 0.2, 0.5]),
    balance: drawBalance(chance.fork('balance')),
    isWeighted: chance.fork('weights').isTrue(0.3),
    provenAfterMs: chance.fork('proven').pick([700, 2000, 60_000]),
  };
}

function drawReading(chance: Chance): Partial<Shape> {
  if (!chance.isTrue(0.6)) return NOT_READING;
  return {
    isReading: true,
    isEnding: chance.isTrue(0.4),
    isTrimming: chance.isTrue(0.4),
    isBatching: chance.fork('batches').isTrue(0.3),
    isCommitting: chance.fork('commits').isTrue(0.25),
    onEntryError: chance.pick(['stop', 'stop', 'skip', 'deadLetter']),
    entryRetries: chance.integer(0, 2),
  };
}

function drawBalance(chance: Chance): Shape['balance'] {
  if (chance.isTrue(0.25)) return 'off';
  return { everyMs: chance.pick([200, 500]), settleMs: chance.pick([0, 500, 4000]) };
}

/** Share of mixed runs in which a data stream kills its processes. */
const POISON_SHARE = 0.15;

function drawPoison(chance: Chance, { provenAfterMs }: Shape): Partial<Shape> {
  if (!chance.isTrue(POISON_SHARE)) return {};
  return {
    poisons: 1,
    // What kills later than provenAfterMs is never dead-lettered.
    poisonMs: Math.min(chance.pick([30, 200, 1500]), Math.round(provenAfterMs / 3)),
    maxRetries: chance.integer(0, 3),
    // It goes on killing until it falls.
    calmMs: 240_000,
  };
}

/** Share of mixed runs in which somebody writes where nobody should, drawn apart: what else befalls a run does not depend on it. */
const MEDDLING_SHARE = 0.1;
const MEDDLING = ['garbage', 'setBack', 'ahead'] as const;

/** Share of mixed runs in which rounds of balancing find what is not so, likewise. */
const MISTAKEN_SHARE = 0.4;

function drawMistakes(chance: Chance, { faultMs }: Shape): PlannedFault[] {
  if (!chance.isTrue(MISTAKEN_SHARE)) return [];
  return Array.from({ length: chance.integer(1, 8) }, () => ({
    kind: 'wrongRound' as const,
    moment: { atMs: Math.round(chance.next() * faultMs), who: chance.next() },
    dice: chance.integer(1, 2 ** 31),
  }));
}

/** Where there are heartbeat threads, event loops are blocked. */
function drawBlocks(chance: Chance, { faultMs, hasThread }: Shape): PlannedFault[] {
  if (!hasThread) return [];
  return Array.from({ length: chance.integer(1, 4) }, () => ({
    kind: 'block' as const,
    moment: { atMs: Math.round(chance.next() * faultMs), who: chance.next() },
    dice: chance.integer(1, 2 ** 31),
  }));
}

function drawMeddling(chance: Chance, { faultMs }: Shape): PlannedFault[] {
  if (!chance.isTrue(MEDDLING_SHARE)) return [];
  const kind = chance.pick(MEDDLING);
  return Array.from({ length: chance.integer(1, 3) }, () => ({
    kind,
    moment: { atMs: Math.round(chance.next() * faultMs), who: chance.next() },
    dice: chance.integer(1, 2 ** 31),
  }));
}

/** How large payloads are, by how long a connection takes for them, in milliseconds. */
export interface Payloads {
  /** A single one, at least. @defaultValue next to nothing */
  readonly leastMs?: number;
  /** A single one, at most. */
  readonly mostMs: number;
  /** All of a run together, at most. */
  readonly allMs: number;
}

const MODERATE: Payloads = { mostMs: 30, allMs: 150 };
const LARGE: Payloads = { mostMs: 200, allMs: 1500 };
/** Share of large ones, among runs in which a connection takes time for payloads. */
const LARGE_SHARE = 0.3;
const LEAST_PAYLOAD = 2000;
/** Consumers set aside what has more than 1 MiB. */
const LARGEST_PAYLOAD = 1_000_000;

/** Some announcements with more to know than a name, where it takes a connection time to carry that. */
function enlarged(
  chance: Chance,
  announcements: readonly Announcement[],
  { bytesPerMs }: Shape,
  wished: Payloads | undefined,
): readonly Announcement[] {
  if (bytesPerMs === null) return announcements;
  const payloads = wished ?? (chance.fork('large').isTrue(LARGE_SHARE) ? LARGE : MODERATE);
  let left = payloads.allMs * bytesPerMs;
  const least = Math.max(LEAST_PAYLOAD, (payloads.leastMs ?? 0) * bytesPerMs);
  const largest = Math.min(LARGEST_PAYLOAD, payloads.mostMs * bytesPerMs);
  return announcements.map((announcement) => {
    const bytes = chance.integer(least, largest);
    if (!chance.isTrue(0.4) || bytes > left) return announcement;
    left -= bytes;
    return { ...announcement, bytes };
  });
}

/** Commands of producers, as far as they are used. */
function aimedAtProducers({
  ensuring,
  appending,
  delaying,
  cancelling,
  pausing,
}: Shape): Readonly<Record<string, number>> {
  return {
    ...(ensuring > 0 || appending > 0 ? AIMED_WHERE_ENSURED : AIMED_AT_PRODUCERS),
    ...(delaying > 0 ? { 'add-delayed': 1 } : {}),
    ...(cancelling > 0 ? { cancel: 2 } : {}),
    ...(pausing > 0 ? { pause: 1 } : {}),
  };
}

function drawElsewhere(chance: Chance, shape: Shape): Moment {
  const { goConsumers, producers } = shape;
  const [phase, nth] = [chance.pick(PHASES), chance.integer(1, 6)];
  const who = chance.integer(0, goConsumers + producers - 1);
  const [process, commands] =
    who < goConsumers
      ? [goName(who), AIMED_AT_GO]
      : [producerName(who - goConsumers), aimedAtProducers(shape)];
  return { process, command: chance.weighted(commands) ?? 'XADD', nth, phase };
}

const POISON = 'poison-';

export function poisonName(index: number): string {
  return `${POISON}${index}`;
}

export function isPoison(name: string): boolean {
  return name.startsWith(POISON);
}

export function goName(index: number): string {
  return `redis-consumer-go${index}`;
}

export function producerName(index: number): string {
  return `producer ${index}`;
}

function drawMoment(chance: Chance, shape: Shape, { aimed = 0.5, aim }: Wishes, kind: FaultKind): Moment {
  if (!chance.isTrue(aimed)) return { atMs: Math.round(chance.next() * shape.faultMs), who: chance.next() };
  const hasOthers = aim === undefined && shape.goConsumers + shape.producers > 0;
  if (hasOthers && BEFALLS_ANYONE.has(kind) && chance.isTrue(AIMED_ELSEWHERE))
    return drawElsewhere(chance, shape);
  const usual = {
    ...AIMED,
    ...(shape.delaying > 0 ? AIMED_WHERE_DELAYED : {}),
    ...(shape.saving > 0 ? AIMED_WHERE_SAVED : {}),
    ...(shape.isReading ? AIMED_WHERE_READ : {}),
    ...(shape.isReading && shape.isTrimming ? AIMED_WHERE_TRIMMED : {}),
  };
  const command = chance.weighted(aim?.commands ?? usual) ?? 'acquire';
  return {
    process: chance.integer(0, shape.processes),
    command,
    nth: chance.integer(1, aim?.most ?? (FREQUENT.has(command) ? 25 : 6)),
    phase: chance.pick(aim?.phases ?? PHASES),
  };
}

export function drawSchedule(seed: number, wishes: Wishes = {}): Schedule {
  const chance = new Chance(seed).fork('schedule');
  const shape = drawShape(chance.fork('shape'), wishes);
  const ofEntries = chance.fork('announcements');
  const count = wishes.announcements ?? ofEntries.integer(6, 20);
  const { announcedWithin = 0.8 } = wishes;
  const plain = Array.from({ length: count }, () => ({
    atMs: Math.round(ofEntries.next() * shape.faultMs * announcedWithin),
    name: `order-${ofEntries.integer(1, shape.names)}`,
  }));
  const ensured = chance.fork('ensured');
  const appended = chance.fork('appended');
  const delayed = chance.fork('delayed');
  const isDelayed = () => shape.producers > 0 && delayed.isTrue(shape.delaying);
  const cancelled = chance.fork('cancelled');
  const drawn: Announcement[] = plain.flatMap((one) => {
    const first = ensured.isTrue(shape.ensuring)
      ? { ...one, isEnsured: true }
      : isDelayed()
        ? { ...one, delayMs: delayed.integer(0, MOST_DELAY_MS) }
        : appended.isTrue(shape.appending)
          ? { ...one, entries: appended.integer(1, 4) }
          : one;
    if (!cancelled.isTrue(shape.cancelling)) return [first];
    const atMs = Math.round(one.atMs + cancelled.next() * cancelled.pick([0, 50, 1000, 3000]));
    return [first, { atMs, name: one.name, isCancelled: true }];
  });
  const ended = chance.fork('ended');
  for (const { atMs, name } of shape.isEnding ? plain : []) {
    if (!ended.isTrue(0.5)) continue;
    drawn.push({ atMs: Math.round(atMs + ended.next() * ended.pick([20, 300, 3000])), name, isEnd: true });
  }
  const paused = chance.fork('paused');
  for (const { atMs, name } of plain) {
    if (!paused.isTrue(shape.pausing)) continue;
    drawn.push({
      atMs: Math.max(0, Math.round(atMs - paused.pick([0, 50, 500]))),
      name,
      pauseMs: paused.integer(0, 3000),
    });
  }
  const ofPoisons = chance.fork('poisons');
  const poisons = Array.from({ length: shape.poisons }, (_, index) => ({
    atMs: Math.round(ofPoisons.next() * shape.faultMs * announcedWithin),
    name: poisonName(index),
  }));
  const harmless = enlarged(chance.fork('payloads'), drawn, shape, wishes.payloads);
  const announcements = [...harmless, ...poisons];
  const ofFaults = chance.fork('faults');
  const kinds = wishes.kinds ?? Object.fromEntries(FAULT_KINDS.map(({ kind, weight }) => [kind, weight]));
  const most = wishes.mostFaults ?? 14;
  const faults: PlannedFault[] = [];
  for (let left = ofFaults.integer(0, most); left > 0; left -= 1) {
    const kind = ofFaults.weighted<FaultKind>(kinds);
    if (kind === undefined) break;
    const moment = drawMoment(ofFaults, shape, wishes, kind);
    faults.push({ kind, moment, dice: ofFaults.integer(1, 2 ** 31) });
  }
  const isMixed = wishes.kinds === undefined && wishes.mostFaults === undefined;
  if (isMixed && wishes.shape?.poisons === undefined)
    faults.push(...drawMeddling(chance.fork('meddling'), shape));
  if (isMixed) {
    faults.push(...drawMistakes(chance.fork('mistakes'), shape));
    faults.push(...drawBlocks(chance.fork('blocks'), shape));
  }
  return { seed, shape, announcements, faults };
}
