/**
 * One connection in one role, kept up for as long as it is wanted.
 *
 * ioredis can reconnect by itself, but then it also resends commands whose reply was lost (they run twice), and a client that
 * is disconnected while it reconnects can park for ever. So a client here lives for one connection only and is
 * replaced by a fresh one when it breaks, is stuck, or has to be given up; each has a number, its epoch.
 */
import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../core/clock.js';
import { errorOf, isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { type Logger, redact } from '../core/logger.js';
import { formatAddress } from './address.js';
import { connectAnswered, listenToErrors, type Told } from './handshake.js';
import { withOwnReplies } from './own-replies.js';
import { isWrongCredentials, neverSent, redisError } from './reply-errors.js';

/** What a connection is for. Each role has a socket of its own, so that none waits behind another. */
export type LinkRole = 'commands' | 'reader' | 'bulk' | 'data' | 'waker' | 'subscriber' | 'node';

export interface LinkSettings {
  readonly role: LinkRole;
  /** Makes a client that is not connected yet, with our settings. Called once for every attempt. A promise: the application is asked where. */
  readonly makeClient: () => Redis | Promise<Redis>;
  /** Is given each client that has connected, before it is used; throws when it is not to be used. */
  readonly check?: ((client: Redis) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long one attempt to connect may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Delay before the first new attempt, in milliseconds; doubles up to `maxRetryMs`. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** Finds out more of why an attempt failed; undefined: no more can be told. */
  readonly explain?: (client: Redis, error: Error) => Promise<Error | undefined>;
}

/** Connects, and is in the database that was asked for: where that cannot be selected, ioredis goes on in database 0. */
async function connected(client: Redis, told: Told, check: LinkSettings['check']): Promise<void> {
  await connectAnswered(client, told);
  const { db } = client.options;
  if (db) {
    try {
      await client.select(db);
    } catch (error) {
      throw redisError(error, `SELECT ${db}`, true);
    }
  }
  await check?.(client);
}

function closed(): StreamwardenError {
  return new StreamwardenError('RuntimeStopped', 'the connection was closed');
}

/** A port that does not speak TLS waits for more, and so do we. */
function isShakingHands({ stream }: Redis): boolean {
  const socket = (stream ?? {}) as { encrypted?: boolean; connecting?: boolean; secureConnecting?: boolean };
  return socket.encrypted === true && socket.connecting === false && socket.secureConnecting === true;
}

function lateness(client: Redis, ms: number): string {
  return isShakingHands(client)
    ? `the TLS handshake did not end within ${ms} ms: the port may not speak TLS`
    : `no connection within ${ms} ms`;
}

export interface LinkListener {
  /** A connection is up: a new one, whatever was up before. */
  up(epoch: number): void;
  /** The connection is down, or an attempt has failed. The link goes on trying. */
  down(error: Error): void;
}

export class Link {
  readonly role: LinkRole;
  readonly #settings: LinkSettings;
  readonly #listeners = new Set<LinkListener>();
  #client: Redis | undefined;
  #ready = false;
  #epoch = 0;
  #attempts = 0;
  #wanted = false;
  #isClosed = false;
  #upAt = 0;
  #retryTimer: Timer | undefined;
  #lastError: Error | undefined;
  /** The attempt that waits for its client to be made. */
  #making: object | undefined;
  #refusedSince: number | undefined;
  /** What was found out of the failure that said this. */
  #explained: { readonly said: string; readonly reason: Error } | undefined;
  /** What the last attempt failed with, as it said so itself. */
  #failure: Error | undefined;

  constructor(settings: LinkSettings) {
    this.role = settings.role;
    this.#settings = settings;
  }

  /** The number of the present connection; grows with every new one. */
  get epoch(): number {
    return this.#epoch;
  }

  get isUp(): boolean {
    return this.#ready;
  }

  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** For how long every attempt has been refused for its credentials, in milliseconds; 0: the last one was not. */
  get refusedForMs(): number {
    return this.#refusedSince === undefined ? 0 : this.#settings.clock.monotonic() - this.#refusedSince;
  }

  /** What an attempt that is under way waits for, where that is worth telling. */
  get waitsFor(): string | undefined {
    return this.#client !== undefined && isShakingHands(this.#client)
      ? 'the TLS handshake did not end: the port may not speak TLS'
      : undefined;
  }

  /** Where the present client was told to connect to: `host:port`. Undefined between two attempts. */
  get address(): string | undefined {
    const { host, port } = this.#client?.options ?? {};
    return host === undefined || port === undefined ? undefined : formatAddress({ host, port });
  }

  /** The server at the other end of the present connection, by its socket. */
  get peer(): string | undefined {
    const { remoteAddress, remotePort } = (this.#client?.stream ?? {}) as {
      remoteAddress?: string;
      remotePort?: number;
    };
    return this.#ready && remoteAddress !== undefined ? `${remoteAddress}:${remotePort}` : undefined;
  }

  /** The client of the present connection. Throws `RedisUnavailable` (never sent) while there is none. */
  client(command: string): Redis {
    if (!this.#ready || this.#client === undefined) throw neverSent(command, this.#lastError);
    return this.#client;
  }

  listen(listener: LinkListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  open(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#connect();
  }

  /**
   * Gives the present connection, or attempt, up, whatever is under way on it, and makes another one: at once, unless this one is so young
   * that the next might be as short-lived.
   */
  replace(reason: Error): void {
    if (!this.#wanted) return;
    const { clock, retryMs } = this.#settings;
    const isYoung = this.#ready && clock.monotonic() - this.#upAt < retryMs;
    this.#drop(reason);
    // Whoever was told may want no other one.
    if (!this.#wanted) return;
    if (isYoung) this.#scheduleRetry();
    // Whoever has just heard that it is down may have closed it.
    else if (this.#wanted) this.#connect();
  }

  /** Gives the connection, or the attempt, up, and makes no other one before somebody wants one again. */
  rest(reason: Error): void {
    if (!this.#wanted) return;
    const isBetweenAttempts = this.#retryTimer !== undefined;
    this.#wanted = false;
    this.#clearRetry();
    if (isBetweenAttempts) this.#tellDown(reason);
    else this.#drop(reason);
  }

  /** The same, unless that client has been given up already. */
  giveUp(client: Redis, reason: Error): void {
    if (this.#client === client) this.replace(reason);
  }

  /**
   * Resolves when there is a connection; opens the link if need be.
   * @throws whatever the next attempt fails with
   */
  whenUp(): Promise<void> {
    if (this.#ready) return Promise.resolve();
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const forget = this.listen({
        up: () => {
          forget();
          resolve();
        },
        down: (error) => {
          forget();
          reject(error);
        },
      });
      this.open();
    });
  }

  close(): void {
    const isBetweenAttempts = this.#wanted && this.#client === undefined;
    this.#wanted = false;
    this.#isClosed = true;
    this.#making = undefined;
    this.#clearRetry();
    const reason = closed();
    // Nobody shall wait for the next attempt any more.
    if (isBetweenAttempts) this.#tellDown(reason);
    else this.#drop(reason);
    this.#listeners.clear();
  }

  #clearRetry(): void {
    if (this.#retryTimer !== undefined) this.#settings.clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #connect(): void {
    this.#making = undefined;
    this.#clearRetry();
    try {
      const made = this.#settings.makeClient();
      if (made instanceof Promise) this.#await(made);
      else this.#use(made);
    } catch (error) {
      // A template of the application's that cannot be copied: an attempt that failed, whoever's timer this runs in.
      this.#notMade(error);
    }
  }

  /** Of an attempt that was given up meanwhile nothing is left: its client has never been connected. */
  #await(made: Promise<Redis>): void {
    const making = {};
    this.#making = making;
    const { clock, connectTimeoutMs } = this.#settings;
    const over = (settle: () => void) => {
      clock.clearTimeout(timer);
      if (this.#making !== making || !this.#wanted) return;
      this.#making = undefined;
      settle();
    };
    const late = () => this.#notMade(new Error(`redis() has not answered within ${connectTimeoutMs} ms`));
    const timer = clock.setTimeout(() => over(late), connectTimeoutMs);
    made.then(
      (client) => over(() => this.#use(client)),
      (error: unknown) => over(() => this.#notMade(error)),
    );
  }

  #notMade(error: unknown): void {
    this.#lastError = errorOf(error);
    this.#failure = undefined;
    this.#refusedSince = undefined;
    this.#tellDown(this.#lastError);
    this.#scheduleRetry();
  }

  #use(made: Redis): void {
    const client = withOwnReplies(made);
    this.#client = client;
    const told = listenToErrors(client);
    const isCurrent = () => this.#client === client;
    const failed = (error: Error) => {
      if (!isCurrent()) return;
      // What is ours says more than what ioredis has told in passing.
      const reason = isStreamwardenError(error) ? error : (told() ?? error);
      if (isWrongCredentials(reason)) this.#refusedSince ??= this.#settings.clock.monotonic();
      else this.#refusedSince = undefined;
      const known = this.#explained;
      this.#drop(known?.said === reason.message ? known.reason : reason);
      this.#failure = reason;
      // A peer that hangs up is told of in several ways: until this one has been looked into, what was found out last says more.
      if (known !== undefined) this.#lastError = known.reason;
      this.#explain(client, reason);
      this.#scheduleRetry();
    };
    const deadline = this.#settings.clock.setTimeout(() => {
      failed(new Error(lateness(client, this.#settings.connectTimeoutMs)));
    }, this.#settings.connectTimeoutMs);
    client.once('end', () => {
      this.#settings.clock.clearTimeout(deadline);
      failed(new Error('the connection was closed by the other side'));
    });
    connected(client, told, this.#settings.check).then(
      () => {
        this.#settings.clock.clearTimeout(deadline);
        if (!isCurrent()) return;
        this.#ready = true;
        this.#upAt = this.#settings.clock.monotonic();
        this.#attempts = 0;
        this.#explained = undefined;
        this.#epoch += 1;
        this.#lastError = undefined;
        this.#refusedSince = undefined;
        for (const listener of [...this.#listeners]) listener.up(this.#epoch);
      },
      (error: unknown) => {
        this.#settings.clock.clearTimeout(deadline);
        failed(errorOf(error));
      },
    );
  }

  #drop(reason: Error): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    const wasReady = this.#ready;
    this.#ready = false;
    this.#lastError = reason;
    this.#failure = undefined;
    client.disconnect();
    // A peer that has vanished never answers the polite end of a connection; nothing in flight may wait for that.
    (client.stream as { destroy?: () => void } | undefined)?.destroy?.();
    if (this.#wanted) {
      // Between two readings nobody needs that of bulk reading, and one that is closed meanwhile is no news.
      const isNews = wasReady && this.role !== 'bulk';
      this.#settings.logger[isNews ? 'warn' : 'debug'](
        { role: this.role, error: redact(messageOf(reason)) },
        wasReady ? 'connection to Redis lost' : 'connecting to Redis failed',
      );
    }
    this.#tellDown(reason);
  }

  #explain(client: Redis, error: Error): void {
    if (this.#explained?.said === error.message) return;
    const found = (reason: Error | undefined) => {
      // Another failure is looked into by now.
      if (this.#ready || this.#failure?.message !== error.message) return;
      this.#explained = reason && { said: error.message, reason };
      this.#lastError = reason ?? error;
    };
    if (this.#settings.explain === undefined) found(undefined);
    else this.#settings.explain(client, error).then(found, () => found(undefined));
  }

  #tellDown(reason: Error): void {
    for (const listener of [...this.#listeners]) listener.down(reason);
  }

  #scheduleRetry(): void {
    if (!this.#wanted) return;
    const { clock, retryMs, maxRetryMs } = this.#settings;
    const delay =
      Math.min(maxRetryMs, retryMs * 2 ** Math.min(this.#attempts, 16)) * (0.5 + clock.random() / 2);
    this.#attempts += 1;
    this.#retryTimer = clock.setTimeout(() => {
      this.#retryTimer = undefined;
      if (this.#wanted && this.#client === undefined) this.#connect();
    }, delay);
  }
}
