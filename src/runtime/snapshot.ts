/** One plain object of everything that a runtime knows of itself. The CLI and the inspector show this and nothing else. */
import type { ProcessLag } from '../actors/data/lag.js';
import type { ErrorFact } from '../machines/facts.js';
import type {
  ChildRecord,
  ConsumerState,
  Failure,
  KeyspaceSetup,
  OwnershipState,
  RoundFigures,
  ScanFigures,
  VerifyOutput,
} from '../machines/standing.js';
import type { ServerFacts } from '../redis/capabilities.js';
import type { Lag } from '../redis/lag.js';
import type { ParkedCounts } from '../redis/lease-store.js';

export interface StreamSnapshot {
  readonly name: string;
  readonly id: string;
  readonly state: OwnershipState;
  readonly retryCount: number;
  /** `proven`: it has been ours for so long that its counts are over. `suspect`: it was begun with few others (C-POI-11). */
  readonly mark: 'proven' | 'suspect' | null;
  /** How often producers ensured it since it is ours, as far as is known. */
  readonly touched: number;
  /** When it was verified as ours, epoch milliseconds; null while it is not. */
  readonly since: number | null;
  /** How far its reader is behind, as of the last look. Null: no handler reads its entries, or it is not known. */
  readonly lag: Lag | null;
}

export interface ClusterNodeSnapshot {
  /** `host:port`, as clients reach it. */
  readonly address: string;
  readonly id: string;
  readonly role: 'master' | 'replica';
  /** Of the master that it replicates; null for a master. */
  readonly masterId: string | null;
  /** Declared dead by the cluster. */
  readonly failed: boolean;
  /** Slots it serves, as ranges with both ends included. */
  readonly slots: readonly (readonly [from: number, to: number])[];
  /** Why it did not answer when it was last asked; null when it did. */
  readonly silent: string | null;
}

export interface TopologySnapshot {
  readonly state: 'probing' | 'applying' | 'settled' | 'unsettled';
  /** Whether, when they were last asked, all nodes said that all is well, and agreed; null before that. */
  readonly settled: boolean | null;
  /** Why not. */
  readonly problems: readonly string[];
  /** Epoch milliseconds of the last answers; null before them. */
  readonly askedAt: number | null;
  /** How often the nodes have been asked. */
  readonly rounds: number;
  /** How often other masters were covered than before, the first time included. */
  readonly changes: number;
  readonly nodes: readonly ClusterNodeSnapshot[];
}

export interface SubscriptionSnapshot {
  /** Address of the master. */
  readonly master: string;
  readonly state: string;
  /** What came of setting keyspace events up; null when it has not come to that. */
  readonly setup: KeyspaceSetup | null;
  readonly error: (ErrorFact & { readonly during: string }) | null;
  /** How often it has been started. */
  readonly attempts: number;
  /** Since when it has been in this state, epoch milliseconds. */
  readonly since: number;
  /** Expiries heard, of locks and presences. */
  readonly events: number;
}

/** Counted since `start()`. */
export interface Counters {
  /** Streams that became ours. */
  acquired: number;
  finished: number;
  handedOver: number;
  /** Streams handed over so that others have their share; counted in `handedOver` as well. */
  moved: number;
  /** Streams that the application was told are not its own any more, as `StreamDisowned`. */
  lost: number;
  /** Handlers that threw. */
  handlerFailures: number;
  /** Entries that this consumer gave to everyone: of dead consumers, of failed handlers, on hand-over. */
  requeued: number;
  deadLettered: number;
  /** Dead letters that were trimmed away to keep the cap. */
  deadLettersTrimmed: number;
  /** Entries of which this consumer found that their payload had been trimmed or deleted by something else, unfinished. */
  vanished: number;
  /** Checkpoints that were written, those that a newer one of the same flush replaced not counted. */
  saved: number;
  /** Scripts that wrote them. */
  flushes: number;
  /** Checkpoints that were not written, as their streams were not this runtime's any more. */
  savesRefused: number;
  /** Entries of data streams that came, and the bytes of their fields. */
  entriesRead: number;
  entryBytes: number;
  /** Entries with which handlers were done: they have asked for more, or committed them. One may be counted again, by its next owner as well. */
  entriesHandled: number;
  /** Entries that were passed over (`EntryFailed`), with a copy kept or without. */
  entriesPassedOver: number;
  /** Entries that were removed before they were read (`EntriesTrimmed`): at least so many. */
  entriesLost: number;
  /** Wakes that were heard: producers appended to streams of this runtime. */
  wakes: number;
  /** done() calls whose outcome could not be found out. */
  unknownOutcomes: number;
  /** How often producers ensured streams while they were ours, as far as is known. */
  touches: number;
  /** Streams that a producer cancelled while they were this runtime's. */
  cancelled: number;
  /** Streams given back to be given out later. */
  delayed: number;
  /** Delayed streams that this runtime gave to everyone when they were due. */
  delaysEnded: number;
  /**
   * Entries that this runtime was given while their names were not free, and that wait aside. Those of an answer that was lost are not counted, 128 at most;
   * how many wait in all is in `Snapshot.parked`.
   */
  parked: number;
  /** Entries that were finished, as another one of their name waited (`duplicates: 'coalesce'`). Those of an answer that was lost are not counted. */
  coalesced: number;
  /** Names that this runtime found parked and free: what should have given them out was lost. */
  unparked: number;
  keyspaceEvents: number;
  notificationsDropped: number;
}

