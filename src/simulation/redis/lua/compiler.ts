/**
 * Compiles a script to JavaScript, once; it then runs at the speed of JavaScript. Measured with a `redis.call` that does nothing, Node 20: a call of
 * refresh.lua 0.2 µs (fengari 10, wasmoon 46), 20 times the pattern `^(%d+)%-(%d+)$` and two tonumber 22 µs (fengari 135,
 * wasmoon 45).
 *
 * Locals become variables, functions become functions, globals become constants (Redis protects them). What may fail names its operands,
 * for the text of the error; its line is found from the stack when it fails (source-lines.ts). What is not supported is refused here.
 */
import { forgetAddresses } from './base-library.js';
import { folded } from './constant-folding.js';
import { type LuaEnvironment, ONE_RESULT, UNSUPPORTED_GLOBALS } from './environment.js';
import { UnsupportedLua } from './errors.js';
import { LuaSyntaxError } from './lexer.js';
import * as operators from './operators.js';
import { parse } from './parser.js';
import { forgetLines, newScriptName, registerLines } from './source-lines.js';
import type { BinaryOperator, Block, Call, Expression, FunctionBody, Statement } from './syntax.js';
import { type LuaReturn, LuaTable, type LuaValue, NOTHING } from './values.js';

export interface CompiledScript {
  run(keys: LuaTable, args: LuaTable): LuaReturn;
  /** Frees what is kept for error texts. */
  dispose(): void;
}

/** Most turns of loops that one run may take: more is a script that does not end. */
const MOST_TURNS = 20_000_000;
/** Limits of Lua's own compiler. */
const MOST_LOCALS = 200;
const MOST_UPVALUES = 60;

const fuel = { left: MOST_TURNS };

function outOfFuel(): never {
  throw new UnsupportedLua(`a script that runs on (${MOST_TURNS} turns of its loops)`);
}

const support = {
  ...operators,
  LuaTable,
  NOTHING,
  fuel,
  outOfFuel,
};

/** @throws LuaSyntaxError; UnsupportedLua for what is not supported */
export function compile(source: string, environment: LuaEnvironment): CompiledScript {
  const name = newScriptName();
  const generator = new Generator(environment);
  const { text, lines } = laidOut(generator.program(parse(source)));
  const build = new Function('$', '$c', `${text}\n//# sourceURL=${name}`) as (
    support: object,
    constants: readonly LuaValue[],
  ) => (keys: LuaTable, args: LuaTable) => LuaReturn;
  // A function made from text has two lines of its own in front.
  registerLines(name, [0, 0, ...lines]);
  const main = build(support, generator.constants);
  return {
    run(keys, args) {
      fuel.left = MOST_TURNS;
      forgetAddresses();
      return main(keys, args);
    },
    dispose: () => forgetLines(name),
  };
}

/** A mark in the generated text: what follows stands on this line of the script. */
function at(line: number): string {
  return `\u0001${line}\u0002`;
}

/** Replaces the marks by line breaks; `lines` holds the script's line for each line of the text. */
function laidOut(marked: string): { text: string; lines: number[] } {
  const lines = [0];
  let text = '';
  let from = 0;
  for (;;) {
    const mark = marked.indexOf('\u0001', from);
    if (mark === -1) return { text: text + marked.slice(from), lines };
    const end = marked.indexOf('\u0002', mark);
    const line = Number(marked.slice(mark + 1, end));
    text += marked.slice(from, mark);
    if (lines[lines.length - 1] !== line) {
      text += '\n';
      lines.push(line);
    }
    from = end + 1;
  }
}

interface Local {
  readonly js: string;
  readonly owner: FunctionState;
}

interface FunctionState {
  readonly outer: FunctionState | undefined;
  readonly isVararg: boolean;
  readonly vararg: string;
  readonly temporaries: string[];
  readonly upvalues: Set<Local>;
  locals: number;
  /** 0 or -0, whichever the function mentions first. */
  zero: number | undefined;
}

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

