/**
 * Lock keys: how consumers of the Go client see that a stream of ours is owned, and we that one of theirs is. Primitive.
 * The lock's value is the incarnation's own, so two processes with one name never prolong each other's lock.
 */

import type { Commands } from './commands.js';
import { isPassing } from './reply-errors.js';
import type { Spread } from './spread.js';

export type ExtendFailure = { readonly index: number; readonly reason: 'missing' | 'foreign' };

export interface LockStore {
  /** Takes locks that are free, or that are ours already: true where held. At most 500 keys a call. */
  take(keys: readonly string[]): Promise<boolean[]>;
  /** Prolongs locks that are ours; resolves with those that were not prolonged. A missing lock is not taken back. */
  extend(keys: readonly string[]): Promise<ExtendFailure[]>;
  /** Releases locks that are ours. */
  release(keys: readonly string[]): Promise<void>;
}

export function createLockStore(commands: Commands, value: string, heartbeatMs: number): LockStore {
  return {
    async take(keys) {
      const reply = (await commands.script('take-locks', keys, [value, heartbeatMs])) as number[];
      return reply.map((item) => item === 1);
    },
    async extend(keys) {
      const reply = (await commands.script('extend-locks', keys, [value, heartbeatMs])) as number[];
      return reply.map((position) => ({
        index: Math.abs(position) - 1,
        reason: position < 0 ? 'foreign' : 'missing',
      }));
    },
    async release(keys) {
      await commands.script('release-locks', keys, [value]);
    },
  };
}

/**
 * Locks that live all over a cluster. A lock whose node cannot be asked just now stands in nobody's way: whose a stream is, the load
 * balancer stream's slot decides, and the lock is taken when its node is back and the next round of extending finds it missing.
 */
export function createSpreadLockStore(spread: Spread, value: string, heartbeatMs: number): LockStore {
  /** Undefined where the node could not be asked. */
  function answers<T>(replies: readonly unknown[]): (T | undefined)[] {
    return replies.map((reply) => {
      if (!(reply instanceof Error)) return (reply as [T] | [])[0];
      if (isPassing(reply)) return undefined;
      throw reply;
    });
  }

  return {
    async take(keys) {
      const held = answers<number>(await spread.script('take-locks', keys, [value, heartbeatMs]));
      return held.map((answer) => answer !== 0);
    },
    async extend(keys) {
      const odd = answers<number>(await spread.script('extend-locks', keys, [value, heartbeatMs]));
      return odd.flatMap((position, index): ExtendFailure[] =>
        position === undefined ? [] : [{ index, reason: position < 0 ? 'foreign' : 'missing' }],
      );
    },
    async release(keys) {
      answers(await spread.script('release-locks', keys, [value]));
    },
  };
}

/** For fleets of ours alone: no lock keys, so that a heartbeat costs the same however many streams are held. */
export const noLocks: LockStore = {
  take: async (keys) => keys.map(() => true),
  extend: async () => [],
  release: async () => {},
};
