/** Runs the application's Standard Schema on the info of each entry. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CheckedInfo } from '../actors/kernel.js';
import { messageOf } from '../core/errors.js';
import type { Info } from '../redis/entry.js';

function describe(issues: readonly StandardSchemaV1.Issue[]): string {
  const [first] = issues;
  const path = first?.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return `Info does not satisfy the schema${path ? ` at ${path}` : ''}: ${first?.message ?? 'no reason given'}`;
}

/**
 * A schema that throws is treated like one that refuses: the entry ends in the dead-letter stream, where nothing is lost, or is
 * delivered as it came.
 */
export function createInfoCheck(
  schema: StandardSchemaV1<unknown, unknown>,
  onInvalid: 'deadLetter' | 'deliver',
): (info: Info | null) => CheckedInfo | Promise<CheckedInfo> {
  const judge = (info: Info | null, result: StandardSchemaV1.Result<unknown>): CheckedInfo => {
    if (!result.issues) return { ok: true, info: result.value };
    return onInvalid === 'deliver' ? { ok: true, info } : { ok: false, problem: describe(result.issues) };
  };
  const refuse = (info: Info | null, error: unknown) =>
    judge(info, { issues: [{ message: messageOf(error) }] });
  return (info) => {
    try {
      const result = schema['~standard'].validate(info);
      if (!(result instanceof Promise)) return judge(info, result);
      return result.then(
        (value) => judge(info, value),
        (error: unknown) => refuse(info, error),
      );
    } catch (error) {
      return refuse(info, error);
    }
  };
}
