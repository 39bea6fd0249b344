/** Generates JavaScript for statements, and for functions as a whole. */
import { Expressions } from './expressions.js';
import { LuaSyntaxError } from './lexer.js';
import { at } from './line-marks.js';
import type { Scopes } from './scopes.js';
import type { Block, Expression, FunctionBody, Statement } from './syntax.js';

export class Statements {
  readonly #scopes: Scopes;
  readonly #expressions: Expressions;

  constructor(scopes: Scopes) {
    this.#scopes = scopes;
    this.#expressions = new Expressions(scopes, (body) => this.#functionBody(body));
  }

  /** The whole script: a function of KEYS and ARGV. */
  main(body: FunctionBody): string {
    const { present } = this.#scopes;
    const code = this.#scopes.inFunction(present, () => this.#block(body.block));
    return `function(KEYS,ARGV){const ${present.vararg}=NOTHING;${code}}`;
  }

  #block(block: Block): string {
    return this.#scopes.scoped(() =>
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
        return `${this.#expressions.call(statement.call)};`;
      case 'do':
        return `{${this.#block(statement.block)}}`;
      case 'while':
        return `while(${this.#expressions.condition(statement.condition)}){${this.#turn()}${this.#block(statement.block)}}`;
      case 'repeat':
        return this.#repeat(statement.block, statement.until);
      case 'if':
        return this.#if(statement);
      case 'for':
        return this.#for(statement);
      case 'forIn':
        return this.#forIn(statement);
      case 'localFunction': {
        const js = this.#scopes.declare(statement.name);
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
    if (this.#expressions.endsOpen(values) && rest > 1) {
      const fixed = values.slice(0, -1).map((value) => this.#expressions.expression(value));
      const open = this.#expressions.open(values[values.length - 1] as Expression);
      const temporary = this.#scopes.temporary();
      const taken = Array.from({ length: rest }, (_, position) => `${temporary}[${position}]`);
      const kept = fixed.map((value) => {
        const name = this.#scopes.temporary();
        return { name, code: `${name}=(${value});` };
      });
      const before = kept.map(({ code }) => code).join('');
      return `${before}${temporary}=${open};${this.#declared(names, [...kept.map(({ name }) => name), ...taken])}`;
    }
    const code = values.map((value) => this.#expressions.expression(value));
    const extra = code.slice(names.length);
    const given = code.slice(0, names.length);
    while (given.length < names.length) given.push('undefined');
    return this.#declared(names, given) + extra.map((value) => `(${value});`).join('');
  }

  #declared(names: readonly string[], values: readonly string[]): string {
    const variables = names.map((name) => this.#scopes.declare(name));
    return `let ${variables.map((variable, position) => `${variable}=(${values[position]})`).join(',')};`;
  }

  #assign(targets: readonly Expression[], values: readonly Expression[], line: number): string {
    const [target] = targets;
    const [value] = values;
    if (targets.length === 1 && values.length === 1 && target !== undefined && value !== undefined) {
      return this.#store(target, this.#operands(target), this.#expressions.expression(value), line);
    }
    // Everything on both sides is evaluated before anything is stored; Lua stores from the right to the left.
    let code = '';
    const keep = (expression: string) => {
      const name = this.#scopes.temporary();
      code += `${name}=(${expression});`;
      return name;
    };
    const operands = targets.map((one) => this.#operands(one).map(keep));
    const kept: string[] = [];
    values.forEach((one, position) => {
      const isLast = position === values.length - 1;
      const wanted = targets.length - position;
      if (isLast && wanted > 1 && this.#expressions.isOpen(one)) {
        const all = keep(this.#expressions.open(one));
        for (let taken = 0; taken < wanted; taken += 1) kept.push(`${all}[${taken}]`);
      } else kept.push(keep(this.#expressions.expression(one)));
    });
    for (let position = targets.length - 1; position >= 0; position -= 1) {
      const one = targets[position] as Expression;
      code += this.#store(one, operands[position] as string[], kept[position] ?? 'undefined', line);
    }
    return code;
  }

  /** Table and key of a target; nothing for a name. */
  #operands(target: Expression): string[] {
    return target.kind === 'index'
      ? [this.#expressions.expression(target.table), this.#expressions.expression(target.key)]
      : [];
  }

  #store(target: Expression, operands: readonly string[], value: string, line: number): string {
    if (target.kind === 'index') {
      const [table, key] = operands;
      return `${at(line)}setIndex(${table},${key},${value},${this.#expressions.description(target.table)});`;
    }
    if (target.kind !== 'name') throw new LuaSyntaxError('user_script: syntax error');
    const local = this.#scopes.lookUp(target.name);
    return local === undefined ? `(${value});${at(line)}protectedGlobal();` : `${local.js}=(${value});`;
  }

  #repeat(block: Block, until: Expression): string {
    // The condition sees the block's locals.
    return this.#scopes.scoped(() => {
      const body = block.map((statement) => at(statement.line) + this.#statement(statement)).join('');
      const ends = block[block.length - 1]?.kind;
      const isLeft = ends === 'break' || ends === 'return';
      const check = isLeft ? '' : `if(${this.#expressions.condition(until)})break;`;
      return `while(true){${this.#turn()}${body}${check}}`;
    });
  }

  #if({ branches, otherwise }: Extract<Statement, { kind: 'if' }>): string {
    const code = branches
      .map(({ condition, block }) => `if(${this.#expressions.condition(condition)}){${this.#block(block)}}`)
      .join('else ');
    return otherwise === undefined ? code : `${code}else{${this.#block(otherwise)}}`;
  }

  #for({ name, from, to, step, block, line }: Extract<Statement, { kind: 'for' }>): string {
    const [index, limit, by] = [this.#scopes.temporary(), this.#scopes.temporary(), this.#scopes.temporary()];
    const start = `${at(line)}bound(${this.#expressions.expression(from)},"initial")`;
    const end = `${at(line)}bound(${this.#expressions.expression(to)},"limit")`;
    const size = step === undefined ? '1' : `${at(line)}bound(${this.#expressions.expression(step)},"step")`;
    return this.#scopes.scoped(() => {
      this.#scopes.present.locals += 3;
      const variable = this.#scopes.declare(name);
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
      this.#scopes.temporary(),
      this.#scopes.temporary(),
      this.#scopes.temporary(),
      this.#scopes.temporary(),
    ];
    const list = `${results}=${this.#expressions.array(values)};${iterator}=${results}[0];${state}=${results}[1];${control}=${results}[2];`;
    return this.#scopes.scoped(() => {
      this.#scopes.present.locals += 3;
      const variables = names.map((name) => this.#scopes.declare(name));
      const taken = variables.map((variable, position) => `${variable}=${results}[${position}]`);
      return `${list}while(true){${results}=many(fn(${iterator})${at(line)}(${state},${control}));${control}=${results}[0];if(${control}===undefined)break;${this.#turn()}let ${taken.join(',')};${this.#block(block)}}`;
    });
  }

  #return(values: readonly Expression[]): string {
    const [only] = values;
    // The end of a block: nothing may follow, and nothing does.
    if (only === undefined) return 'return NOTHING;';
    if (values.length === 1) {
      if (only.kind === 'call') return `return (${this.#expressions.call(only)});`;
      if (only.kind === 'vararg') return `return ${this.#expressions.vararg()};`;
      return `return (${this.#expressions.expression(only)});`;
    }
    return `return ${this.#expressions.array(values)};`;
  }

  #functionBody(body: FunctionBody): string {
    const state = this.#scopes.newFunction(this.#scopes.present, body.isVararg);
    const names: string[] = [];
    const code = this.#scopes.inFunction(state, () => {
      for (const parameter of body.parameters) names.push(this.#scopes.declare(parameter));
      return this.#block(body.block);
    });
    if (body.isVararg) names.push(`...${state.vararg}`);
    return `(function(${names.join(',')}){${code}})`;
  }
}
