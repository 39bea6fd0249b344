import type { Stores } from '../../src/actors/kernel.js';
import type { Substitutes } from '../../src/runtime/runtime.js';

type Operation = (...args: never[]) => Promise<unknown>;

/** Says which calls of one operation fail, and how many there were. */
export interface Fault {
  /** How often the operation has been called. */
  calls: number;
  /** The error that this call fails with; undefined: it is carried out. */
  fail: (call: number) => Error | undefined;
}

/** Decorates one operation on Redis, so that chosen calls of it throw as a programming error would. */
export function failing<S extends keyof Stores>(
  store: S,
  operation: keyof Stores[S] & string,
  fail: Fault['fail'] = () => undefined,
): { readonly fault: Fault; readonly substitutes: Substitutes } {
  const fault: Fault = { calls: 0, fail };
  return {
    fault,
    substitutes: {
      stores(stores) {
        const original = stores[store][operation] as unknown as Operation;
        const decorated: Operation = (...args) => {
          fault.calls += 1;
          const error = fault.fail(fault.calls);
          // Some faults are thrown and not rejected with: nothing may depend on the difference.
          if (error) throw error;
          return original.apply(stores[store], args);
        };
        return { ...stores, [store]: { ...stores[store], [operation]: decorated } };
      },
    },
  };
}
