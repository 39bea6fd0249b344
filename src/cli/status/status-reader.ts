/** Looks at a service again and again, on one connection for as long as it stands. */
import type { Admin } from '../../admin/admin.js';
import { openAdmin } from '../../admin/open-admin.js';
import type { ServiceStatus } from '../../admin/status/service-status.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../../core/errors.js';
import type { RedisSource } from '../../redis/asked-target.js';
import type { CompiledServiceOptions } from '../../runtime/service-settings.js';
import { addressOf } from '../redis-option.js';
import { explained } from '../url-mistakes.js';

export class StatusReader implements AsyncDisposable {
  readonly #urlNow: () => string;
  readonly #admin: Admin;

  /**
   * @param redis asked at each connection
   * @param urlNow for the words about what is wrong
   */
  constructor(settings: CompiledServiceOptions, redis: RedisSource, urlNow: () => string) {
    this.#urlNow = urlNow;
    // Whoever watches looks again; whoever does not wants to know now.
    this.#admin = openAdmin({ ...settings, redis, patience: 'once' });
  }

  /**
   * @throws CliError whatever is wrong with the URL
   * @throws StreamwardenError `ServiceNotFound`, `NotAStream`, `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
   */
  async look(): Promise<ServiceStatus> {
    try {
      return await this.#admin.status();
    } catch (error) {
      const url = this.#urlNow();
      throw await explained(url, withAddress(error, url));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close();
  }
}

/** Only who knows the URL can say which address nobody answers at. */
function withAddress(error: unknown, url: string): unknown {
  if (!isStreamwardenError(error, 'RedisUnavailable') || error.details.sent !== false) return error;
  const { cause, details, retriable } = error;
  const why = cause === undefined ? error.message : messageOf(cause);
  const message = `no connection to Redis at ${addressOf(url)}: ${why}`;
  return new StreamwardenError(error.code, message, { cause, details, retriable });
}
