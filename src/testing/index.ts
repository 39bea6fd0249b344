/**
 * Helpers for testing applications that run on streamwarden: real Redis servers of your own.
 *
 * @packageDocumentation
 */
export { LauncherError, type LauncherErrorCode } from './errors.js';
export { type OpenServer, openServers } from './open-servers.js';
export { findRedisBinary, type RedisBinary, type RedisBinarySource } from './redis-binary.js';
export { type RedisServer, type StartRedisOptions, startRedis } from './redis-server.js';
export type { ServerConfigOptions, ServerTls } from './server-config.js';
