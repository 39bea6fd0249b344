/** What names stand for while a script is compiled: locals, the functions they belong to, and the globals, which are constants. */
import { type LuaEnvironment, UNSUPPORTED_GLOBALS } from './environment.js';
import { UnsupportedLua } from './errors.js';
import { LuaSyntaxError } from './lexer.js';
import { at } from './line-marks.js';
import type { Expression } from './syntax.js';
import type { LuaValue } from './values.js';

/** Limits of Lua's own compiler. */
const MOST_LOCALS = 200;
const MOST_UPVALUES = 60;

export interface Local {
  readonly js: string;
  readonly owner: FunctionState;
}

export interface FunctionState {
  readonly outer: FunctionState | undefined;
  readonly isVararg: boolean;
  readonly vararg: string;
  readonly temporaries: string[];
  readonly upvalues: Set<Local>;
  locals: number;
  /** 0 or -0, whichever the function mentions first. */
  zero: number | undefined;
}

export class Scopes {
  readonly #environment: LuaEnvironment;
  readonly constants: LuaValue[] = [];
  readonly #constantNames = new Map<string, string>();
  #scopes: Map<string, Local>[] = [];
  #names = 0;
  /** The function that is being compiled. */
  present: FunctionState = this.newFunction(undefined, true);

  constructor(environment: LuaEnvironment) {
    this.#environment = environment;
  }

  /** Declarations of the constants, whose values are `$c`. */
  get declarations(): string {
    const constants = [...this.#constantNames.values()].map((js, position) => `${js}=$c[${position}]`);
    return constants.length > 0 ? `const ${constants.join(',')};` : '';
  }

  /** Whether what stands under this path is a function. */
  isFunction(path: string): boolean {
    return typeof this.#environment.values.get(path) === 'function';
  }

  newFunction(outer: FunctionState | undefined, isVararg: boolean): FunctionState {
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
  inFunction(state: FunctionState, generate: () => string): string {
    const outer = this.present;
    this.present = state;
    this.#scopes.push(new Map());
    const code = generate();
    this.#scopes.pop();
    this.present = outer;
    const declared = state.temporaries.length > 0 ? `let ${state.temporaries.join(',')};` : '';
    return `${declared}${code}return NOTHING;`;
  }

  /** Declares a local in the present scope. Returns its variable. */
  declare(name: string): string {
    this.#names += 1;
    const local = { js: `${name}_${this.#names}`, owner: this.present };
    this.present.locals += 1;
    if (this.present.locals > MOST_LOCALS) {
      throw new LuaSyntaxError(`user_script: too many local variables (limit is ${MOST_LOCALS})`);
    }
    this.#scope.set(name, local);
    return local.js;
  }

  get #scope(): Map<string, Local> {
    return this.#scopes[this.#scopes.length - 1] as Map<string, Local>;
  }

  /** What is declared meanwhile is forgotten afterwards. */
  scoped<T>(generate: () => T): T {
    const { locals } = this.present;
    this.#scopes.push(new Map());
    const made = generate();
    this.#scopes.pop();
    this.present.locals = locals;
    return made;
  }

  /** The local of this name that is in sight; undefined: the name is global. */
  lookUp(name: string): Local | undefined {
    for (let position = this.#scopes.length - 1; position >= 0; position -= 1) {
      const local = this.#scopes[position]?.get(name);
      if (local === undefined) continue;
      for (
        let state: FunctionState | undefined = this.present;
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

  /** A variable of the present function that no script can name. */
  temporary(): string {
    this.#names += 1;
    const name = `t_${this.#names}`;
    this.present.temporaries.push(name);
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
  libraryMember(expression: Expression): { js: string; path: string } | undefined {
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
    return name !== 'KEYS' && name !== 'ARGV' && this.lookUp(name) === undefined;
  }

  /** What a name is in the generated text. */
  name(name: string, line: number): string {
    const local = this.lookUp(name);
    if (local !== undefined) return local.js;
    if (name === 'KEYS' || name === 'ARGV') return name;
    const constant = this.#constant(name);
    if (constant !== undefined) return constant;
    if (UNSUPPORTED_GLOBALS.has(name)) throw new UnsupportedLua(`the global '${name}' (line ${line})`);
    if (name === 'arg' && this.present.isVararg && this.present.outer !== undefined) {
      throw new UnsupportedLua(`the implicit table 'arg' of a function (line ${line})`);
    }
    return `${at(line)}noSuchGlobal(${JSON.stringify(name)})`;
  }
}
