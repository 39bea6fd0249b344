/**
 * Who of those that are not in the index of presences is present: asked for by every census, at a cost that does not grow with those who are long gone.
 * Whoever died with nothing pending stays in the group until somebody removes it, and a fleet that restarts often leaves thousands.
 *
 * Asked for by every census: whoever has entries pending, and whoever was present when last asked. The others a slice at a time, in turns, so that
 * one who comes back is found. Those of a slice who are dead and have nothing are removed, by one of the living.
 */

import type { GroupConsumer, GroupStore, TimeToLive } from '../../redis/group.js';
import { isIncarnation } from '../../redis/names.js';

/** So many of those who have nothing pending and were not present are asked for in one census, and removed. */
const SLICE = 200;

export interface Presences {
  /** Name → time to live of its presence, of those that were asked for. */
  readonly ttls: ReadonlyMap<string, TimeToLive>;
  /** Redis's clock when it answered, epoch milliseconds. */
  readonly redisMs: number;
}

export class GroupCensus {
  readonly #group: Pick<GroupStore, 'presences' | 'forgetAll'>;
  /** Present when last asked. */
  #present = new Set<string>();
  /** Where the next slice begins. */
  #at = 0;

  constructor(group: Pick<GroupStore, 'presences' | 'forgetAll'>) {
    this.#group = group;
  }

  /** @param everyone of the group that is not in the index, without the caller */
  async presences(everyone: readonly GroupConsumer[]): Promise<Presences> {
    const incarnations = everyone.filter(({ name }) => isIncarnation(name));
    const asked: string[] = [];
    const others: string[] = [];
    for (const { name, pending } of incarnations) {
      (pending > 0 || this.#present.has(name) ? asked : others).push(name);
    }
    if (this.#at >= others.length) this.#at = 0;
    asked.push(...others.slice(this.#at, this.#at + SLICE));
    this.#at += SLICE;
    const { ttls, redisMs } = await this.#group.presences(asked);
    const found = new Map(asked.map((name, index) => [name, ttls[index] ?? -2]));
    this.#present = new Set([...found].flatMap(([name, ttl]) => (ttl === -2 ? [] : [name])));
    return { ttls: found, redisMs };
  }

  /** Removes those that are dead and have nothing pending: at most as many as a census asks for. */
  async tidy(everyone: readonly GroupConsumer[], { ttls }: Presences): Promise<void> {
    const idle = everyone.filter(({ name, pending }) => pending === 0 && ttls.get(name) === -2);
    await this.#group.forgetAll(idle.slice(0, SLICE).map(({ name }) => name));
  }
}
