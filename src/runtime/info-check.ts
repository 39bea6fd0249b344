/** Runs the application's Standard Schema on the info of each entry. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { CheckedInfo } from '../actors/kernel.js';
import { messageOf, textOf } from '../core/errors.js';
import type { Info } from '../redis/entry.js';

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** What is wrong, and where: the first of it. */
export function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const [first] = issues;
  const path = first?.path?.map((part) => textOf(typeof part === 'object' ? part.key : part)).join('.');
  return `does not satisfy the schema${path ? ` at ${path}` : ''}: ${textOf(first?.message ?? 'no reason given')}`;
}

/**
 * A schema that throws is treated like one that refuses: the entry ends in the dead-letter stream, where nothing is lost, or is
 * delivered as it came.
 */
export function createInfoCheck(
  schema: StandardSchemaV1<unknown, unknown>,
  onInvalid: 'deadLetter' | 'deliver',
): (info: Info | null) => CheckedInfo | Promise<CheckedInfo> {
  const refuse = (info: Info | null, issues: readonly StandardSchemaV1.Issue[]): CheckedInfo =>
    onInvalid === 'deliver' ? { ok: true, info } : { ok: false, problem: `Info ${describeIssues(issues)}` };
  const failed = (info: Info | null, error: unknown) => refuse(info, [{ message: messageOf(error) }]);
  const judge = (info: Info | null, result: StandardSchemaV1.Result<unknown>): CheckedInfo => {
    // What it answers with is the application's as well, and may throw when it is looked at.
    try {
      return result.issues ? refuse(info, result.issues) : { ok: true, info: result.value };
    } catch (error) {
      return failed(info, error);
    }
  };
  return (info) => {
    try {
      const result = schema['~standard'].validate(info);
      if (!isThenable(result)) return judge(info, result);
      // Of whatever library or realm the promise is.
      return Promise.resolve(result).then(
        (value) => judge(info, value),
        (error: unknown) => failed(info, error),
      );
    } catch (error) {
      return failed(info, error);
    }
  };
}
