/** The parts that a Lua 5.1 program is made of. `line` is the one that Lua names when the part fails. */

export type Expression =
  | { readonly kind: 'nil' | 'true' | 'false' }
  | { readonly kind: 'vararg' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'function'; readonly body: FunctionBody }
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | {
      readonly kind: 'index';
      readonly table: Expression;
      readonly key: Expression;
      readonly line: number;
    }
  | Call
  | { readonly kind: 'parentheses'; readonly inner: Expression }
  | { readonly kind: 'table'; readonly items: readonly TableItem[]; readonly line: number }
  | {
      readonly kind: 'unary';
      readonly operator: UnaryOperator;
      readonly of: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    };

export interface Call {
  readonly kind: 'call';
  readonly called: Expression;
  /** The name after a colon: the called value is passed too. */
  readonly method: string | undefined;
  readonly args: readonly Expression[];
  readonly line: number;
}

export type UnaryOperator = '-' | 'not' | '#';
export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '..'
  | '=='
  | '~='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'and'
  | 'or';

export interface TableItem {
  /** Undefined: by position. */
  readonly key: Expression | undefined;
  readonly value: Expression;
}

export interface FunctionBody {
  readonly parameters: readonly string[];
  readonly isVararg: boolean;
  readonly block: Block;
}

export type Block = readonly Statement[];

export type Statement = { readonly line: number; readonly lastLine: number } & (
  | { readonly kind: 'local'; readonly names: readonly string[]; readonly values: readonly Expression[] }
  | {
      readonly kind: 'assign';
      readonly targets: readonly Expression[];
      readonly values: readonly Expression[];
    }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'do'; readonly block: Block }
  | { readonly kind: 'while'; readonly condition: Expression; readonly block: Block }
  | { readonly kind: 'repeat'; readonly block: Block; readonly until: Expression }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Expression; readonly block: Block }[];
      readonly otherwise: Block | undefined;
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly from: Expression;
      readonly to: Expression;
      readonly step: Expression | undefined;
      readonly block: Block;
    }
  | {
      readonly kind: 'forIn';
      readonly names: readonly string[];
      readonly values: readonly Expression[];
      readonly block: Block;
    }
  | { readonly kind: 'localFunction'; readonly name: string; readonly body: FunctionBody }
  | { readonly kind: 'return'; readonly values: readonly Expression[] }
  | { readonly kind: 'break' }
);
