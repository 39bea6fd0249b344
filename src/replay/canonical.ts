/** The same value is the same text, wherever its members were written. */
import type { Json } from './json-safe.js';

type Fields = Readonly<Record<string, unknown>>;

/** Members sorted by name; those that are undefined are left out. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Fields)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => [key, canonical(member)]),
  );
}

export function canonicalText(value: Json): string {
  return JSON.stringify(canonical(value));
}
