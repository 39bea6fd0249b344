import { messageOf } from '../core/errors.js';
import { LauncherError } from './errors.js';
import { launchServer } from './launched-server.js';
import { findRedisBinary, type RedisBinary } from './redis-binary.js';
import { type ContainerEngine, findContainerEngine, startContainer } from './redis-container.js';
import { checkServerConfig } from './server-config.js';
import type { RedisServer, StartRedisOptions } from './server-types.js';

export type { RedisServer, StartRedisOptions } from './server-types.js';

/**
 * Starts a Redis or Valkey server of your own on 127.0.0.1, and returns when it answers. It dies with this process,
 * whatever ends this process, and does not keep it alive.
 *
 * It runs from a binary ({@link findRedisBinary}). With `REDIS_PROVIDER=docker` in the environment, or when there is no
 * binary and a Docker engine answers within two seconds, it runs in a container instead, of the image `$REDIS_IMAGE`
 * (`redis:7`): this needs the package `testcontainers`, and the port is published as Docker does that, on all addresses. A container is removed after
 * this process by Ryuk, a container of Testcontainers' own; where that is disabled, `stop()` alone removes it.
 *
 * ```ts
 * await using redis = await startRedis();
 * const client = new Redis(redis.url);
 * ```
 *
 * @throws {@link LauncherError} `BinaryNotFound`, `EngineNotFound`, `InvalidOption`, `NotSupported`, `StartTimeout`, or
 * `StartFailed` with the server's log
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  checkServerConfig(options);
  const provider = await findProvider(options.binary);
  return 'path' in provider ? launchServer(options, provider) : startContainer(options, provider);
}

/** What servers are started from. */
async function findProvider(binary: RedisBinary | undefined): Promise<RedisBinary | ContainerEngine> {
  if (binary !== undefined) return binary;
  const wanted = process.env.REDIS_PROVIDER;
  if (wanted === 'docker') return findContainerEngine();
  if (wanted !== undefined && wanted !== '' && wanted !== 'binary') {
    throw new LauncherError(
      'InvalidOption',
      `expected REDIS_PROVIDER to be 'binary' or 'docker', got: '${wanted}'`,
    );
  }
  try {
    return await findRedisBinary();
  } catch (noBinary) {
    // Whoever names a binary wants that one.
    if (wanted === 'binary' || process.env.REDIS_SERVER_BIN) throw noBinary;
    return findContainerEngine().catch((noEngine: unknown) => {
      throw new LauncherError('BinaryNotFound', `${messageOf(noBinary)}\n${messageOf(noEngine)}`, {
        cause: new AggregateError([noBinary, noEngine]),
      });
    });
  }
}
