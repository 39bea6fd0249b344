/** `instanceof`, where a process has this package twice: as ES modules and as CommonJS, or in each of two bundles. */

/** Has `value instanceof theClass` hold for what any copy of the package made. Classes that extend it are told apart as usual. */
export function makeOneClass(theClass: abstract new (...args: never[]) => object, name: string): void {
  const mark = Symbol.for(`streamwarden: ${name}`);
  Object.defineProperty(theClass.prototype, mark, { value: true });
  Object.defineProperty(theClass, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== theClass)
        return Function.prototype[Symbol.hasInstance].call(this as typeof theClass, value);
      return typeof value === 'object' && value !== null && (value as { [mark]?: unknown })[mark] === true;
    },
  });
}
