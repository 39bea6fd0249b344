/** Lua 5.1's tokens. */
import { stringToNumber } from './numbers.js';

/** A script that does not compile, in the words of Lua's own compiler. */
export class LuaSyntaxError extends Error {}

export type TokenKind = 'name' | 'text' | 'number' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Keyword or symbol as it stands there; the name; the text's value. */
  readonly value: string;
  readonly number: number;
  readonly line: number;
  /** As error texts show it. */
  readonly shown: string;
}

const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);
const SYMBOLS = ['...', '..', '==', '~=', '<=', '>='];
const SINGLE = new Set('+-*/%^#<>=(){}[];:,.');
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function isNewline(c: string | undefined): boolean {
  return c === '\n' || c === '\r';
}

export class Lexer {
  readonly #source: string;
  #at = 0;
  line = 1;

  constructor(source: string) {
    this.#source = source;
    // Lua skips a first line that begins with #.
    if (source.startsWith('#'))
      while (this.#at < source.length && !isNewline(source[this.#at])) this.#at += 1;
  }

  fail(message: string, near?: string): never {
    const where = near === undefined ? '' : ` near '${near}'`;
    throw new LuaSyntaxError(`user_script:${this.line}: ${message}${where}`);
  }

  #newline(): void {
    const c = this.#source[this.#at];
    this.#at += 1;
    const next = this.#source[this.#at];
    if (isNewline(next) && next !== c) this.#at += 1;
    this.line += 1;
  }

  next(): Token {
    const source = this.#source;
    for (;;) {
      const c = source[this.#at];
      if (c === undefined) return this.#token('end', '', '<eof>');
      if (isNewline(c)) this.#newline();
      else if (c === ' ' || c === '\t' || c === '\v' || c === '\f') this.#at += 1;
      else if (c === '-' && source[this.#at + 1] === '-') this.#comment();
      else break;
    }
    const rest = source[this.#at] as string;
    if (/[A-Za-z_]/.test(rest)) return this.#name();
    if (/[0-9]/.test(rest) || (rest === '.' && /[0-9]/.test(source[this.#at + 1] ?? '')))
      return this.#number();
    if (rest === '"' || rest === "'") return this.#text(rest);
    if (rest === '[') {
      const level = this.#longLevel();
      if (level >= 0) {
        const start = this.#at;
        const value = this.#long(level, 'string');
        return this.#token('text', value, this.#source.slice(start, this.#at));
      }
    }
    for (const symbol of SYMBOLS) {
      if (source.startsWith(symbol, this.#at)) {
        this.#at += symbol.length;
        return this.#token('symbol', symbol, symbol);
      }
    }
    this.#at += 1;
    if (!SINGLE.has(rest)) this.fail('unexpected symbol', rest);
    return this.#token('symbol', rest, rest);
  }

  #token(kind: TokenKind, value: string, shown: string, number = 0): Token {
    return { kind, value, number, line: this.line, shown };
  }

  #comment(): void {
    this.#at += 2;
    if (this.#source[this.#at] === '[') {
      const level = this.#longLevel();
      if (level >= 0) {
        this.#long(level, 'comment');
        return;
      }
    }
    while (this.#at < this.#source.length && !isNewline(this.#source[this.#at])) this.#at += 1;
  }

  /** Number of `=` of a long bracket that begins here; -1: none does. */
  #longLevel(): number {
    let at = this.#at + 1;
    while (this.#source[at] === '=') at += 1;
    if (this.#source[at] === '[') return at - this.#at - 1;
    if (at > this.#at + 1) this.fail('invalid long string delimiter', this.#source.slice(this.#at, at));
    return -1;
  }

  #long(level: number, what: 'string' | 'comment'): string {
    const close = `]${'='.repeat(level)}]`;
    this.#at += level + 2;
    if (isNewline(this.#source[this.#at])) this.#newline();
    let value = '';
    for (;;) {
      const c = this.#source[this.#at];
      if (c === undefined) this.fail(`unfinished long ${what}`, '<eof>');
      if (isNewline(c)) {
        this.#newline();
        value += '\n';
      } else if (c === ']' && this.#source.startsWith(close, this.#at)) {
        this.#at += close.length;
        return value;
      } else {
        if (level === 0 && c === '[' && this.#source[this.#at + 1] === '[')
          this.fail('nesting of [[...]] is deprecated', '[');
        value += c;
        this.#at += 1;
      }
    }
  }

  #name(): Token {
    const [name = ''] = /^[A-Za-z0-9_]+/.exec(this.#source.slice(this.#at, this.#at + 500)) ?? [];
    this.#at += name.length;
    return this.#token(KEYWORDS.has(name) ? 'symbol' : 'name', name, name);
  }

  #number(): Token {
    const start = this.#at;
    const source = this.#source;
    while (/[0-9.]/.test(source[this.#at] ?? '')) this.#at += 1;
    if (/[eE]/.test(source[this.#at] ?? '')) {
      this.#at += 1;
      if (/[+-]/.test(source[this.#at] ?? '')) this.#at += 1;
    }
    while (/[A-Za-z0-9_]/.test(source[this.#at] ?? '')) this.#at += 1;
    const text = source.slice(start, this.#at);
    const value = stringToNumber(text);
    if (value === undefined) this.fail('malformed number', text);
    return this.#token('number', text, text, value);
  }

  #text(quote: string): Token {
    const start = this.#at;
    let value = '';
    this.#at += 1;
    for (;;) {
      const c = this.#source[this.#at];
      if (c === undefined) this.fail('unfinished string', '<eof>');
      if (isNewline(c)) this.fail('unfinished string', this.#source.slice(start, this.#at));
      this.#at += 1;
      if (c === quote) return this.#token('text', value, this.#source.slice(start, this.#at));
      value += c === '\\' ? this.#escape(start) : c;
    }
  }

  #escape(start: number): string {
    const c = this.#source[this.#at];
    if (c === undefined) return '';
    if (isNewline(c)) {
      this.#newline();
      return '\n';
    }
    const [digits] = /^[0-9]{1,3}/.exec(this.#source.slice(this.#at, this.#at + 3)) ?? [];
    if (digits !== undefined) {
      this.#at += digits.length;
      if (Number(digits) > 255) this.fail('escape sequence too large', this.#source.slice(start, this.#at));
      return String.fromCharCode(Number(digits));
    }
    this.#at += 1;
    return ESCAPES[c] ?? c;
  }
}
