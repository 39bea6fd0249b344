/**
 * Helpers for testing applications that run on streamwarden: real Redis servers of your own, a stand-in for consumers of
 * the Go client, and proofs from the history of who owned what.
 *
 * @packageDocumentation
 */

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
  type DeadLetteredRecord,
  type FinishedRecord,
  type GoneRecord,
  type HistoryRecord,
  type HistoryRecordBase,
  type MovedRecord,
  parseHistoryRecord,
  type ReadHistoryOptions,
  type RequeuedRecord,
  readHistory,
} from './history-records.js';
export { type OpenServer, openServers } from './open-servers.js';
export { findRedisBinary, type RedisBinary, type RedisBinarySource } from './redis-binary.js';
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
