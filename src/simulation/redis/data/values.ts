import type { SortedSetValue } from './sorted-set.js';
import type { StreamValue } from './stream.js';

export class StringValue {
  readonly type = 'string';
  owner: object;
  digest: string | undefined;
  text: string;

  constructor(owner: object, text: string) {
    this.owner = owner;
    this.text = text;
  }

  copyFor(owner: object): StringValue {
    return new StringValue(owner, this.text);
  }

  describe(): unknown {
    return this.text;
  }
}

export class HashValue {
  readonly type = 'hash';
  owner: object;
  digest: string | undefined;
  readonly fields: Map<string, string>;

  constructor(owner: object, fields = new Map<string, string>()) {
    this.owner = owner;
    this.fields = fields;
  }

  copyFor(owner: object): HashValue {
    return new HashValue(owner, new Map(this.fields));
  }

  /** The order of the fields is no part of what a hash is. */
  describe(): unknown {
    return [...this.fields].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

export class ListValue {
  readonly type = 'list';
  owner: object;
  digest: string | undefined;
  readonly items: string[];

  constructor(owner: object, items: string[] = []) {
    this.owner = owner;
    this.items = items;
  }

  copyFor(owner: object): ListValue {
    return new ListValue(owner, this.items.slice());
  }

  describe(): unknown {
    return this.items;
  }
}

/** What a key holds. Whoever is not its `owner` copies it before changing it; `digest` is kept until then. */
export type Value = StringValue | HashValue | ListValue | SortedSetValue | StreamValue;
export type ValueType = Value['type'];
