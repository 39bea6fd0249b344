/** cjson.decode: JSON, and the numbers beyond JSON that Redis lets pass. */
import { LuaError } from './errors.js';
import { stringToNumber } from './numbers.js';
import { LuaTable, type LuaValue, NULL } from './values.js';

const DEEPEST = 1000;
const NUMBER =
  /[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?|inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/iy;
const BEYOND_JSON = /\+|-?(?:0x|0\d|inf|nan)/iy;
const SYMBOLS: Readonly<Record<string, string>> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ',': 'T_COMMA',
  ':': 'T_COLON',
};
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
};

interface Token {
  /** As cjson calls it in its errors; what is wrong, for one that is none. */
  readonly type: string;
  readonly value?: LuaValue;
  readonly at: number;
}

export function decodeJson(text: string): LuaValue {
  if (text.length >= 2 && (text[0] === '\0' || text[1] === '\0')) {
    throw new LuaError('JSON parser does not support UTF-16 or UTF-32');
  }
  return new Decoder(text).document();
}

class Decoder {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): LuaValue {
    const value = this.#value(this.#next());
    const rest = this.#next();
    if (rest.type !== 'T_END') this.#fail('the end', rest);
    return value;
  }

  #fail(expected: string, { type, at }: Token): never {
    throw new LuaError(`Expected ${expected} but found ${type} at character ${at + 1}`);
  }

  #next(): Token {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '\0')) this.#at += 1;
    const at = this.#at;
    const c = this.#text[at] ?? '\0';
    const symbol = SYMBOLS[c];
    if (symbol !== undefined) {
      this.#at += 1;
      return { type: symbol, at };
    }
    if (c === '\0') return { type: 'T_END', at };
    if (c === '"') return this.#string(at);
    if (/[-0-9]/.test(c)) return this.#number(at);
    for (const [word, type, value] of [
      ['true', 'T_BOOLEAN', true],
      ['false', 'T_BOOLEAN', false],
      ['null', 'T_NULL', NULL],
    ] as const) {
      if (this.#text.startsWith(word, at)) {
        this.#at += word.length;
        return { type, value, at };
      }
    }
    BEYOND_JSON.lastIndex = at;
    return /[finNIt+]/.test(c) && BEYOND_JSON.test(this.#text)
      ? this.#number(at)
      : { type: 'invalid token', at };
  }

  #number(at: number): Token {
    NUMBER.lastIndex = at;
    const [found] = NUMBER.exec(this.#text) ?? [];
    if (found === undefined) return { type: 'invalid number', at };
    this.#at += found.length;
    return { type: 'T_NUMBER', value: stringToNumber(found), at };
  }

  /** A token that is none: its place is where the text stops making sense. */
  #wrong(type: string): Token {
    return { type, at: this.#at };
  }

  #string(at: number): Token {
    let value = '';
    this.#at += 1;
    for (;;) {
      const c = this.#text[this.#at] ?? '\0';
      if (c === '\0') return this.#wrong('unexpected end of string');
      if (c === '"') break;
      if (c !== '\\') {
        value += c;
        this.#at += 1;
        continue;
      }
      const escaped = this.#text[this.#at + 1] ?? '\0';
      if (escaped === 'u') {
        const character = this.#unicode();
        if (character === undefined) return this.#wrong('invalid unicode escape code');
        value += character;
        continue;
      }
      const meant = ESCAPES[escaped];
      if (meant === undefined) return this.#wrong('invalid escape code');
      value += meant;
      this.#at += 2;
    }
    this.#at += 1;
    return { type: 'T_STRING', value, at };
  }

  #hex(at: number): number | undefined {
    const digits = this.#text.slice(at, at + 4);
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }

  /** The bytes of `\uXXXX`, or of two that are a pair. */
  #unicode(): string | undefined {
    let point = this.#hex(this.#at + 2);
    if (point === undefined) return undefined;
    let length = 6;
    if ((point & 0xf800) === 0xd800) {
      if ((point & 0x400) !== 0 || this.#text.slice(this.#at + 6, this.#at + 8) !== '\\u') return undefined;
      const low = this.#hex(this.#at + 8);
      if (low === undefined || (low & 0xfc00) !== 0xdc00) return undefined;
      point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
      length = 12;
    }
    this.#at += length;
    return Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1');
  }

  #value(token: Token): LuaValue {
    switch (token.type) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
      case 'T_NULL':
        return token.value;
      case 'T_OBJ_BEGIN':
        return this.#nested(() => this.#object());
      case 'T_ARR_BEGIN':
        return this.#nested(() => this.#array());
      default:
        return this.#fail('value', token);
    }
  }

  #nested(parse: () => LuaTable): LuaTable {
    this.#depth += 1;
    if (this.#depth > DEEPEST) {
      throw new LuaError(`Found too many nested data structures (${this.#depth}) at character ${this.#at}`);
    }
    const table = parse();
    this.#depth -= 1;
    return table;
  }

  #object(): LuaTable {
    const table = new LuaTable();
    let token = this.#next();
    if (token.type === 'T_OBJ_END') return table;
    for (;;) {
      if (token.type !== 'T_STRING') this.#fail('object key string', token);
      const key = token.value;
      token = this.#next();
      if (token.type !== 'T_COLON') this.#fail('colon', token);
      table.set(key, this.#value(this.#next()));
      token = this.#next();
      if (token.type === 'T_OBJ_END') return table;
      if (token.type !== 'T_COMMA') this.#fail('comma or object end', token);
      token = this.#next();
    }
  }

  #array(): LuaTable {
    const items: LuaValue[] = [];
    let token = this.#next();
    if (token.type === 'T_ARR_END') return new LuaTable();
    for (;;) {
      items.push(this.#value(token));
      token = this.#next();
      if (token.type === 'T_ARR_END') return new LuaTable(items);
      if (token.type !== 'T_COMMA') this.#fail('comma or array end', token);
      token = this.#next();
    }
  }
}
