/**
 * Entries that may be sent again. Redis 8.6 and newer add an entry once, however often it is sent, where it bears the id of a producer and one of its own:
 * `XADD … IDMP` (https://redis.io/docs/latest/commands/xadd/). They remember the last 100 ids of a producer, for 100 s, also of entries that are gone again.
 */
import type { Redis } from 'ioredis';
import { infoField } from './info.js';

/** How many ids of a producer are remembered, unless XCFGSET says otherwise. */
const REMEMBERED = 100;
/** For so long an entry may be sent again, in milliseconds: well below what Redis remembers it for. */
export const REMEMBERED_MS = 60_000;

/** What stands before the `*` of an XADD. */
export type Mark = readonly [option: 'IDMP', producer: string, id: string];

/** One producer as Redis sees it; has at most `REMEMBERED` entries on their way. */
interface Lane {
  readonly producer: string;
  next: number;
}

export interface Marks {
  /** In the order of what is sent. */
  readonly marks: readonly Mark[];
  /** All of it has an answer: none of it will be sent again, nor executed late. */
  free(): void;
}

export class SentOnce {
  readonly #drawPrefix: () => string;
  readonly #idle: Lane[] = [];
  readonly #known = new WeakMap<Redis, boolean>();
  #prefix: string | undefined;
  #lanes = 0;

  /** @param drawPrefix draws what no other producer has: what two have the same ids for is announced once */
  constructor(drawPrefix: () => string) {
    this.#drawPrefix = drawPrefix;
  }

  /** Whether the server on this connection remembers. It is asked once; one that does not say is taken for one that does not. */
  async isKept(client: Redis): Promise<boolean> {
    const known = this.#known.get(client);
    if (known !== undefined) return known;
    const info = await client.info('server').catch(() => '');
    const isKept =
      infoField(info, 'valkey_version') === undefined && isSince(infoField(info, 'redis_version'));
    this.#known.set(client, isKept);
    return isKept;
  }

  take(count: number): Marks {
    const lanes: Lane[] = [];
    const marks = Array.from({ length: count }, (_, at): Mark => {
      if (at % REMEMBERED === 0) lanes.push(this.#idle.pop() ?? this.#newLane());
      const lane = lanes.at(-1) as Lane;
      lane.next += 1;
      return ['IDMP', lane.producer, String(lane.next)];
    });
    return { marks, free: () => void this.#idle.push(...lanes) };
  }

  #newLane(): Lane {
    this.#prefix ??= this.#drawPrefix();
    this.#lanes += 1;
    return { producer: `${this.#prefix}-${this.#lanes}`, next: 0 };
  }
}

function isSince(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > 8 || (major === 8 && minor >= 6);
}
