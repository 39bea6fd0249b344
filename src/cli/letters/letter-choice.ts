/** Which dead letters a command is about: some ids, or all that a filter lets through. */

import type { LetterChoice, LettersSummary } from '../../admin/letters/letters-admin.js';
import { isEntryId } from '../../core/entry-id.js';
import type { LetterFilter } from '../../redis/dead-letter-selection.js';
import { CliError } from '../errors.js';

export interface FilterOptions {
  readonly reason?: string;
  readonly name?: string;
  readonly owner?: string;
  readonly error?: string;
  readonly errorName?: string;
  readonly find?: string;
  readonly olderThan?: number;
  readonly newerThan?: number;
}

export interface ChoiceOptions extends FilterOptions {
  readonly all: boolean;
}

/** Options that are members of a filter under the same name. */
const TRAITS = ['reason', 'name', 'owner', 'error', 'errorName', 'find'] as const;

/** Ages are measured by Redis's clock, which the ids are made with. */
export function filterOf(options: FilterOptions, now: number): LetterFilter {
  const { olderThan, newerThan } = options;
  const given = TRAITS.filter((trait) => options[trait] !== undefined);
  return {
    ...Object.fromEntries(given.map((trait) => [trait, options[trait]])),
    ...(olderThan === undefined ? {} : { toMs: now - olderThan }),
    ...(newerThan === undefined ? {} : { fromMs: now - newerThan }),
  };
}

export function isFiltered(options: FilterOptions): boolean {
  return [...TRAITS, 'olderThan' as const, 'newerThan' as const].some((one) => options[one] !== undefined);
}

/** @throws CliError `Usage` */
export function checkIds(ids: readonly string[]): void {
  const wrong = ids.find((id) => !isEntryId(id));
  if (wrong !== undefined) {
    throw new CliError('Usage', `expected ids such as 1795431863930-0, got: ${wrong}`);
  }
}

/** @throws CliError `Usage` unless it is either ids or --all */
export function checkChoice(ids: readonly string[], options: ChoiceOptions): void {
  checkIds(ids);
  if (ids.length > 0 === options.all) {
    throw new CliError('Usage', `expected ids or --all, got: ${options.all ? 'both' : 'neither'}`);
  }
  if (!options.all && isFiltered(options)) {
    throw new CliError('Usage', 'expected filters together with --all, got: them together with ids');
  }
}

/** For people and for the audit line. */
export function inWords(ids: readonly string[], options: ChoiceOptions): string {
  if (!options.all) return ids.join(' ');
  const { reason, name, owner, error, errorName, find, olderThan, newerThan } = options;
  const parts = [
    '--all',
    ...(reason === undefined ? [] : [`--reason ${reason}`]),
    ...(name === undefined ? [] : [`--name ${name}`]),
    ...(owner === undefined ? [] : [`--owner ${owner}`]),
    ...(error === undefined ? [] : [`--error ${JSON.stringify(error)}`]),
    ...(errorName === undefined ? [] : [`--error-name ${JSON.stringify(errorName)}`]),
    ...(find === undefined ? [] : [`--find ${JSON.stringify(find)}`]),
    ...(olderThan === undefined ? [] : [`--older-than ${olderThan}ms`]),
    ...(newerThan === undefined ? [] : [`--newer-than ${newerThan}ms`]),
  ];
  return parts.join(' ');
}

export interface Choice {
  readonly ids: readonly string[];
  readonly options: ChoiceOptions;
  /** How things stood before anybody was asked: what comes later is not what was agreed to. */
  readonly standing: LettersSummary;
}

/** Undefined: there is none that could be meant. */
export function choiceOf({ ids, options, standing: { newest, nowMs } }: Choice): LetterChoice | undefined {
  if (!options.all) return { ids };
  return newest === null ? undefined : { all: true, ...filterOf(options, nowMs), newest };
}
