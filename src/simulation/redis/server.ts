/**
 * One simulated Redis server: in this process, synchronous, and as deterministic as the clock it is given. It runs scripts unmodified and
 * keeps streams, groups and pending lists as Redis 7.0 does; `npm run redis-model` compares the two.
 *
 * - Time is what `now()` says: it is asked once a command, and once a script, and stands still until that has ended.
 * - Texts in replies are of one character a byte (`bytes.ts`).
 * - A parked read ends when an entry comes, when it is unblocked, or at its time: by `schedule`, and without one by the next `expire()`.
 * - Keys whose time has come go when someone looks at them, or by `expire()`; only then their events are published.
 * - What Redis has and this has not throws `Unsupported` out of `execute`.
 */
import type { RedisSnapshot, RestartOptions, SimulatedRedisOptions } from './options.js';
import type { Refusal } from './refusals.js';
import type { Reply } from './reply.js';
import { ServerCore } from './server-core.js';
import type { Session } from './session.js';

export class SimulatedRedis {
  readonly #options: SimulatedRedisOptions;
  readonly #server: ServerCore;

  constructor(options: SimulatedRedisOptions) {
    this.#options = options;
    this.#server = new ServerCore(options);
  }

  /** A new connection. */
  connect(): Session {
    return this.#server.connect();
  }

  /** What a command that only reads answers, whatever the server refuses to its clients. */
  look(argv: readonly string[]): Reply {
    return this.#server.look([...argv]);
  }

  /** One cycle of active expiry: every key past its time goes, the longest overdue first, and its event is published. */
  expire(): void {
    this.#server.expire();
  }

  /** When `expire()` has something to do next, epoch ms: a key's time, or a parked read's. Undefined: never. */
  get nextDue(): number | undefined {
    return this.#server.nextDue;
  }

  /** From now on refuses what a server in that state refuses; null: nothing. */
  refuse(refusal: Refusal | null): void {
    this.#server.refusal = refusal;
  }

  get refusal(): Refusal | null {
    return this.#server.refusal;
  }

  /** Withdraws the right to these commands (`evalsha`, `config|set`) from everyone; an empty list: none is withdrawn. */
  forbid(commands: readonly string[]): void {
    this.#server.forbidden = new Set(commands.map((name) => name.toLowerCase()));
  }

  /** All data as it is now. Costs the number of keys. */
  snapshot(): RedisSnapshot {
    return this.#server.snapshot();
  }

  /** Puts data back as it was. Connections stay, and parked reads with them: `restart({ from })` ends those. */
  restore(snapshot: RedisSnapshot): void {
    this.#server.restore(snapshot);
  }

  /** Another server with the same data, settings and scripts, and without connections. */
  clone(options: Partial<SimulatedRedisOptions> = {}): SimulatedRedis {
    const copy = new SimulatedRedis({ ...this.#options, ...options });
    copy.#server.copyFrom(this.#server);
    return copy;
  }

  /** A text that is the same for the same data: all keys with their values, times and pending lists. */
  hash(): string {
    return this.#server.hash();
  }

  /** All data goes, as by FLUSHALL. */
  flush(): void {
    this.#server.flush();
  }

  /** The process ends and starts again: connections are closed; scripts and what CONFIG SET has set are forgotten. */
  restart(options: RestartOptions = {}): void {
    this.#server.restart(options);
  }
}
