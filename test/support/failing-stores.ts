import type { Stores } from '../../src/actors/kernel.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { type CallFault, failingCalls } from '../../src/testing/failing-calls.js';

/** Decorates one operation on Redis, so that chosen calls of it throw as a programming error would. */
export function failing<S extends keyof Stores>(
  store: S,
  operation: keyof Stores[S] & string,
  fail: CallFault['fail'] = () => undefined,
): { readonly fault: CallFault; readonly substitutes: Substitutes } {
  const fault: CallFault = { calls: 0, fail };
  return {
    fault,
    substitutes: {
      stores(stores) {
        const counted = failingCalls(stores[store], operation, () => {
          fault.calls += 1;
          return fault.fail(fault.calls);
        });
        return { ...stores, [store]: counted.target };
      },
    },
  };
}
