/** A simulated Redis server. */
export { toBinary, toBuffer, toText } from './bytes.js';
export { UnsupportedCommand } from './command-table.js';
export { UnsupportedLua } from './lua/errors.js';
export type { Refusal } from './refusals.js';
export { type Reply, ReplyError, StatusReply } from './reply.js';
export {
  type RedisSnapshot,
  type RestartOptions,
  SimulatedRedis,
  type SimulatedRedisOptions,
} from './server.js';
export type { Session } from './session.js';