class Generator {
  readonly #environment: LuaEnvironment;
  readonly constants: LuaValue[] = [];
  readonly #constantNames = new Map<string, string>();
  #scopes: Map<string, Local>[] = [];
  #names = 0;
  #function: FunctionState = this.#newFunction(undefined, true);

  constructor(environment: LuaEnvironment) {
    this.#environment = environment;
  }

  program(main: FunctionBody): string {
    const body = this.#inFunction(this.#function, () => this.#block(main.block));
    const imported = Object.keys(support).join(',');
    const constants = [...this.#constantNames.values()].map((js, position) => `${js}=$c[${position}]`);
    const declared = constants.length > 0 ? `const ${constants.join(',')};` : '';
    return `"use strict";const {${imported}}=$;${declared}return function(KEYS,ARGV){const ${this.#function.vararg}=NOTHING;${body}};`;
  }

  // --- names

  #newFunction(outer: FunctionState | undefined, isVararg: boolean): FunctionState {
    this.#names += 1;
    return {
      outer,
      isVararg,
      vararg: `va_${this.#names}`,
      temporaries: [],
      upvalues: new Set(),
      locals: 0,
      zero: undefined,
    };
  }

  /** Code of a function's body, with what it needs declared in front. */
  #inFunction(state: FunctionState, generate: () => string): string {
    const outer = this.#function;
    this.#function = state;
    this.#scopes.push(new Map());
    const code = generate();
    this.#scopes.pop();
    this.#function = outer;
    const declared = state.temporaries.length > 0 ? `let ${state.temporaries.join(',')};` : '';
    return `${declared}${code}return NOTHING;`;
  }

  #declare(name: string): string {
    this.#names += 1;
    const local = { js: `${name}_${this.#names}`, owner: this.#function };
    this.#function.locals += 1;
    if (this.#function.locals > MOST_LOCALS) {
      throw new LuaSyntaxError(`user_script: too many local variables (limit is ${MOST_LOCALS})`);
    }
    this.#scope.set(name, local);
    return local.js;
  }

  get #scope(): Map<string, Local> {
    return this.#scopes[this.#scopes.length - 1] as Map<string, Local>;
  }

  #scoped<T>(generate: () => T): T {
    const { locals } = this.#function;
    this.#scopes.push(new Map());
    const made = generate();
    this.#scopes.pop();
    this.#function.locals = locals;
    return made;
  }

  #lookUp(name: string): Local | undefined {
    for (let position = this.#scopes.length - 1; position >= 0; position -= 1) {
      const local = this.#scopes[position]?.get(name);
      if (local === undefined) continue;
      for (
        let state: FunctionState | undefined = this.#function;
        state !== undefined && state !== local.owner;
        state = state.outer
      ) {
        state.upvalues.add(local);
        if (state.upvalues.size > MOST_UPVALUES) {
          throw new LuaSyntaxError(`user_script: function has more than ${MOST_UPVALUES} upvalues`);
        }
      }
      return local;
    }
    return undefined;
  }

  #temporary(): string {
    this.#names += 1;
    const name = `t_${this.#names}`;
    this.#function.temporaries.push(name);
    return name;
  }

  #constant(path: string): string | undefined {
    const known = this.#constantNames.get(path);
    if (known !== undefined) return known;
    const value = this.#environment.values.get(path);
    if (value === undefined) return undefined;
    const js = `c_${path.replace('.', '_')}`;
    this.#constantNames.set(path, js);
    this.constants.push(value);
    return js;
  }

  /** `string.format` and the like, where `string` is the global: the name of the constant and its path. */
  #libraryMember(expression: Expression): { js: string; path: string } | undefined {
    let path: string | undefined;
    if (expression.kind === 'name') path = expression.name;
    else if (
      expression.kind === 'index' &&
      expression.table.kind === 'name' &&
      expression.key.kind === 'text' &&
      this.#isGlobal(expression.table.name)
    ) {
      path = `${expression.table.name}.${expression.key.value}`;
    }
    if (path === undefined || (expression.kind === 'name' && !this.#isGlobal(path))) return undefined;
    const js = this.#constant(path);
    return js === undefined ? undefined : { js, path };
  }

  #isGlobal(name: string): boolean {
    return name !== 'KEYS' && name !== 'ARGV' && this.#lookUp(name) === undefined;
  }

  #name(name: string, line: number): string {
    const local = this.#lookUp(name);
    if (local !== undefined) return local.js;
    if (name === 'KEYS' || name === 'ARGV') return name;
    const constant = this.#constant(name);
    if (constant !== undefined) return constant;
    if (UNSUPPORTED_GLOBALS.has(name)) throw new UnsupportedLua(`the global '${name}' (line ${line})`);
    if (name === 'arg' && this.#function.isVararg && this.#function.outer !== undefined) {
      throw new UnsupportedLua(`the implicit table 'arg' of a function (line ${line})`);
    }
    return `${at(line)}noSuchGlobal(${JSON.stringify(name)})`;
  }

  /** How Lua calls an operand in an error text. */
  #description(expression: Expression): string {
    switch (expression.kind) {
      case 'name': {
        const local = this.#lookUp(expression.name);
        if (local === undefined) return JSON.stringify(`global '${expression.name}'`);
        return JSON.stringify(`${local.owner === this.#function ? 'local' : 'upvalue'} '${expression.name}'`);
      }
      case 'index':
        return JSON.stringify(`field '${expression.key.kind === 'text' ? expression.key.value : '?'}'`);
      case 'parentheses':
        return this.#description(expression.inner);
      case 'binary':
        // Where the left side is known to let pass, no code is made for it.
        return letsPass(expression) ? this.#description(expression.right) : '""';
      default:
        return '""';
    }
  }

  // --- statements

  #block(block: Block): string {
    return this.#scoped(() =>
      block.map((statement) => at(statement.line) + this.#statement(statement)).join(''),
    );
  }

  #statement(statement: Statement): string {
    switch (statement.kind) {
      case 'local':
        return this.#local(statement.names, statement.values);
      case 'assign':
        return this.#assign(statement.targets, statement.values, statement.lastLine);
      case 'call':
        return `${this.#call(statement.call)};`;
      case 'do':
        return `{${this.#block(statement.block)}}`;
      case 'while':
        return `while(${this.#condition(statement.condition)}){${this.#turn()}${this.#block(statement.block)}}`;
      case 'repeat':
        return this.#repeat(statement.block, statement.until);
      case 'if':
        return this.#if(statement);
      case 'for':
        return this.#for(statement);
      case 'forIn':
        return this.#forIn(statement);
      case 'localFunction': {
        const js = this.#declare(statement.name);
        return `let ${js};${js}=${this.#functionBody(statement.body)};`;
      }
      case 'return':
        return this.#return(statement.values);
      case 'break':
        return 'break;';
    }
  }

  #turn(): string {
    return 'if((fuel.left-=1)<0)outOfFuel();';
  }

  #local(names: readonly string[], values: readonly Expression[]): string {
    // The new names are not in sight of the values.
    const rest = names.length - values.length + 1;
    if (this.#endsOpen(values) && rest > 1) {
      const fixed = values.slice(0, -1).map((value) => this.#expression(value));
      const open = this.#open(values[values.length - 1] as Expression);
      const temporary = this.#temporary();
      const taken = Array.from({ length: rest }, (_, position) => `${temporary}[${position}]`);
      const kept = fixed.map((value) => {
        const name = this.#temporary();
        return { name, code: `${name}=(${value});` };
      });
      const before = kept.map(({ code }) => code).join('');
      return `${before}${temporary}=${open};${this.#declared(names, [...kept.map(({ name }) => name), ...taken])}`;
    }
    const code = values.map((value) => this.#expression(value));
    const extra = code.slice(names.length);
    const given = code.slice(0, names.length);
    while (given.length < names.length) given.push('undefined');
    return this.#declared(names, given) + extra.map((value) => `(${value});`).join('');
  }

  #declared(names: readonly string[], values: readonly string[]): string {
    const variables = names.map((name) => this.#declare(name));
    return `let ${variables.map((variable, position) => `${variable}=(${values[position]})`).join(',')};`;
  }

  #assign(targets: readonly Expression[], values: readonly Expression[], line: number): string {
    const [target] = targets;
    const [value] = values;
    if (targets.length === 1 && values.length === 1 && target !== undefined && value !== undefined) {
      return this.#store(target, this.#operands(target), this.#expression(value), line);
    }
    // Everything on both sides is evaluated before anything is stored; Lua stores from the right to the left.
    let code = '';
    const keep = (expression: string) => {
      const name = this.#temporary();
      code += `${name}=(${expression});`;
      return name;
    };
    const operands = targets.map((one) => this.#operands(one).map(keep));
    const kept: string[] = [];
    values.forEach((one, position) => {
      const isLast = position === values.length - 1;
      const wanted = targets.length - position;
      if (isLast && wanted > 1 && this.#isOpen(one)) {
        const all = keep(this.#open(one));
        for (let taken = 0; taken < wanted; taken += 1) kept.push(`${all}[${taken}]`);
      } else kept.push(keep(this.#expression(one)));
    });
    for (let position = targets.length - 1; position >= 0; position -= 1) {
      const one = targets[position] as Expression;
      code += this.#store(one, operands[position] as string[], kept[position] ?? 'undefined', line);
    }
    return code;
  }

  /** Table and key of a target; nothing for a name. */
  #operands(target: Expression): string[] {
    return target.kind === 'index' ? [this.#expression(target.table), this.#expression(target.key)] : [];
  }

  #store(target: Expression, operands: readonly string[], value: string, line: number): string {
    if (target.kind === 'index') {
      const [table, key] = operands;
      return `${at(line)}setIndex(${table},${key},${value},${this.#description(target.table)});`;
    }
    if (target.kind !== 'name') throw new LuaSyntaxError('user_script: syntax error');
    const local = this.#lookUp(target.name);
    return local === undefined ? `(${value});${at(line)}protectedGlobal();` : `${local.js}=(${value});`;
  }

  #repeat(block: Block, until: Expression): string {
    // The condition sees the block's locals.
    return this.#scoped(() => {
      const body = block.map((statement) => at(statement.line) + this.#statement(statement)).join('');
      const ends = block[block.length - 1]?.kind;
      const isLeft = ends === 'break' || ends === 'return';
      const check = isLeft ? '' : `if(${this.#condition(until)})break;`;
      return `while(true){${this.#turn()}${body}${check}}`;
    });
  }

  #if({ branches, otherwise }: Extract<Statement, { kind: 'if' }>): string {
    const code = branches
      .map(({ condition, block }) => `if(${this.#condition(condition)}){${this.#block(block)}}`)
      .join('else ');
    return otherwise === undefined ? code : `${code}else{${this.#block(otherwise)}}`;
  }

  #for({ name, from, to, step, block, line }: Extract<Statement, { kind: 'for' }>): string {
    const [index, limit, by] = [this.#temporary(), this.#temporary(), this.#temporary()];
    const start = `${at(line)}bound(${this.#expression(from)},"initial")`;
    const end = `${at(line)}bound(${this.#expression(to)},"limit")`;
    const size = step === undefined ? '1' : `${at(line)}bound(${this.#expression(step)},"step")`;
    return this.#scoped(() => {
      this.#function.locals += 3;
      const variable = this.#declare(name);
      const goesOn =
        step === undefined ? `${index}<=${limit}` : `(${by}>0?${index}<=${limit}:${limit}<=${index})`;
      // The first value is computed as Lua does it: a step back and a step forth, which rounds.
      const set = `${index}=(${start});${limit}=(${end});${by}=(${size});${index}-=${by};`;
      // Its own variables are kept apart from those of the same loop in another call: temporaries belong to one call.
      return `${set}while(true){${index}+=${by};if(!(${goesOn}))break;${this.#turn()}let ${variable}=${index};${this.#block(block)}}`;
    });
  }

  #forIn({ names, values, block, line }: Extract<Statement, { kind: 'forIn' }>): string {
    const [iterator, state, control, results] = [
      this.#temporary(),
      this.#temporary(),
      this.#temporary(),
      this.#temporary(),
    ];
    const list = `${results}=${this.#array(values)};${iterator}=${results}[0];${state}=${results}[1];${control}=${results}[2];`;
    return this.#scoped(() => {
      this.#function.locals += 3;
      const variables = names.map((name) => this.#declare(name));
      const taken = variables.map((variable, position) => `${variable}=${results}[${position}]`);
      return `${list}while(true){${results}=many(fn(${iterator})${at(line)}(${state},${control}));${control}=${results}[0];if(${control}===undefined)break;${this.#turn()}let ${taken.join(',')};${this.#block(block)}}`;
    });
  }

  #return(values: readonly Expression[]): string {
    const [only] = values;
    // The end of a block: nothing may follow, and nothing does.
    if (only === undefined) return 'return NOTHING;';
    if (values.length === 1) {
      if (only.kind === 'call') return `return (${this.#call(only)});`;
      if (only.kind === 'vararg') return `return ${this.#vararg()};`;
      return `return (${this.#expression(only)});`;
    }
    return `return ${this.#array(values)};`;
  }

  // --- expressions

  #isOpen(expression: Expression): boolean {
    return expression.kind === 'call' || expression.kind === 'vararg';
  }

  #endsOpen(list: readonly Expression[]): boolean {
    const last = list[list.length - 1];
    return last !== undefined && this.#isOpen(last);
  }

  #vararg(): string {
    return this.#function.vararg;
  }

  /** All values of a call or of `...`, as an array. */
  #open(expression: Expression): string {
    return expression.kind === 'vararg' ? this.#vararg() : `many(${this.#call(expression as Call)})`;
  }

  /** The values of a list, between commas. */
  #list(list: readonly Expression[]): string {
    return list
      .map((value, position) => {
        if (position < list.length - 1 || !this.#isOpen(value)) return this.#expression(value);
        if (value.kind === 'call' && this.#returnsOne(value)) return this.#call(value);
        return `...${this.#open(value)}`;
      })
      .join(',');
  }

  #array(list: readonly Expression[]): string {
    return `[${this.#list(list)}]`;
  }

  #returnsOne(call: Call): boolean {
    const member = call.method === undefined ? this.#libraryMember(call.called) : undefined;
    return member !== undefined && ONE_RESULT.has(member.path);
  }

  #call({ called, method, args, line }: Call): string {
    if (method !== undefined) {
      const object = this.#temporary();
      const found = `${at(line)}field((${object}=(${this.#expression(called)})),${JSON.stringify(method)},${this.#description(called)})`;
      const rest = args.length > 0 ? `,${this.#list(args)}` : '';
      const name = JSON.stringify(`method '${method}'`);
      // The object is read again before the arguments are evaluated, and these have temporaries of their own.
      return `${at(line)}fn(${found},${name})${at(line)}(${object}${rest})`;
    }
    const member = this.#libraryMember(called);
    if (member !== undefined && typeof this.#environment.values.get(member.path) === 'function') {
      return `${at(line)}${member.js}(${this.#list(args)})`;
    }
    return `${at(line)}fn(${this.#expression(called)},${this.#description(called)})${at(line)}(${this.#list(args)})`;
  }

  #expression(given: Expression): string {
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
        return `${this.#vararg()}[0]`;
      case 'name':
        return this.#name(expression.name, expression.line);
      case 'parentheses':
        return this.#expression(expression.inner);
      case 'function':
        return this.#functionBody(expression.body);
      case 'call':
        return this.#returnsOne(expression) ? this.#call(expression) : `first(${this.#call(expression)})`;
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
      this.#function.zero ??= value;
      exact = this.#function.zero;
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
    const member = this.#libraryMember(expression);
    if (member !== undefined) return member.js;
    const { table, key, line } = expression;
    const operation = key.kind === 'text' ? 'field' : 'index';
    const [t, k] = [this.#expression(table), this.#expression(key)];
    if (this.#isOwnLocal(table) && hasCall(key)) {
      const kept = this.#temporary();
      return `(${kept}=(${k}),${at(line)}${operation}(${t},${kept},${this.#description(table)}))`;
    }
    return `${at(line)}${operation}(${t},${k},${this.#description(table)})`;
  }

  #table({ items, line }: Extract<Expression, { kind: 'table' }>): string {
    if (items.every(({ key }) => key === undefined)) {
      const values = this.#array(items.map(({ value }) => value));
      return items.length === 0 ? 'new LuaTable()' : `LuaTable.constructed(${values})`;
    }
    if (items.every(({ key }) => key?.kind === 'text')) {
      const names = items.map(({ key }) => (key as { value: string }).value);
      const values = items.map(({ value }) => this.#expression(value));
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
    return `${at(line)}construct(${JSON.stringify(layout.join(''))},${this.#array(values)})`;
  }

  #unary({ operator, of, line }: Extract<Expression, { kind: 'unary' }>): string {
    if (operator === 'not') return `!${this.#condition(of)}`;
    const operand = this.#expression(of);
    return `${at(line)}${operator === '-' ? 'unm' : 'len'}(${operand},${this.#description(of)})`;
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
  #condition(expression: Expression): string {
    if (expression.kind === 'parentheses') return this.#condition(expression.inner);
    if (expression.kind === 'binary' && (expression.operator === 'and' || expression.operator === 'or')) {
      const [left, right] = [this.#condition(expression.left), this.#condition(expression.right)];
      return `(${left}${expression.operator === 'and' ? '&&' : '||'}${right})`;
    }
    if (this.#isBoolean(expression)) return `(${this.#expression(expression)})`;
    return `truthy(${this.#expression(expression)})`;
  }

  #binary({ operator, left, right, line }: Extract<Expression, { kind: 'binary' }>): string {
    if (operator === 'and' || operator === 'or') return this.#logical(operator, left, right);
    const [a, b] = [this.#expression(left), this.#expression(right)];
    if (operator !== '..' && this.#isOwnLocal(left) && hasCall(right)) {
      // Lua reads a local when it computes, after the call on the right, which may have assigned it.
      const kept = this.#temporary();
      return `(${kept}=(${b}),${this.#operation(operator, a, kept, left, right, line)})`;
    }
    return this.#operation(operator, a, b, left, right, line);
  }

  #isOwnLocal(expression: Expression): boolean {
    if (expression.kind === 'parentheses') return this.#isOwnLocal(expression.inner);
    return expression.kind === 'name' && this.#lookUp(expression.name)?.owner === this.#function;
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
      return `${at(line)}${arithmetic}(${a},${b},${this.#description(left)},${this.#description(right)})`;
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
    const b = this.#expression(right);
    if (this.#isBoolean(left)) {
      const condition = this.#condition(left);
      return operator === 'and' ? `(${condition}?${b}:false)` : `(${condition}?true:${b})`;
    }
    const kept = this.#temporary();
    const a = `truthy(${kept}=(${this.#expression(left)}))`;
    return operator === 'and' ? `(${a}?${b}:${kept})` : `(${a}?${kept}:${b})`;
  }

  #functionBody(body: FunctionBody): string {
    const state = this.#newFunction(this.#function, body.isVararg);
    const names: string[] = [];
    const code = this.#inFunction(state, () => {
      for (const parameter of body.parameters) names.push(this.#declare(parameter));
      return this.#block(body.block);
    });
    if (body.isVararg) names.push(`...${state.vararg}`);
    return `(function(${names.join(',')}){${code}})`;
  }
}
