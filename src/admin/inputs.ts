/** Checks of what an admin's methods are given, before any I/O. By hand: the library that states the options' schemas takes long to load. */
import { isEntryId } from '../core/entry-id.js';
import { invalid, unknownOption } from '../runtime/option-errors.js';

/** A rule completes the sentence 'expected <option> to be …'. */
export interface Rule {
  readonly words: string;
  holds(value: unknown): boolean;
}

export const text: Rule = {
  words: 'a non-empty string',
  holds: (value) => typeof value === 'string' && value !== '',
};

export const flag: Rule = { words: 'true or false', holds: (value) => typeof value === 'boolean' };

export const entryId: Rule = {
  words: "an entry id such as '1795431863930-0'",
  holds: (value) => typeof value === 'string' && isEntryId(value),
};

export const entryIds: Rule = {
  words: "a list of entry ids such as '1795431863930-0'",
  holds: (value) => Array.isArray(value) && value.every((id) => entryId.holds(id)),
};

export const abortSignal: Rule = {
  words: 'an AbortSignal',
  holds: (value) => value instanceof AbortSignal,
};

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Rule {
  return {
    words:
      max === Number.MAX_SAFE_INTEGER ? `an integer of ${min} or more` : `an integer from ${min} to ${max}`,
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

export function oneOf(...values: readonly string[]): Rule {
  return {
    words: `one of ${values.map((value) => `'${value}'`).join(', ')}`,
    holds: (value) => values.includes(value as string),
  };
}

/** @throws StreamwardenError `InvalidOption` */
export function check(name: string, value: unknown, { words, holds }: Rule): void {
  if (!holds(value)) throw invalid(name, words, value);
}

/**
 * Every member that is given is one of these, and as its rule says; `signal` is one of them always.
 * @throws StreamwardenError `InvalidOption`
 */
export function checkOptions(options: unknown, rules: Readonly<Record<string, Rule>>): void {
  checkMembers('options', options, { ...rules, signal: abortSignal });
}

/**
 * Every member that is given is one of these, and as its rule says.
 * @throws StreamwardenError `InvalidOption`
 */
export function checkMembers(
  what: string,
  value: unknown,
  rules: Readonly<Record<string, Rule>>,
): asserts value is object {
  if (typeof value !== 'object' || value === null) throw invalid(what, 'an object', value);
  for (const [name, member] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) throw unknownOption(name, Object.keys(rules));
    if (member !== undefined) check(name, member, rule);
  }
}