export interface Snapshot {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly service: string;
  readonly consumer: string;
  readonly state: ConsumerState;
  /** Child → why it is in trouble; empty unless degraded. */
  readonly troubles: Readonly<Record<string, string>>;
  /** How deaths are found: by keyspace events and asking, or by asking alone. */
  readonly recovery: 'events' | 'polling';
  readonly paused: boolean;
  readonly capacity: number;
  /** Streams that are ours, whatever is being done with them. */
  readonly owned: number;
  /** Entries that wait for their data stream's name. */
  readonly waiting: number;
  /** What waits aside for its name, of the whole service, as of the last heartbeat: how much, and of which names most. */
  readonly parked: ParkedCounts;
  /** Suspects that are begun later: streams that died with so many owners that they are begun a few at a time (C-POI-11). */
  readonly heldBack: number;
  readonly streams: readonly StreamSnapshot[];
  /** How far the streams are behind, all together, as of the last look. Null: no handler has read any entries. */
  readonly lag: ProcessLag | null;
  readonly lease: {
    /** Path of the keeper's state, such as `present.confirmed`. */
    readonly state: string;
    readonly certain: boolean;
    /** Until when the lease holds for certain, epoch milliseconds; null: not held. */
    readonly validUntil: number | null;
    /** How often the deadline passed without a beat. */
    readonly misses: number;
    /** How often the heartbeat thread has kept it while the event loop was blocked for longer than it lasts; null: there is no thread. */
    readonly keeps: number | null;
    /** The generation of presence that was written or found last. */
    readonly generation: number;
    /** How often presence had lapsed when it was written again. */
    readonly lapses: number;
    readonly lastError: ErrorFact | null;
    readonly lastVerify: VerifyOutput | null;
  };
  readonly reconciler: {
    readonly state: string;
    readonly scans: number;
    readonly sweeps: number;
    /** Figures of the last whole scan. */
    readonly lastScan: (ScanFigures & { readonly at: number }) | null;
    /** Of the latest attempt that failed; null when both sweep and scan have succeeded since. */
    readonly lastError: ErrorFact | null;
    /** Consumers that are known to be dead. */
    readonly dead: readonly string[];
  };
  /** How this process keeps the fleet's streams shared out. */
  readonly balancer: {
    /** `resting` or `working`: makes a round. */
    readonly state: string;
    /** It is handing streams over. */
    readonly moving: boolean;
    /** It was told to take streams a while ago, and hands none over for now. */
    readonly cooling: boolean;
    /** Rounds that it has made. */
    readonly rounds: number;
    /** What the last one of them found; null: it has made none. */
    readonly lastRound: RoundFigures | null;
    /** Load for a weight of 1 if all had their share, as of the last round of whomever; null: there was none. */
    readonly level: number | null;
    readonly lastError: ErrorFact | null;
  };
  /** What the runtime is connected to. */
  readonly deployment: 'single' | 'sentinel' | 'cluster';
  /** The cluster as it was last seen; null where there is none. */
  readonly topology: TopologySnapshot | null;
  /** One for each master that is listened to. */
  readonly subscriptions: readonly SubscriptionSnapshot[];
  readonly children: readonly ChildRecord[];
  /** The latest failures of the runtime's parts, and of handlers (`handler/<entry id>`), oldest first. */
  readonly failures: readonly Failure[];
  readonly server: ServerFacts | null;
  readonly counters: Readonly<Counters>;
}

/** The same without what grows with the number of streams, and without its time. */
export type Overview = Omit<Snapshot, 'streams' | 'at'>;
