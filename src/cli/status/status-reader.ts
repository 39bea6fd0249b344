/** Looks at a service again and again, on one connection for as long as it stands. */
import type { Names } from '../../redis/names.js';
import { openRedis, redisFailure, type ShortClient } from '../redis-client.js';
import { readServiceStatus, type ServiceStatus } from '../service-status.js';

export class StatusReader implements Disposable {
  readonly #urlNow: () => string;
  #url = '';
  readonly #names: Names;
  readonly #timeoutMs: number;
  #client: ShortClient | undefined;
  #isClosed = false;

  /**
   * @param urlNow asked at each connection
   * @param timeoutMs how long a connection, and each answer, is waited for, in milliseconds
   */
  constructor(urlNow: () => string, names: Names, timeoutMs: number) {
    this.#urlNow = urlNow;
    this.#names = names;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * After a failure the next look makes a new connection.
   *
   * @throws CliError `ServiceNotFound`, `NotAStream`, whatever is wrong with the URL
   * @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
   */
  async look(): Promise<ServiceStatus> {
    if (this.#client === undefined) this.#url = this.#urlNow();
    const client = this.#client ?? (await openRedis(this.#url, this.#timeoutMs));
    this.#client = client;
    // Nobody waits any more for a look that began before this was closed.
    if (this.#isClosed) this.#drop();
    try {
      return await readServiceStatus(client, this.#names);
    } catch (error) {
      this.#drop();
      throw await redisFailure(this.#url, error);
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#drop();
  }

  #drop(): void {
    this.#client?.disconnect();
    this.#client = undefined;
  }
}
