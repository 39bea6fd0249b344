import { modulo, power } from './operators.js';
import type { BinaryOperator, Expression } from './syntax.js';

/** A number that is known when the script is compiled; undefined: it is none. */
function constantOf(expression: Expression): number | undefined {
  const plain = folded(expression);
  return plain.kind === 'number' ? plain.value : undefined;
}

function compute(operator: BinaryOperator, a: number, b: number): number | undefined {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? undefined : a / b;
    case '%':
      return b === 0 ? undefined : modulo(a, b);
    case '^':
      return power(a, b);
    default:
      return undefined;
  }
}

/**
 * Computes what Lua's compiler computes: arithmetic on numbers that stand in the script. It matters for 0 and -0, which a function has one
 * constant for.
 */
export function folded(expression: Expression): Expression {
  switch (expression.kind) {
    case 'parentheses':
      return constantOf(expression.inner) === undefined ? expression : folded(expression.inner);
    case 'unary': {
      const of = expression.operator === '-' ? constantOf(expression.of) : undefined;
      return of === undefined ? expression : { kind: 'number', value: -of };
    }
    case 'binary': {
      const a = constantOf(expression.left);
      const b = a === undefined ? undefined : constantOf(expression.right);
      const value = a === undefined || b === undefined ? undefined : compute(expression.operator, a, b);
      return value === undefined || Number.isNaN(value) ? expression : { kind: 'number', value };
    }
    default:
      return expression;
  }
}
