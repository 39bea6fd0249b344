/** The public interface of streamwarden. Everything not named here is internal. */

export type { LoadFacts, ProcessLag } from './actors/data/lag.js';
export type { Admin, ClaimOptions, PendingOptions } from './admin/admin.js';
export type { AdoptedEntry, StrandedOptions } from './admin/adopting.js';
export type { CallOptions } from './admin/calls.js';
export type { ClaimedEntry, UnclaimedEntry } from './admin/claiming.js';
export { type AdminOptions, createAdmin } from './admin/create-admin.js';
export type { Finding, Result as FindingResult } from './admin/doctor/finding.js';
export type {
  DeadLettersAdmin,
  DeletedLetter,
  LetterChoice,
  LetterListOptions,
  LetterRange,
  LettersSummary,
  RedrivenLetter,
} from './admin/letters/letters-admin.js';
export type { PendingFilter } from './admin/pending-filter.js';
export type { CheckpointStatus, PositionStatus } from './admin/progress.js';
export type {
  BalanceStatus,
  ConsumerStatus,
  DelayedStatus,
  ParkedStatus,
  PausedStatus,
  ServiceStatus,
  ServiceTotals,
} from './admin/status/service-status.js';
export type { DoctorOptions, WatchTopologyOptions } from './admin/surveys.js';
export type {
  KeyspaceSetting,
  MasterPicture,
  NodePicture,
  SentinelPicture,
  Slots,
  TopologyPicture,
} from './admin/topology/picture.js';
export type { Clock, Timer } from './core/clock.js';
export { compareFencingTokens } from './core/entry-id.js';
export {
  type ErrorCode,
  type ErrorDetails,
  isStreamwardenError,
  StreamwardenError,
  type StreamwardenErrorOf,
} from './core/errors.js';
export type { Logger, LogMethod } from './core/logger.js';
export type { ConsumerState } from './machines/standing.js';
export type { Ensured } from './redis/announcing.js';
export type { RedisSource } from './redis/asked-target.js';
export type { Cancelled, CancelledAs } from './redis/cancelling.js';
export type { SlotRange } from './redis/cluster-view.js';
export type { DeadLetter } from './redis/dead-letter-queue.js';
export type { LetterFilter } from './redis/dead-letter-selection.js';
export type { DelayedStream } from './redis/delaying.js';
export type { MemberRecord } from './redis/fleet.js';
export type { Lag } from './redis/lag.js';
export type { HotName, ParkedCounts } from './redis/lease-store.js';
export type { LetterError } from './redis/letter-error.js';
export { type LockKeyParts, lockKey, parseLockKey } from './redis/lock-key.js';
export type { Ownership, UnownedEntry } from './redis/owner-survey.js';
export type { PauseChange } from './redis/parking.js';
export type { PendingMark, PendingRow, PendingState } from './redis/pending-survey.js';
export type { RedisTarget } from './redis/target.js';
export type {
  ActiveRecording,
  RecordedInfo,
  RecordingReport,
  RecordOptions,
  RingOptions,
} from './replay/record-options.js';
export type { Appended } from './runtime/appender.js';
export { createRuntime } from './runtime/create-runtime.js';
export {
  type CheckpointOf,
  defineService,
  type InfoOf,
  type Service,
  type ServiceDefinition,
} from './runtime/define-service.js';
export type {
  BatchesOf,
  Entries,
  EntriesOf,
  EntriesOptions,
  Entry,
  EntryBatch,
  EntryBatches,
  EntryFields,
  RawEntryFields,
} from './runtime/entries/types.js';
export type { FleetMember, MemberFacts } from './runtime/fleet.js';
export type { ErrorListener, HandlerDelay } from './runtime/handler-options.js';
export type { InspectOptions, RunningInspector } from './runtime/inspect-options.js';
export type { ActorInspectionEvent, InspectionObserver } from './runtime/inspection-observer.js';
export type {
  AppendOptions,
  EndOptions,
  FieldValue,
  NewDataEntry,
  NewEntryFields,
} from './runtime/new-entries.js';
export type { AddedStream, AddOptions, NewStream } from './runtime/new-stream.js';
export type {
  DisownedReason,
  EntriesTrimmed,
  EntryFailed,
  Notification,
  StreamAdded,
  StreamCancelled,
  StreamConfirmed,
  StreamDeadLettered,
  StreamDisowned,
  StreamExpired,
  StreamFailed,
  StreamMoving,
  StreamRef,
  StreamTerminated,
  StreamTouched,
  StreamUncertain,
} from './runtime/notifications.js';
export type { Producer } from './runtime/open-producer.js';
export type {
  BackoffOptions,
  BalanceOptions,
  ReadRetryOptions,
  RuntimeOptions,
} from './runtime/options.js';
export { createProducer, type ProducerOptions } from './runtime/producer.js';
export type {
  ClusterNodeSnapshot,
  Counters,
  Snapshot,
  StreamSnapshot,
  SubscriptionSnapshot,
  TopologySnapshot,
} from './runtime/snapshot.js';
export type {
  Closed,
  DoneOptions,
  Health,
  ProcessOptions,
  ReleaseOptions,
  ReleaseReport,
  Runtime,
  Started,
  StopMode,
  StopOptions,
  StopReport,
  StreamHandle,
  StreamHandler,
  StreamRefLike,
  TouchListener,
} from './runtime/types.js';
export { UnrecoverableError } from './runtime/unrecoverable-error.js';
export type {
  AcquisitionFacts,
  ExtensionFacts,
  MetricsRecorder,
  ScanFacts,
  TimedFacts,
  WorkFacts,
} from './telemetry/metrics-recorder.js';
