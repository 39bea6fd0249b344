import type { Stores } from '../../src/actors/kernel.js';
import type { Substitutes } from '../../src/runtime/runtime.js';

type Call = (...args: never[]) => Promise<unknown>;

export interface HeldCall {
  readonly substitutes: Substitutes;
  /**
   * Holds the next call that matches. Resolves when it has been made: Redis has executed it by then, and its answer waits until
   * `letGo()`.
   */
  next(matches?: (args: readonly unknown[]) => boolean): Promise<void>;
  letGo(): void;
}

/** Lets a test step in between the moment that Redis has executed an operation and the moment that the runtime hears of it. */
export function heldCall<S extends keyof Stores>(store: S, operation: keyof Stores[S] & string): HeldCall {
  let armed: { matches: (args: readonly unknown[]) => boolean; tell: () => void } | undefined;
  let letGo = () => {};
  return {
    substitutes: {
      stores(stores) {
        const target = stores[store];
        const original = target[operation] as unknown as Call;
        const call = async (...args: never[]) => {
          const held = armed?.matches(args) ? armed : undefined;
          if (held !== undefined) armed = undefined;
          const answer = await original.apply(target, args);
          if (held !== undefined) {
            const going = new Promise<void>((resolve) => {
              letGo = resolve;
            });
            held.tell();
            await going;
          }
          return answer;
        };
        return { ...stores, [store]: { ...target, [operation]: call } };
      },
    },
    next: (matches = () => true) =>
      new Promise((resolve) => {
        armed = { matches, tell: resolve };
      }),
    letGo: () => letGo(),
  };
}
