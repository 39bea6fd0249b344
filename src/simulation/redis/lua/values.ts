import { LuaError, UnsupportedLua } from './errors.js';

/**
 * A Lua value: nil is undefined, a string holds one byte a character. A function takes its arguments one by one and returns one value, or
 * an array of none or several.
 */
export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | LuaNull;
export type LuaReturn = LuaValue | readonly LuaValue[];
export type LuaFunction = (...args: LuaValue[]) => LuaReturn;

/** `cjson.null`, the only userdata there is. */
export class LuaNull {
  readonly type = 'userdata';
}

export const NULL = new LuaNull();

/** What a function returns that returns nothing. */
export const NOTHING: readonly LuaValue[] = [];

/**
 * A Lua table. Positive integer keys from 1 on live in `array`, everything else in `hash`.
 *
 * Where a table has holes, its length is any of several numbers, and which one Lua answers depends on how the table grew. For a table as a
 * constructor made it, this class answers what Lua 5.1 answers; for any other with holes it throws, rather than differ in silence.
 * The order of `pairs` is that of insertion, array first; Lua's own is another one.
 */
export class LuaTable {
  /** Value of key `i + 1` at `i`. Its last item is never nil, unless the table is as its constructor made it. */
  array: LuaValue[];
  hash: Map<LuaValue, LuaValue> | undefined;
  meta: LuaTable | undefined;
  isReadOnly = false;
  /** How many items of `array` are nil. */
  #holes = 0;
  /** The array part has the size that the constructor gave it. */
  #isAsConstructed = false;
  /** Keys of a traversal under way, and where it stands. */
  #walk: { keys: LuaValue[]; at: number } | undefined;

  constructor(array: LuaValue[] = [], hash?: Map<LuaValue, LuaValue>) {
    this.array = array;
    this.hash = hash;
  }

  /** What a constructor makes: values may be nil, and the size of the array part is their number. */
  static constructed(array: LuaValue[], hash?: Map<LuaValue, LuaValue>): LuaTable {
    const table = new LuaTable(array, hash);
    table.#isAsConstructed = true;
    for (const value of array) if (value === undefined) table.#holes += 1;
    return table;
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === 'number') {
      const value = this.array[key - 1];
      if (value !== undefined) return value;
    }
    return this.hash === undefined ? undefined : this.hash.get(key);
  }

  /** @throws LuaError for a key that is nil or NaN, and for a protected table */
  set(key: LuaValue, value: LuaValue): void {
    if (this.isReadOnly) throw new LuaError('Attempt to modify a readonly table');
    if (typeof key === 'number') {
      if (this.#setInArray(key, value)) return;
      if (Number.isNaN(key)) throw new LuaError('table index is NaN');
    } else if (key === undefined) throw new LuaError('table index is nil');
    if (value === undefined) this.hash?.delete(key);
    else {
      this.hash ??= new Map();
      this.hash.set(key, value);
      this.#isAsConstructed = false;
    }
  }

  #setInArray(key: number, value: LuaValue): boolean {
    const { array } = this;
    const at = key - 1;
    if (at < array.length) {
      if (at < 0 || !Number.isInteger(at)) return false;
      const isNil = array[at] === undefined;
      if (value === undefined) {
        if (isNil) return true;
        this.#holes += 1;
        array[at] = undefined;
        if (at === array.length - 1) this.#trim();
      } else {
        if (isNil) this.#holes -= 1;
        array[at] = value;
      }
      return true;
    }
    if (at !== array.length) return false;
    if (value === undefined) return this.hash === undefined;
    array.push(value);
    this.#isAsConstructed = false;
    if (this.hash !== undefined) {
      this.hash.delete(key);
      this.#migrate();
    }
    return true;
  }

  #trim(): void {
    const { array } = this;
    this.#isAsConstructed = false;
    while (array.length > 0 && array[array.length - 1] === undefined) {
      array.pop();
      this.#holes -= 1;
    }
  }

  /** What follows the array in the hash belongs into the array. */
  #migrate(): void {
    const { array, hash } = this;
    if (hash === undefined || hash.size === 0) return;
    for (;;) {
      const next = hash.get(array.length + 1);
      if (next === undefined) return;
      hash.delete(array.length + 1);
      array.push(next);
    }
  }

  /**
   * The border that `#` answers.
   * @throws UnsupportedLua where several are possible and Lua's choice depends on the table's past
   */
  get length(): number {
    const { array } = this;
    if (this.hash !== undefined && this.hash.size > 0) this.#refuseOtherBorders();
    if (this.#holes === 0) return array.length;
    if (!this.#isAsConstructed) throw new UnsupportedLua('the length of a table with holes that has grown');
    // As the constructor sized it: the end, or the border that a binary search meets.
    if (array[array.length - 1] !== undefined) return array.length;
    let low = 0;
    let high = array.length;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (array[middle - 1] === undefined) high = middle;
      else low = middle;
    }
    return low;
  }

  #refuseOtherBorders(): void {
    for (const key of (this.hash as Map<LuaValue, LuaValue>).keys()) {
      if (typeof key === 'number' && key > 0 && Number.isInteger(key)) {
        throw new UnsupportedLua(
          `the length of a table with holes (it has ${this.array.length} items in sequence, and one at ${key})`,
        );
      }
    }
  }

  /** Key after `key` (undefined: the first), for `next`; undefined at the end. */
  next(key: LuaValue): LuaValue {
    if (key === undefined) {
      const keys: LuaValue[] = [];
      for (let at = 0; at < this.array.length; at += 1) keys.push(at + 1);
      if (this.hash !== undefined) for (const one of this.hash.keys()) keys.push(one);
      this.#walk = { keys, at: -1 };
    } else if (this.#walk === undefined || this.#walk.keys[this.#walk.at] !== key) {
      this.next(undefined);
      const walk = this.#walk as unknown as { keys: LuaValue[]; at: number };
      walk.at = walk.keys.indexOf(key);
      if (walk.at === -1) throw new LuaError("invalid key to 'next'");
    }
    const walk = this.#walk as { keys: LuaValue[]; at: number };
    while (walk.at < walk.keys.length) {
      walk.at += 1;
      const next = walk.keys[walk.at];
      if (next !== undefined && this.get(next) !== undefined) return next;
    }
    return undefined;
  }
}
