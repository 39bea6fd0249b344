/** Generates JavaScript for expressions. */
import { folded } from './constant-folding.js';
import { ONE_RESULT } from './environment.js';
import { at } from './line-marks.js';
import type { Scopes } from './scopes.js';
import type { BinaryOperator, Call, Expression, FunctionBody } from './syntax.js';

const ARITHMETIC: Partial<Record<BinaryOperator, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '^': 'pow',
  '..': 'concat',
};
const COMPARISONS = new Set<BinaryOperator>(['==', '~=', '<', '<=', '>', '>=']);
const LITERALS = new Set<Expression['kind']>(['nil', 'true', 'false', 'number', 'text']);

/** Whether this is `and` or `or` with a left side that is a constant and leaves the right one as the result. */
function letsPass({ operator, left }: Extract<Expression, { kind: 'binary' }>): boolean {
  const plain = folded(left);
  const { kind } = plain.kind === 'parentheses' ? plain.inner : plain;
  if (operator === 'and') return kind === 'true' || kind === 'number' || kind === 'text';
  return operator === 'or' && (kind === 'nil' || kind === 'false');
}

/** Whether evaluating this runs code of the script's, apart from metamethods. */
function hasCall(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return true;
    case 'parentheses':
      return hasCall(expression.inner);
    case 'index':
      return hasCall(expression.table) || hasCall(expression.key);
    case 'unary':
      return hasCall(expression.of);
    case 'binary':
      return hasCall(expression.left) || hasCall(expression.right);
    case 'table':
      return expression.items.some(({ key, value }) => (key && hasCall(key)) || hasCall(value));
    default:
      return false;
  }
}

export class Expressions {
  readonly scopes: Scopes;
  readonly #functionBody: (body: FunctionBody) => string;

  /** @param functionBody code of a function that stands in an expression */
  constructor(scopes: Scopes, functionBody: (body: FunctionBody) => string) {
    this.scopes = scopes;
    this.#functionBody = functionBody;
  }

  /** How Lua calls an operand in an error text. */
  description(expression: Expression): string {
    switch (expression.kind) {
      case 'name': {
        const local = this.scopes.lookUp(expression.name);
        if (local === undefined) return JSON.stringify(`global '${expression.name}'`);
        return JSON.stringify(
          `${local.owner === this.scopes.present ? 'local' : 'upvalue'} '${expression.name}'`,
        );
      }
      case 'index':
        return JSON.stringify(`field '${expression.key.kind === 'text' ? expression.key.value : '?'}'`);
      case 'parentheses':
        return this.description(expression.inner);
      case 'binary':
        // Where the left side is known to let pass, no code is made for it.
        return letsPass(expression) ? this.description(expression.right) : '""';
      default:
        return '""';
    }
  }

  isOpen(expression: Expression): boolean {
    return expression.kind === 'call' || expression.kind === 'vararg';
  }

  endsOpen(list: readonly Expression[]): boolean {
    const last = list[list.length - 1];
    return last !== undefined && this.isOpen(last);
  }

  vararg(): string {
    return this.scopes.present.vararg;
  }

  /** All values of a call or of `...`, as an array. */
  open(expression: Expression): string {
    return expression.kind === 'vararg' ? this.vararg() : `many(${this.call(expression as Call)})`;
  }

  /** The values of a list, between commas. */
  #list(list: readonly Expression[]): string {
    return list
      .map((value, position) => {
        if (position < list.length - 1 || !this.isOpen(value)) return this.expression(value);
        if (value.kind === 'call' && this.#returnsOne(value)) return this.call(value);
        return `...${this.open(value)}`;
      })
      .join(',');
  }

  array(list: readonly Expression[]): string {
    return `[${this.#list(list)}]`;
  }

