/** Values that throw at whatever is asked of them: what an application, by mistake, throws and gives. */
import fc from 'fast-check';

export function refuses(): never {
  throw new Error('the application threw');
}

/** What an application may hand over where nothing is awaited: it fails after it has returned. */
export const refusesLater = (() => Promise.reject(new Error('no room'))) as () => void;

const handler: ProxyHandler<object> = Object.fromEntries(
  ['get', 'has', 'getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor'].map((trap) => [trap, refuses]),
);

function errorWith(member: string, descriptor: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('an error'), member, { ...descriptor, configurable: true });
}

/** In a box, since fast-check asks values as well: one that `String()`, `instanceof` or a look at a member throws for, or an ordinary one. */
export const hostile: fc.Arbitrary<{ readonly value: unknown }> = fc.oneof(
  fc
    .constantFrom<() => unknown>(
      () => Object.create(null),
      () => new Proxy({}, handler),
      () => new Proxy(() => {}, handler),
      () => ({ toString: refuses }),
      () => ({ toString: () => ({}), valueOf: () => ({}) }),
      () => ({ [Symbol.toPrimitive]: refuses }),
      () => Symbol('thrown'),
      () => errorWith('message', { get: refuses }),
      () => errorWith('message', { value: Object.create(null) }),
      () => errorWith('message', { value: 5n }),
      () => errorWith('name', { get: refuses }),
      () => errorWith('name', { value: Symbol('name') }),
      () => errorWith('code', { get: refuses, enumerable: true }),
      () => errorWith('code', { value: Object.create(null), enumerable: true }),
      () => errorWith('cause', { get: refuses }),
      () => new StreamLike(),
      () => undefined,
      () => null,
      () => 10n,
    )
    .map((make) => ({ value: make() })),
  fc.record({ value: fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true }) }),
);

/** Looks like an error of ours as long as nobody looks closer. */
class StreamLike extends Error {
  readonly retriable = false;

  get code(): never {
    return refuses();
  }
}
