/**
 * Parses Lua 5.1. By hand, because the parser that npm has to offer (luaparse) forgets parentheses, and `(f())` is one value where `f()` may
 * be several.
 */
import { Lexer, type Token } from './lexer.js';
import type {
  BinaryOperator,
  Block,
  Call,
  Expression,
  FunctionBody,
  Statement,
  TableItem,
} from './syntax.js';

/** How tightly an operator binds to its left and to its right. */
const PRIORITIES: Readonly<Record<BinaryOperator, readonly [left: number, right: number]>> = {
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
  '..': [5, 4],
  '~=': [3, 3],
  '==': [3, 3],
  '<': [3, 3],
  '<=': [3, 3],
  '>': [3, 3],
  '>=': [3, 3],
  and: [2, 2],
  or: [1, 1],
};
const UNARY_PRIORITY = 8;
const BLOCK_ENDS = new Set(['else', 'elseif', 'end', 'until', '']);
/** How deeply Lua lets its parser nest. */
const DEEPEST = 200;

export function parse(source: string): FunctionBody {
  return new Parser(source).chunk();
}

class Parser {
  readonly #lexer: Lexer;
  #token: Token;
  #ahead: Token | undefined;
  /** Line of the token before the present one. */
  #lastLine = 1;
  #depth = 0;
  #loops = 0;
  #isVararg = true;

  constructor(source: string) {
    this.#lexer = new Lexer(source);
    this.#token = this.#lexer.next();
  }

  chunk(): FunctionBody {
    const block = this.#block();
    if (this.#token.kind !== 'end') this.#expected("'<eof>'");
    return { parameters: [], isVararg: true, block };
  }

  // --- tokens

  #advance(): Token {
    const token = this.#token;
    this.#lastLine = token.line;
    this.#token = this.#ahead ?? this.#lexer.next();
    this.#ahead = undefined;
    return token;
  }