  #returnsOne(call: Call): boolean {
    const member = call.method === undefined ? this.scopes.libraryMember(call.called) : undefined;
    return member !== undefined && ONE_RESULT.has(member.path);
  }

  call({ called, method, args, line }: Call): string {
    if (method !== undefined) {
      const object = this.scopes.temporary();
      const found = `${at(line)}field((${object}=(${this.expression(called)})),${JSON.stringify(method)},${this.description(called)})`;
      const rest = args.length > 0 ? `,${this.#list(args)}` : '';
      const name = JSON.stringify(`method '${method}'`);
      // The object is read again before the arguments are evaluated, and these have temporaries of their own.
      return `${at(line)}fn(${found},${name})${at(line)}(${object}${rest})`;
    }
    const member = this.scopes.libraryMember(called);
    if (member !== undefined && this.scopes.isFunction(member.path)) {
      return `${at(line)}${member.js}(${this.#list(args)})`;
    }
    return `${at(line)}fn(${this.expression(called)},${this.description(called)})${at(line)}(${this.#list(args)})`;
  }

  expression(given: Expression): string {
    const expression = folded(given);
    switch (expression.kind) {
      case 'nil':
        return 'undefined';
      case 'true':
      case 'false':
        return expression.kind;
      case 'number':
        return this.#number(expression.value);
      case 'text':
        return JSON.stringify(expression.value);
      case 'vararg':
        return `${this.vararg()}[0]`;
      case 'name':
        return this.scopes.name(expression.name, expression.line);
      case 'parentheses':
        return this.expression(expression.inner);
      case 'function':
        return this.#functionBody(expression.body);
      case 'call':
        return this.#returnsOne(expression) ? this.call(expression) : `first(${this.call(expression)})`;
      case 'index':
        return this.#index(expression);
      case 'table':
        return this.#table(expression);
      case 'unary':
        return this.#unary(expression);
      case 'binary':
        return this.#binary(expression);
    }
  }

  #number(value: number): string {
    let exact = value;
    if (value === 0) {
      // A function has one constant for 0 and -0, which Lua takes for the same: it is what comes first.
      this.scopes.present.zero ??= value;
      exact = this.scopes.present.zero;
    }
    if (Object.is(exact, -0)) return '(-0)';
    return Number.isFinite(exact)
      ? exact < 0
        ? `(${exact})`
        : String(exact)
      : exact > 0
        ? '(1/0)'
        : '(-1/0)';
  }

  #index(expression: Extract<Expression, { kind: 'index' }>): string {
    const member = this.scopes.libraryMember(expression);
    if (member !== undefined) return member.js;
    const { table, key, line } = expression;
    const operation = key.kind === 'text' ? 'field' : 'index';
    const [t, k] = [this.expression(table), this.expression(key)];
    if (this.#isOwnLocal(table) && hasCall(key)) {
      const kept = this.scopes.temporary();
      return `(${kept}=(${k}),${at(line)}${operation}(${t},${kept},${this.description(table)}))`;
    }
    return `${at(line)}${operation}(${t},${k},${this.description(table)})`;
  }

  #table({ items, line }: Extract<Expression, { kind: 'table' }>): string {
    if (items.every(({ key }) => key === undefined)) {
      const values = this.array(items.map(({ value }) => value));
      return items.length === 0 ? 'new LuaTable()' : `LuaTable.constructed(${values})`;
    }
    if (items.every(({ key }) => key?.kind === 'text')) {
      const names = items.map(({ key }) => (key as { value: string }).value);
      const values = items.map(({ value }) => this.expression(value));
      return `record(${JSON.stringify(names)},[${values.join(',')}])`;
    }
    const layout: string[] = [];
    const values: Expression[] = [];
    for (const [position, { key, value }] of items.entries()) {
      if (key === undefined) {
        layout.push('p');
        // Only the very last item may be several values.
        values.push(position < items.length - 1 ? { kind: 'parentheses', inner: value } : value);
      } else {
        layout.push('k', 'v');
        values.push(key, { kind: 'parentheses', inner: value });
      }
    }
    // A last call may add values beyond the layout, all of them by position.
    return `${at(line)}construct(${JSON.stringify(layout.join(''))},${this.array(values)})`;
  }

  #unary({ operator, of, line }: Extract<Expression, { kind: 'unary' }>): string {
    if (operator === 'not') return `!${this.condition(of)}`;
    const operand = this.expression(of);
    return `${at(line)}${operator === '-' ? 'unm' : 'len'}(${operand},${this.description(of)})`;
  }

  #isBoolean(expression: Expression): boolean {
    switch (expression.kind) {
      case 'true':
      case 'false':
        return true;
      case 'unary':
        return expression.operator === 'not';
      case 'binary':
        return COMPARISONS.has(expression.operator);
      case 'parentheses':
        return this.#isBoolean(expression.inner);
      default:
        return false;
    }
  }

  /** A JavaScript condition. */
  condition(expression: Expression): string {
    if (expression.kind === 'parentheses') return this.condition(expression.inner);
    if (expression.kind === 'binary' && (expression.operator === 'and' || expression.operator === 'or')) {
      const [left, right] = [this.condition(expression.left), this.condition(expression.right)];
      return `(${left}${expression.operator === 'and' ? '&&' : '||'}${right})`;
    }
    if (this.#isBoolean(expression)) return `(${this.expression(expression)})`;
    return `truthy(${this.expression(expression)})`;
  }

  #binary({ operator, left, right, line }: Extract<Expression, { kind: 'binary' }>): string {
    if (operator === 'and' || operator === 'or') return this.#logical(operator, left, right);
    const [a, b] = [this.expression(left), this.expression(right)];
    if (operator !== '..' && this.#isOwnLocal(left) && hasCall(right)) {
      // Lua reads a local when it computes, after the call on the right, which may have assigned it.
      const kept = this.scopes.temporary();
      return `(${kept}=(${b}),${this.#operation(operator, a, kept, left, right, line)})`;
    }
    return this.#operation(operator, a, b, left, right, line);
  }

  #isOwnLocal(expression: Expression): boolean {
    if (expression.kind === 'parentheses') return this.#isOwnLocal(expression.inner);
    return expression.kind === 'name' && this.scopes.lookUp(expression.name)?.owner === this.scopes.present;
  }

  #operation(
    operator: BinaryOperator,
    a: string,
    b: string,
    left: Expression,
    right: Expression,
    line: number,
  ): string {
    const arithmetic = ARITHMETIC[operator];
    if (arithmetic !== undefined) {
      return `${at(line)}${arithmetic}(${a},${b},${this.description(left)},${this.description(right)})`;
    }
    switch (operator) {
      case '==':
      case '~=': {
        const not = operator === '~=' ? '!' : '';
        // A literal is equal to nothing but itself.
        if (LITERALS.has(left.kind) || LITERALS.has(right.kind)) {
          return `((${a})${operator === '==' ? '===' : '!=='}(${b}))`;
        }
        return `${not}${at(line)}eq(${a},${b})`;
      }
      case '<':
        return `${at(line)}lt(${a},${b})`;
      case '<=':
        return `${at(line)}le(${a},${b})`;
      // Lua has only these two, and evaluates the operands in the order in which they are written.
      case '>':
        return `${at(line)}gt(${a},${b})`;
      default:
        return `${at(line)}ge(${a},${b})`;
    }
  }

  #logical(operator: 'and' | 'or', left: Expression, right: Expression): string {
    const b = this.expression(right);
    if (this.#isBoolean(left)) {
      const condition = this.condition(left);
      return operator === 'and' ? `(${condition}?${b}:false)` : `(${condition}?true:${b})`;
    }
    const kept = this.scopes.temporary();
    const a = `truthy(${kept}=(${this.expression(left)}))`;
    return operator === 'and' ? `(${a}?${b}:${kept})` : `(${a}?${kept}:${b})`;
  }
}
