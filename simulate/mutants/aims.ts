/** Where mutants are looked for: fleets and faults that lead to the windows in which they show. */
import type { Wishes } from '../schedule.js';

/** Processes come and go while there are many streams to share out. */
export const SHARING: Wishes = {
  kinds: { restart: 3, stop: 2 },
  announcements: 60,
  announcedWithin: 0.3,
  shape: { processes: 2, names: 60, capacity: 40, isLong: true, balance: { everyMs: 200, settleMs: 6000 } },
};

export const DEATHS: Wishes = { kinds: { crash: 2, freeze: 2, stall: 1 }, mostFaults: 8 };

export const FEW_RETRIES: Wishes = { kinds: { crash: 2, freeze: 1 }, shape: { maxRetries: 1 } };

/** Two sweepers take from the same dead consumer: the script of the first one is late, and the second steps in. */
export const LATE_TAKEOVER: Wishes = {
  kinds: { crash: 3, late: 2, stall: 2 },
  aim: { commands: { requeue: 1 }, phases: ['sent'], most: 2 },
  mostFaults: 20,
  shape: { processes: 4, isLong: true, capacity: 3 },
};

/** An owner is back between the look at its presence and the script that takes from it. */
export const BACK_BEFORE_TAKEOVER: Wishes = {
  kinds: { freeze: 3, late: 2, stall: 2 },
  aim: { commands: { requeue: 1 }, phases: ['sent'], most: 3 },
  mostFaults: 24,
  shape: { processes: 2, isLong: true, capacity: 3 },
};

/** A read, or what follows it, takes its time, while entries of the same name change hands. */
export const SLOW_READERS: Wishes = {
  kinds: { freeze: 3, stall: 3, late: 1 },
  aim: { commands: { XREADGROUP: 2, acquire: 1 }, phases: ['sent', 'executed'], most: 15 },
  aimed: 0.9,
  announcements: 30,
  mostFaults: 30,
  shape: { processes: 4, names: 1, isLong: false, capacity: 3, handOverGraceMs: 0 },
};

/** Processes stand still for longer than their presence lasts, and go on at once with what they were about to do. */
export const WAKERS: Wishes = {
  kinds: { freeze: 3, suspend: 1 },
  aim: { commands: { XREADGROUP: 1, acquire: 1, done: 1 }, phases: ['sent', 'executed'], most: 12 },
  mostFaults: 20,
  shape: { processes: 4, onUncertain: 'continue', capacity: 3 },
};

/** Consumers that seem dead, and whose parked read is served while they are forgotten. */
export const SLEEPERS: Wishes = {
  kinds: { freeze: 3, suspend: 1 },
  mostFaults: 20,
  announcements: 60,
  shape: { processes: 3, names: 6, latencyMs: 60, capacity: 3, isLong: false },
};

/** A raise is executed so late that presence had lapsed before, and its sender was away. */
export const LATE_RAISES: Wishes = {
  kinds: { late: 3, freeze: 3, stall: 1 },
  aim: { commands: { raise: 1, refresh: 1 }, phases: ['sent'], most: 6 },
  aimed: 0.9,
  mostFaults: 40,
  shape: { processes: 3, latencyMs: 20, isLong: true, onUncertain: 'continue' },
};

/** A hand-over is late, its repetition is refused for good, and the stream is assigned to the same process once more. */
export const LATE_GIVE_BACK: Wishes = {
  kinds: { late: 1, deny: 1 },
  aim: { commands: { 'give-back': 1 }, phases: ['sent'], most: 4 },
  aimed: 1,
  mostFaults: 24,
  announcements: 30,
  shape: { processes: 2, capacity: 3, isLong: false },
};

/** A stream that kills its process among many that do not, all of them announced at once. */
export const POISONED: Wishes = {
  mostFaults: 0,
  announcements: 60,
  announcedWithin: 0.02,
  shape: {
    processes: 1,
    poisons: 1,
    poisonMs: 100,
    names: 500,
    capacity: 100,
    maxRetries: 3,
    provenAfterMs: 60_000,
    latencyMs: 2,
    bytesPerMs: null,
    autoClaim: true,
    isLong: true,
    rejecting: 0,
    goConsumers: 0,
    connectionLifeMs: null,
    faultMs: 30_000,
    calmMs: 120_000,
  },
};

/** Streams become proven, between deaths and while names are waited for. */
export const PROVEN: Wishes = {
  kinds: { crash: 3, freeze: 1, cut: 1 },
  mostFaults: 12,
  announcements: 30,
  shape: { provenAfterMs: 1000, isLong: true, names: 3, capacity: 3, maxRetries: 50 },
};

/** A payload takes longer than it takes to look again at what is pending: where there are consumers of the Go client, that is every two heartbeats. */
export const SLOW_PAGES: Wishes = {
  kinds: { cut: 2, mute: 1, halfOpenReader: 2 },
  aim: { commands: { XREADGROUP: 1 }, phases: ['executed'], most: 12 },
  mostFaults: 12,
  payloads: { leastMs: 820, mostMs: 860, allMs: 4000 },
  shape: {
    processes: 2,
    heartbeatMs: 400,
    latencyMs: 2,
    bytesPerMs: 1000,
    capacity: 1,
    lockKeys: true,
    goConsumers: 1,
    isLong: false,
  },
};

