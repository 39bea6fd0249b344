/**
 * What changed in a context, as small as it can be said: a list of operations, applied in order.
 *
 * `[path, value]` sets, `[path]` removes a member, `[path, start, removed, ...items]` takes items out of a list and puts others in. A path is a JSON
 * Pointer (RFC 6901): '' is the whole, `/failures/0/count` a number within.
 */
import { isSameJson, type Json } from './json-safe.js';

export type PatchOperation =
  | readonly [path: string]
  | readonly [path: string, value: Json]
  | readonly [path: string, start: number, removed: number, ...items: Json[]];

export type Patch = readonly PatchOperation[];

type Fields = Readonly<Record<string, Json>>;

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keyToToken(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

function tokenToKey(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;
}

/** Lists as they grow and shrink in contexts: something put in or taken out at one place. */
function diffLists(
  path: string,
  before: readonly Json[],
  after: readonly Json[],
  out: PatchOperation[],
): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isSameJson(before[start], after[start])) start += 1;
  let end = 0;
  while (
    end < shorter - start &&
    isSameJson(before[before.length - 1 - end], after[after.length - 1 - end])
  ) {
    end += 1;
  }
  const removed = before.length - start - end;
  const items = after.slice(start, after.length - end);
  if (removed === items.length) {
    for (let at = start; at < start + removed; at++) {
      diffInto(`${path}/${at}`, before[at] as Json, after[at] as Json, out);
    }
  } else {
    out.push([path, start, removed, ...items]);
  }
}

function diffInto(path: string, before: Json, after: Json, out: PatchOperation[]): void {
  if (isSameJson(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    diffLists(path, before, after, out);
  } else if (isFields(before) && isFields(after)) {
    for (const key of Object.keys(before)) {
      if (!Object.hasOwn(after, key)) out.push([`${path}/${keyToToken(key)}`]);
    }
    for (const [key, value] of Object.entries(after)) {
      const inner = `${path}/${keyToToken(key)}`;
      if (Object.hasOwn(before, key)) diffInto(inner, before[key] as Json, value, out);
      else out.push([inner, value]);
    }
  } else {
    out.push([path, after]);
  }
}

/** What leads from one to the other; empty when they are equal. */
export function diff(before: Json, after: Json): Patch {
  const patch: PatchOperation[] = [];
  diffInto('', before, after, patch);
  return patch;
}

/** A patch does not fit what it is applied to: the recording has been changed. */
export class PatchMisfit extends Error {
  override readonly name = 'PatchMisfit';
}

/** Deeper than this nothing is a fact that a machine decides by; json-safe.ts leaves it out. */
const MAX_TOKENS = 64;
/** So many items go into a list in one call: each is an argument of it. */
const ITEMS_AT_ONCE = 10_000;

/**
 * Applies patches one after the other to a value that is its own: what it has copied once it changes in place, so that many changes of one large object cost one
 * copy of it. What it was given, values in patches included, stays as it is; what it gave out before is changed by the next patch.
 */
export class Patcher {
  readonly #own = new WeakSet<object>();

  /** @throws PatchMisfit when it does not fit; the value may be changed in part then */
  apply(target: Json, patch: Patch): Json {
    return patch.reduce<Json>((value, operation) => {
      const tokens = operation[0].split('/', MAX_TOKENS + 2).slice(1);
      if (tokens.length > MAX_TOKENS) throw new PatchMisfit(`expected a path of at most ${MAX_TOKENS} steps`);
      return this.#changed(value, tokens, 0, operation);
    }, target);
  }

  #changed(target: Json, tokens: readonly string[], at: number, operation: PatchOperation): Json {
    const [path, ...rest] = operation;
    if (at === tokens.length) return this.#replaced(target, path, rest);
    const key = tokenToKey(tokens[at] as string);
    const isLast = at === tokens.length - 1;
    if (Array.isArray(target)) {
      const index = Number(key);
      if (!(index in target) || (isLast && rest.length === 0))
        throw new PatchMisfit(`expected an item at '${path}'`);
      const list = this.#ownList(target);
      list[index] = this.#changed(list[index] as Json, tokens, at + 1, operation);
      return list;
    }
    if (!isFields(target)) throw new PatchMisfit(`expected an object or a list on the way to '${path}'`);
    const isThere = Object.hasOwn(target, key);
    if (isLast && rest.length === 0) {
      if (!isThere) throw new PatchMisfit(`expected a member at '${path}'`);
      const fields = this.#ownFields(target);
      delete fields[key];
      return fields;
    }
    if (!isLast && !isThere) throw new PatchMisfit(`expected a member on the way to '${path}'`);
    const value = this.#changed(isThere ? (target[key] as Json) : null, tokens, at + 1, operation);
    const fields = this.#ownFields(target);
    // Defined rather than assigned: also a member called __proto__ is one of its own.
    Object.defineProperty(fields, key, { value, enumerable: true, writable: true, configurable: true });
    return fields;
  }

  #replaced(target: Json, path: string, rest: readonly unknown[]): Json {
    if (rest.length === 0) throw new PatchMisfit('expected a value for the whole');
    if (rest.length === 1) return rest[0] as Json;
    const [start, removed, ...items] = rest as unknown as [number, number, ...Json[]];
    if (!Array.isArray(target) || start + removed > target.length) {
      throw new PatchMisfit(`expected a list of at least ${start + removed} items at '${path}'`);
    }
    const list = this.#ownList(target);
    list.splice(start, removed);
    for (let from = 0; from < items.length; from += ITEMS_AT_ONCE) {
      list.splice(start + from, 0, ...items.slice(from, from + ITEMS_AT_ONCE));
    }
    return list;
  }

  #ownList(list: readonly Json[]): Json[] {
    if (this.#own.has(list)) return list as Json[];
    const copy = [...list];
    this.#own.add(copy);
    return copy;
  }

  #ownFields(fields: Fields): Record<string, Json> {
    if (this.#own.has(fields)) return fields;
    // fromEntries makes own members only, also of one called __proto__.
    const copy = Object.fromEntries(Object.entries(fields));
    this.#own.add(copy);
    return copy;
  }
}

/**
 * Applies a patch; what it is applied to is not changed.
 * @throws PatchMisfit when it does not fit
 */
export function applyPatch(target: Json, patch: Patch): Json {
  return new Patcher().apply(target, patch);
}
