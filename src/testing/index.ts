/**
 * Helpers for testing applications that run on streamwarden: real Redis servers of your own, a stand-in for consumers of
 * the Go client, and proofs from the history of who owned what.
 *
 * @packageDocumentation
 */

export { play } from '../player/play.js';
export type {
  Assignment,
  PlayableRecording,
  Played,
  PlayedAssignment,
  PlayedGap,
  PlayedLease,
  PlayedOutcome,
  PlayedStep,
  PlayedStepKind,
  PlayOptions,
  PlayStage,
  RecordedEnding,
  Standstill,
  SuppliedEntry,
  Supplies,
} from '../player/types.js';
export { fingerprintOf, type Machine } from '../replay/fingerprint.js';
export type {
  EventLine,
  Header,
  JoinLine,
  Line,
  NotificationLine,
  SpawnLine,
  StateValue,
} from '../replay/format.js';
export type { Json } from '../replay/json-safe.js';
export type { Machines } from '../replay/machines.js';
export type { Cut } from '../replay/parser.js';
export type { Patch, PatchOperation } from '../replay/patch.js';
export { loadRecording, parseRecording, type Recording } from '../replay/recording.js';
export { type ReplayOptions, replay, replayFile } from '../replay/replayer.js';
export type {
  ActorReport,
  ContextDifference,
  Divergence,
  DivergenceReason,
  MachineReport,
  ReplayReport,
  Standing,
} from '../replay/report.js';
export { type Scenario, scenario } from '../replay/scenario.js';
export { type Finding, type Journey, journeysOf, type Visit, type Where } from '../replay/visits.js';
export { LauncherError, type LauncherErrorCode } from './errors.js';
export { type CallFault, failingCalls, onCall } from './failing-calls.js';
export {
  type ArmedFault,
  type CommandFault,
  type FaultProxy,
  type FaultProxyOptions,
  type FaultRule,
  startFaultProxy,
} from './fault-proxy.js';
export {
  type GoClaim,
  type GoConsumer,
  type GoConsumerOptions,
  type GoNotification,
  type GoVersion,
  startGoConsumer,
} from './go-consumer.js';
export { type GoConsumerProcess, spawnGoConsumer } from './go-consumer-process.js';
export {
  type CheckHistoryInput,
  checkHistory,
  type HistoryReport,
  type OwnershipOverlap,
} from './history.js';
export type { ChainEnd, HistoryChain } from './history-chains.js';
export {
  type AcquiredRecord,
  type CancelledRecord,
  type CoalescedRecord,
  type DeadLetterDueRecord,
  type DeadLetteredRecord,
  type DelayedRecord,
  type FinishedRecord,
  type GoneRecord,
  type HistoryRecord,
  type HistoryRecordBase,
  type MovedRecord,
  type ParkedRecord,
  parseHistoryRecord,
  type ReadHistoryOptions,
  type RequeuedRecord,
  type SavedRecord,
  readHistory,
  type UndelayedRecord,
  type UnparkedRecord,
} from './history-records.js';
export { type OpenServer, openServers } from './open-servers.js';
export {
  assertNeverReaches,
  assertReaches,
  assertReplays,
  assertVisitsInOrder,
  RecordingAssertionError,
  type Replayable,
  recordings,
} from './recording-assertions.js';
export { findRedisBinary, type RedisBinary, type RedisBinarySource } from './redis-binary.js';
export {
  type AddNodeOptions,
  type CutOff,
  type CutOffFrom,
  type RedisCluster,
  type RedisClusterNode,
  type ReshardOptions,
  type SettledOptions,
  type SlotMigration,
  type StartRedisClusterOptions,
  startRedisCluster,
} from './redis-cluster.js';
export {
  type RedisSentinels,
  type StartRedisSentinelsOptions,
  startRedisSentinels,
} from './redis-sentinels.js';
export { type RedisServer, type StartRedisOptions, startRedis } from './redis-server.js';
export {
  type Percentiles,
  percentile,
  percentiles,
  type Reown,
  type ReownInput,
  reownMs,
  reownTimes,
} from './reown.js';
export type { ServerConfigOptions, ServerTls } from './server-config.js';
export { readStanding } from './standing.js';