/** Producers that announce the same few names again and again, unless they are there. */
export const ENSURED: Wishes = {
  kinds: { crash: 2, freeze: 1, stop: 1 },
  announcements: 60,
  mostFaults: 6,
  shape: { producers: 2, ensuring: 1, names: 2, processes: 2, capacity: 3, goConsumers: 0, isLong: false },
};

/** Streams that are given out later, by producers and by their owners, and ensured meanwhile. */
export const DELAYED: Wishes = {
  kinds: { crash: 1, freeze: 1, cut: 1, late: 1 },
  announcements: 30,
  mostFaults: 4,
  shape: { producers: 2, delaying: 0.6, ensuring: 0.3, names: 3, processes: 3, capacity: 3, goConsumers: 0 },
};

/** Streams that are cancelled soon after they were announced, and while they are worked on. */
export const CANCELLED: Wishes = {
  kinds: { crash: 2, freeze: 1, stop: 1 },
  announcements: 40,
  mostFaults: 6,
  shape: { producers: 2, cancelling: 1, ensuring: 0.5, names: 3, processes: 3, capacity: 3, goConsumers: 0 },
};

/** Few names that are announced again and again, and paused meanwhile. */
export const HOT: Wishes = {
  kinds: { crash: 1, freeze: 1, cut: 1 },
  announcements: 40,
  mostFaults: 4,
  shape: { producers: 2, pausing: 0.3, ensuring: 0.2, names: 2, processes: 3, capacity: 3, goConsumers: 0 },
};

/** Handlers save how far they have come, while streams change hands, answers are lost, and processes stand still. */
export const SAVED: Wishes = {
  kinds: { crash: 1, freeze: 2, late: 2, cut: 1, restart: 1, stop: 1 },
  aim: { commands: { save: 3, acquire: 1, done: 1, 'give-back': 1 }, most: 6 },
  announcements: 30,
  mostFaults: 16,
  shape: { saving: 1, names: 3, processes: 3, capacity: 3, goConsumers: 0, onUncertain: 'continue' },
};

const READING = {
  producers: 2,
  appending: 1,
  isReading: true,
  names: 3,
  processes: 3,
  capacity: 3,
  goConsumers: 0,
  isApart: false,
} as const;

/** Handlers read entries that producers append, while streams change hands and answers are lost. */
export const READ: Wishes = {
  kinds: { crash: 2, freeze: 1, cut: 2, restart: 1, stop: 1 },
  aim: { commands: { save: 2, acquire: 1, done: 2, 'give-back': 1 }, most: 6 },
  announcements: 30,
  mostFaults: 12,
  shape: READING,
};

/** The same, while answers to producers are lost: faults are aimed at their commands, too. */
export const APPENDED: Wishes = {
  kinds: { cut: 2, mute: 2, cutClient: 2 },
  aimed: 1,
  announcements: 40,
  mostFaults: 16,
  shape: READING,
};

/** The same with much to append, and what owners send late. */
export const APPENDED_LATE: Wishes = {
  kinds: { late: 1 },
  aim: { commands: { done: 1 }, phases: ['sent'], most: 12 },
  announcements: 40,
  mostFaults: 20,
  shape: { ...READING, names: 10, capacity: 10, latencyMs: 60 },
};

/** Owners remove what they have read, up to end marks, while they die and are frozen in the middle of that. */
export const REMOVED: Wishes = {
  kinds: { crash: 3, freeze: 1, restart: 2, cut: 1 },
  aim: { commands: { 'remove-data': 4, XTRIM: 1, save: 2, done: 2 }, most: 4 },
  announcements: 40,
  mostFaults: 12,
  shape: { ...READING, isEnding: true, isTrimming: true },
};

/** The same, where each death is one in the middle of a removal. */
export const KILLED_REMOVING: Wishes = {
  ...REMOVED,
  kinds: { crash: 1 },
  aimed: 1,
  aim: { commands: { 'remove-data': 1 }, phases: ['executed', 'answered'], most: 6 },
  shape: { ...REMOVED.shape, names: 12, capacity: 12 },
};

/** The same in a cluster, where an entry and its announcement are on two servers. */
export const REMOVED_APART: Wishes = {
  ...REMOVED,
  kinds: { cut: 2, stall: 2, freeze: 1 },
  shape: { ...REMOVED.shape, isApart: true, servers: 3, latencyMs: 20 },
};

/** Handlers throw with entries in hand that are not to be tried for ever. */
export const THROWN: Wishes = {
  ...READ,
  shape: { ...READING, onEntryError: 'deadLetter', entryRetries: 1, maxRetries: 50 },
};

/** Event loops that are blocked beside heartbeat threads, now and then for longer than those go on. */
export const BLOCKED: Wishes = {
  kinds: { block: 1 },
  mostFaults: 6,
  aimed: 0,
  shape: { hasThread: true, maxBlockedMs: 3000, isLong: true },
};

/** The same, while somebody takes what they own, and answers take their time. */
export const BLOCKED_AND_ROBBED: Wishes = {
  kinds: { block: 4, forceClaim: 1, stall: 3, late: 2, cut: 1 },
  mostFaults: 20,
  announcements: 30,
  shape: { hasThread: true, maxBlockedMs: 3000, isLong: true, latencyMs: 60, onUncertain: 'continue' },
};

/** Handlers are given several entries at a time, of streams that have many. */
export const IN_BATCHES: Wishes = { ...READ, shape: { ...READING, isBatching: true, names: 2 } };

/** Handlers commit by hand, and not all that they have dealt with. */
export const BY_HAND: Wishes = { ...READ, shape: { ...READING, isCommitting: true } };