  #fail(message: string): never {
    this.#lexer.line = this.#token.line;
    return this.#lexer.fail(message, this.#token.shown);
  }

  #expected(what: string): never {
    return this.#fail(`${what} expected`);
  }

  #is(symbol: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.value === symbol;
  }

  #take(symbol: string): boolean {
    if (!this.#is(symbol)) return false;
    this.#advance();
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) this.#expected(`'${symbol}'`);
  }

  #close(symbol: string, opened: string, line: number): void {
    if (this.#take(symbol)) return;
    if (line === this.#token.line) this.#expected(`'${symbol}'`);
    this.#fail(`'${symbol}' expected (to close '${opened}' at line ${line})`);
  }

  #name(): string {
    if (this.#token.kind !== 'name') this.#expected('<name>');
    return this.#advance().value;
  }

  #nested<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEEPEST) this.#lexer.fail('chunk has too many syntax levels');
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  // --- statements

  #block(): Block {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.#token;
      if (token.kind === 'end' || (token.kind === 'symbol' && BLOCK_ENDS.has(token.value))) return statements;
      const isLast = this.#is('return') || this.#is('break');
      statements.push(this.#nested(() => this.#statement()));
      this.#take(';');
      if (isLast) return statements;
    }
  }

  #statement(): Statement {
    const { line } = this.#token;
    const made = this.#bareStatement(line);
    return { ...made, line, lastLine: this.#lastLine } as Statement;
  }

  #bareStatement(line: number): object {
    const token = this.#token;
    switch (token.kind === 'symbol' ? token.value : '') {
      case 'if':
        return this.#if(line);
      case 'while': {
        this.#advance();
        const condition = this.#expression();
        this.#expect('do');
        const block = this.#loop();
        this.#close('end', 'while', line);
        return { kind: 'while', condition, block };
      }
      case 'do': {
        this.#advance();
        const block = this.#block();
        this.#close('end', 'do', line);
        return { kind: 'do', block };
      }
      case 'for':
        return this.#for(line);
      case 'repeat': {
        this.#advance();
        const block = this.#loop();
        this.#close('until', 'repeat', line);
        return { kind: 'repeat', block, until: this.#expression() };
      }
      case 'function':
        return this.#functionStatement(line);
      case 'local':
        return this.#local(line);
      case 'return': {
        this.#advance();
        const ends =
          this.#token.kind === 'end' ||
          this.#is(';') ||
          (this.#token.kind === 'symbol' && BLOCK_ENDS.has(this.#token.value));
        return { kind: 'return', values: ends ? [] : this.#expressions() };
      }
      case 'break':
        this.#advance();
        if (this.#loops === 0) this.#fail('no loop to break');
        return { kind: 'break' };
      default:
        return this.#callOrAssign();
    }
  }

  #loop(): Block {
    this.#loops += 1;
    const block = this.#block();
    this.#loops -= 1;
    return block;
  }

  #if(line: number): object {
    const branches: { condition: Expression; block: Block }[] = [];
    do {
      this.#advance();
      const condition = this.#expression();
      this.#expect('then');
      branches.push({ condition, block: this.#block() });
    } while (this.#is('elseif'));
    const otherwise = this.#take('else') ? this.#block() : undefined;
    this.#close('end', 'if', line);
    return { kind: 'if', branches, otherwise };
  }

  #for(line: number): object {
    this.#advance();
    const name = this.#name();
    let made: object;
    if (this.#take('=')) {
      const from = this.#expression();
      this.#expect(',');
      const to = this.#expression();
      const step = this.#take(',') ? this.#expression() : undefined;
      this.#expect('do');
      made = { kind: 'for', name, from, to, step, block: this.#loop() };
    } else if (this.#is(',') || this.#is('in')) {
      const names = [name];
      while (this.#take(',')) names.push(this.#name());
      this.#expect('in');
      const values = this.#expressions();
      this.#expect('do');
      made = { kind: 'forIn', names, values, block: this.#loop() };
    } else return this.#expected("'=' or 'in'");
    this.#close('end', 'for', line);
    return made;
  }

  #functionStatement(line: number): object {
    this.#advance();
    const nameLine = this.#token.line;
    let target: Expression = { kind: 'name', name: this.#name(), line: nameLine };
    let hasSelf = false;
    while (this.#is('.') || this.#is(':')) {
      hasSelf = this.#advance().value === ':';
      target = { kind: 'index', table: target, key: { kind: 'text', value: this.#name() }, line: nameLine };
      if (hasSelf) break;
    }
    const body = this.#functionBody(line, hasSelf);
    return { kind: 'assign', targets: [target], values: [{ kind: 'function', body }] };
  }

  #local(line: number): object {
    this.#advance();
    if (this.#take('function')) {
      const name = this.#name();
      return { kind: 'localFunction', name, body: this.#functionBody(line, false) };
    }
    const names = [this.#name()];
    while (this.#take(',')) names.push(this.#name());
    return { kind: 'local', names, values: this.#take('=') ? this.#expressions() : [] };
  }

  #callOrAssign(): object {
    const first = this.#suffixed();
    if (first.kind === 'call') return { kind: 'call', call: first };
    const targets: Expression[] = [first];
    for (;;) {
      const target = targets[targets.length - 1] as Expression;
      if (target.kind !== 'name' && target.kind !== 'index') this.#fail('syntax error');
      if (!this.#take(',')) break;
      targets.push(this.#suffixed());
    }
    this.#expect('=');
    return { kind: 'assign', targets, values: this.#expressions() };
  }

  // --- expressions

  #expressions(): Expression[] {
    const list = [this.#expression()];
    while (this.#take(',')) list.push(this.#expression());
    return list;
  }

  #expression(): Expression {
    return this.#binary(0);
  }

  #binary(limit: number): Expression {
    return this.#nested(() => {
      let left = this.#unary();
      for (;;) {
        const operator = this.#operator();
        if (operator === undefined || PRIORITIES[operator][0] <= limit) return left;
        this.#advance();
        const right = this.#binary(PRIORITIES[operator][1]);
        left = { kind: 'binary', operator, left, right, line: this.#lastLine };
      }
    });
  }

  #operator(): BinaryOperator | undefined {
    const { kind, value } = this.#token;
    return kind === 'symbol' && Object.hasOwn(PRIORITIES, value) ? (value as BinaryOperator) : undefined;
  }

  #unary(): Expression {
    const { value: operator, kind } = this.#token;
    if (kind === 'symbol' && (operator === 'not' || operator === '-' || operator === '#')) {
      this.#advance();
      const of = this.#binary(UNARY_PRIORITY);
      return { kind: 'unary', operator, of, line: this.#lastLine };
    }
    return this.#simple();
  }

  #simple(): Expression {
    const token = this.#token;
    if (token.kind === 'number') {
      this.#advance();
      return { kind: 'number', value: token.number };
    }
    if (token.kind === 'text') {
      this.#advance();
      return { kind: 'text', value: token.value };
    }
    switch (token.kind === 'symbol' ? token.value : '') {
      case 'nil':
      case 'true':
      case 'false':
        this.#advance();
        return { kind: token.value as 'nil' | 'true' | 'false' };
      case '...':
        if (!this.#isVararg) this.#fail("cannot use '...' outside a vararg function");
        this.#advance();
        return { kind: 'vararg' };
      case '{':
        return this.#table();
      case 'function':
        this.#advance();
        return { kind: 'function', body: this.#functionBody(token.line, false) };
      default:
        return this.#suffixed();
    }
  }

  #primary(): Expression {
    const token = this.#token;
    if (token.kind === 'name') {
      this.#advance();
      return { kind: 'name', name: token.value, line: token.line };
    }
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#close(')', '(', token.line);
      return { kind: 'parentheses', inner };
    }
    return this.#fail('unexpected symbol');
  }

  #suffixed(): Expression {
    let made = this.#primary();
    for (;;) {
      const token = this.#token;
      if (token.kind === 'text' || this.#is('{') || this.#is('(')) made = this.#call(made, undefined);
      else if (this.#take('.')) {
        made = { kind: 'index', table: made, key: { kind: 'text', value: this.#name() }, line: token.line };
      } else if (this.#take('[')) {
        const key = this.#expression();
        this.#expect(']');
        made = { kind: 'index', table: made, key, line: this.#lastLine };
      } else if (this.#take(':')) made = this.#call(made, this.#name());
      else return made;
    }
  }

  #call(called: Expression, method: string | undefined): Call {
    const token = this.#token;
    const { line } = token;
    if (token.kind === 'text') {
      this.#advance();
      return { kind: 'call', called, method, args: [{ kind: 'text', value: token.value }], line };
    }
    if (this.#is('{')) return { kind: 'call', called, method, args: [this.#table()], line };
    if (!this.#is('(')) this.#fail('function arguments expected');
    if (line !== this.#lastLine) this.#fail('ambiguous syntax (function call x new statement)');
    this.#advance();
    const args = this.#is(')') ? [] : this.#expressions();
    this.#close(')', '(', line);
    return { kind: 'call', called, method, args, line };
  }

  #table(): Expression {
    const { line } = this.#token;
    this.#expect('{');
    const items: TableItem[] = [];
    while (!this.#is('}')) {
      items.push(this.#tableItem());
      if (!this.#take(',') && !this.#take(';')) break;
    }
    this.#close('}', '{', line);
    return { kind: 'table', items, line: this.#lastLine };
  }

  #tableItem(): TableItem {
    if (this.#take('[')) {
      const key = this.#expression();
      this.#expect(']');
      this.#expect('=');
      return { key, value: this.#expression() };
    }
    if (this.#token.kind === 'name') {
      this.#ahead ??= this.#lexer.next();
      if (this.#ahead.kind === 'symbol' && this.#ahead.value === '=') {
        const key: Expression = { kind: 'text', value: this.#name() };
        this.#expect('=');
        return { key, value: this.#expression() };
      }
    }
    return { key: undefined, value: this.#expression() };
  }

  #functionBody(line: number, hasSelf: boolean): FunctionBody {
    const outer = { loops: this.#loops, isVararg: this.#isVararg };
    const parameters = hasSelf ? ['self'] : [];
    let isVararg = false;
    this.#expect('(');
    if (!this.#is(')')) {
      do {
        if (this.#take('...')) isVararg = true;
        else if (this.#token.kind === 'name') parameters.push(this.#name());
        else this.#expected("<name> or '...'");
      } while (!isVararg && this.#take(','));
    }
    this.#expect(')');
    this.#loops = 0;
    this.#isVararg = isVararg;
    const block = this.#block();
    this.#close('end', 'function', line);
    this.#loops = outer.loops;
    this.#isVararg = outer.isVararg;
    return { parameters, isVararg, block };
  }
}
