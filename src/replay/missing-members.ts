/** Notes what is looked for in a value and is not there. */

export interface WatchedReads<T> {
  /** The value, to be handed on in its place. */
  readonly value: T;
  /** Notes nothing any more. @returns what was missing, as paths such as `output.outcome` */
  end(): readonly string[];
}

/** Data of its own, member by member; what has methods is handed on as it is. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function watchedReads<T extends object>(value: T): WatchedReads<T> {
  const missing = new Set<string>();
  const watched = new WeakMap<object, object>();
  let isOver = false;

  const note = (target: object, path: string, key: string | symbol) => {
    if (!isOver && typeof key === 'string' && !(key in target)) missing.add(path + key);
  };
  const watch = (target: object, path: string): object => {
    const known = watched.get(target);
    if (known !== undefined) return known;
    const proxy = new Proxy(target, {
      get(_, key) {
        note(target, path, key);
        const member: unknown = Reflect.get(target, key);
        return isPlain(member) ? watch(member, `${path}${String(key)}.`) : member;
      },
      has(_, key) {
        note(target, path, key);
        return Reflect.has(target, key);
      },
    });
    watched.set(target, proxy);
    return proxy;
  };

  return {
    value: watch(value, '') as T,
    end() {
      isOver = true;
      return [...missing];
    },
  };
}
