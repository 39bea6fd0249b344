/** The public face of an admin. */
import type { Cancelled } from '../redis/cancelling.js';
import type { Ownership } from '../redis/owner-survey.js';
import type { PauseChange } from '../redis/parking.js';
import type { PendingRow } from '../redis/pending-survey.js';
import type { FleetMember } from '../runtime/fleet.js';
import type { AdoptedEntry, StrandedOptions } from './adopting.js';
import type { CallOptions } from './calls.js';
import type { ClaimedEntry } from './claiming.js';
import type { Finding } from './doctor/finding.js';
import type { DeadLettersAdmin } from './letters/letters-admin.js';
import type { PendingFilter } from './pending-filter.js';
import type { CheckpointStatus } from './progress.js';
import type { ServiceStatus } from './status/service-status.js';
import type { DoctorOptions, WatchTopologyOptions } from './surveys.js';
import type { TopologyPicture } from './topology/picture.js';

export interface ClaimOptions extends CallOptions {
  /** Whether it is taken from a holder that is alive as well. @defaultValue false */
  readonly force?: boolean;
}

export interface PendingOptions extends PendingFilter, CallOptions {}

/**
 * Looks after one service from outside: no consumer has to run. It connects with the first call, and stays connected until `close()`. Calls may run
 * side by side. What they are given is checked before any I/O: `InvalidOption`.
 */
export interface Admin extends AsyncDisposable {
  /** Name of the service. */
  readonly service: string;
  /**
   * Whether Redis knows the service: a load balancer stream, a dead-letter stream, or something delayed.
   * @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
   */
  exists(options?: CallOptions): Promise<boolean>;
  /**
   * The service at one look: its streams, its group, its consumers, what is delayed, parked and paused.
   * @throws StreamwardenError `ServiceNotFound`, `NotAStream`, and as `exists()`
   */
  status(options?: CallOptions): Promise<ServiceStatus>;
  /** The consumers of the group. @throws StreamwardenError as `status()` */
  fleet(options?: CallOptions): Promise<FleetMember[]>;
  /**
   * What is pending, in the order of the ids: which stream, which consumer has it, whether that consumer lives. It is read a page at a time as it is
   * asked for, so rows may be of different moments.
   * @throws StreamwardenError `InvalidOption` at once; while it is iterated as `exists()`
   */
  pending(options?: PendingOptions): AsyncIterableIterator<PendingRow>;
  /** Which consumer owns a data stream, as far as Redis can tell. @throws StreamwardenError as `exists()` */
  owner(name: string, options?: CallOptions): Promise<Ownership>;
  /**
   * What is kept of how far a data stream has come, whether or not a consumer owns it, and how much is behind that; null: nothing is kept.
   * @throws StreamwardenError `InvalidCheckpoint`: it is none, or one of a newer version; as `exists()`
   */
  checkpoint(name: string, options?: CallOptions): Promise<CheckpointStatus | null>;
  readonly deadLetters: DeadLettersAdmin;
  /** One entry of the pending list; null: it is not pending. @throws StreamwardenError as `exists()` */
  pendingEntry(id: string, options?: CallOptions): Promise<PendingRow | null>;
  /**
   * Takes a pending entry from its holder, in one atomic step, and announces it anew for every consumer. A retry is spent where its holder owned it. A holder that is alive is left
   * alone, unless `force` is set: then its stream is told as lost. A stranded entry is announced anew likewise.
   * @throws StreamwardenError `OwnerAlive`, `AlreadyClaimed`: nothing was done, and `details.outcome` says what was found; as `exists()`
   */
  claim(id: string, options?: ClaimOptions): Promise<ClaimedEntry>;
  /**
   * Ids of entries that are stranded: delivered, still on the stream, and pending for no consumer.
   * @throws StreamwardenError `InvalidOption` at once; while it is iterated as `exists()`
   */
  stranded(options?: StrandedOptions): AsyncIterableIterator<string>;
  /**
   * Announces stranded entries anew, no retry spent, a batch of at most 100 each time the iteration needs more.
   * @throws StreamwardenError `InvalidOption` at once; while it is iterated as `exists()`
   */
  adopt(ids: readonly string[], options?: CallOptions): AsyncIterableIterator<AdoptedEntry>;
  /** As `producer.cancel()`. */
  cancel(name: string, options?: CallOptions): Promise<Cancelled>;
  /** As `producer.cancelMany()`. */
  cancelMany(names: readonly string[], options?: CallOptions): Promise<Cancelled[]>;
  /** As `producer.pause()`. */
  pause(name: string, options?: CallOptions): Promise<PauseChange>;
  /** As `producer.resume()`. */
  resume(name: string, options?: CallOptions): Promise<PauseChange>;
  /**
   * The servers that the service is on: masters, replicas, slots, Sentinels, whether they agree. What does not answer is part of the picture, and nothing
   * is thrown for it. Its connections are its own, and are closed when it resolves.
   */
  topology(options?: CallOptions): Promise<TopologyPicture>;
  /** The same again and again, until the loop is left or the signal aborts. @throws StreamwardenError `InvalidOption` at once */
  watchTopology(options?: WatchTopologyOptions): AsyncIterableIterator<TopologyPicture>;
  /**
   * Whether the servers are fit for consumers, and what to do where they are not: a finding for each check, good ones as well. It asks every server many
   * things, for seconds. @throws StreamwardenError `RedisUnavailable` when no server answers
   */
  doctor(options?: DoctorOptions): Promise<Finding[]>;
  /** Closes the connection. Calls under way, and later ones, reject with `RuntimeStopped`. */
  close(): Promise<void>;
}
