/** Makes chosen calls of one operation fail: what a test puts around a store or a client to see what a failure does. */

/** Says which calls fail, and how many there were. May be changed at any time. */
export interface CallFault {
  /** How often the operation has been called. */
  calls: number;
  /** Gets the number of a call, from 1. The error that it fails with; undefined: it is carried out. */
  fail: (call: number) => Error | undefined;
}

type Operation = (...args: never[]) => unknown;

/** Fails the nth call, once. */
export function onCall(nth: number, error: () => Error): CallFault['fail'] {
  return (call) => (call === nth ? error() : undefined);
}

/**
 * A copy of `target` of which one operation fails as told. The error is thrown, and not rejected with, even by operations that return
 * promises: nothing may depend on the difference.
 */
export function failingCalls<T extends object>(
  target: T,
  operation: keyof T & string,
  fail: CallFault['fail'] = () => undefined,
): { readonly target: T; readonly fault: CallFault } {
  const fault: CallFault = { calls: 0, fail };
  const original = target[operation] as unknown as Operation;
  const decorated: Operation = (...args) => {
    fault.calls += 1;
    const error = fault.fail(fault.calls);
    if (error) throw error;
    return original.apply(target, args);
  };
  return { target: { ...target, [operation]: decorated }, fault };
}
