/** A patch as people read it: what was where, and what is there now. */
import type { Json } from '../../../replay/json-safe.js';
import type { Patch } from '../../../replay/patch.js';

export interface ContextChange {
  /** JSON Pointer. */
  readonly path: string;
  /** Undefined: there was nothing. */
  readonly was: Json | undefined;
  /** Undefined: there is nothing any more. */
  readonly is: Json | undefined;
}

function at(value: Json, path: string): Json | undefined {
  let here: Json | undefined = value;
  for (const token of path.split('/').slice(1)) {
    if (typeof here !== 'object' || here === null) return undefined;
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const inside = here as Readonly<Record<string, Json>>;
    here = Object.hasOwn(inside, key) ? inside[key] : undefined;
  }
  return here;
}

/** One for each place, however often it was changed. */
export function contextChanges(before: Json, after: Json, patch: Patch): ContextChange[] {
  const paths = new Set(patch.map(([path]) => path));
  return [...paths].map((path) => ({ path, was: at(before, path), is: at(after, path) }));
}
