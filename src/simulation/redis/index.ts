/** A simulated Redis server. */
export { toBinary, toBuffer, toText } from './bytes.js';
export type { ClusterMaster, ClusterMembership } from './cluster.js';
export type { RedisSnapshot, RestartOptions, SimulatedRedisOptions } from './options.js';
export type { Refusal } from './refusals.js';
export { type Reply, ReplyError, StatusReply } from './reply.js';
export { SimulatedRedis } from './server.js';
export type { Session } from './session.js';
export { Unsupported } from './unsupported.js';
