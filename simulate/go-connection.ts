/** One connection as go-redis keeps it: made when it is needed, made again when it broke, a command that failed sent up to three times more. */
import type { Redis } from 'ioredis';
import type { Clock } from '../src/core/clock.js';

export interface GoConnectionSettings {
  /** What `redis` is given as in a simulated world. */
  readonly template: Redis;
  readonly clock: Clock;
  readonly name: string;
  /** How long an answer is waited for, in milliseconds; undefined: for ever. */
  readonly answerWithinMs?: number | undefined;
}

type Argument = string | number;

const MOST_REPEATS = 3;
const FIRST_PAUSE_MS = 8;
/** Replies that go-redis takes for those of a state that passes. */
const PASSING = /^(LOADING|READONLY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN)\b/;

export class GoConnection {
  readonly #settings: GoConnectionSettings;
  #client: Promise<Redis> | undefined;
  #ended: Promise<void> = Promise.resolve();
  onMessage: (channel: string, payload: string) => void = () => {};

  constructor(settings: GoConnectionSettings) {
    this.#settings = settings;
  }

  /** Sends it, and again where nothing came of it: it may then have been executed more than once. */
  async call(...command: readonly Argument[]): Promise<unknown> {
    for (let repeats = 0; ; repeats += 1) {
      try {
        return await this.once(...command);
      } catch (error) {
        const { name: kind, message } = error as Error;
        if (repeats >= MOST_REPEATS || (kind === 'ReplyError' && !PASSING.test(message))) throw error;
        await new Promise<void>((resolve) => {
          this.#settings.clock.setTimeout(resolve, FIRST_PAUSE_MS * 2 ** repeats);
        });
      }
    }
  }

  async once(...[name, ...args]: readonly Argument[]): Promise<unknown> {
    const client = await this.#connected();
    const answer = client.call(String(name), ...args.map(String));
    const { clock, answerWithinMs } = this.#settings;
    if (answerWithinMs === undefined) return await answer;
    const timer = clock.setTimeout(() => client.disconnect(), answerWithinMs);
    try {
      return await answer;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** Resolves when the present connection has ended. */
  ended(): Promise<void> {
    return this.#ended;
  }

  #connected(): Promise<Redis> {
    if (this.#client !== undefined) return this.#client;
    const client = this.#settings.template.duplicate({ connectionName: this.#settings.name });
    const forget = () => {
      if (this.#client === made) this.#client = undefined;
    };
    this.#ended = new Promise((resolve) => {
      client.once('end', () => {
        forget();
        resolve();
      });
    });
    client.on('pmessage', (_pattern: string, channel: string, payload: string) =>
      this.onMessage(channel, payload),
    );
    const made = client.connect().then(
      () => client,
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    this.#client = made;
    return made;
  }
}
