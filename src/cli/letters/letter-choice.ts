/** Which dead letters a command is about: some ids, or all that a filter lets through. */

import type { ServiceAccess } from '../../admin/service-access.js';
import { isEntryId } from '../../core/entry-id.js';
import type { DeadLetter } from '../../redis/dead-letter-queue.js';
import { type LetterFilter, newestLetter, selectLetters } from '../../redis/dead-letter-selection.js';
import { CliError } from '../errors.js';

export interface FilterOptions {
  readonly reason?: string;
  readonly name?: string;
  readonly owner?: string;
  readonly error?: string;
  readonly olderThan?: number;
  readonly newerThan?: number;
}

export interface ChoiceOptions extends FilterOptions {
  readonly all: boolean;
}

/** Ages are measured by Redis's clock, which the ids are made with. */
export function filterOf(options: FilterOptions, now: number): LetterFilter {
  const { reason, name, owner, error, olderThan, newerThan } = options;
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(name === undefined ? {} : { name }),
    ...(owner === undefined ? {} : { owner }),
    ...(error === undefined ? {} : { error }),
    ...(olderThan === undefined ? {} : { toMs: now - olderThan }),
    ...(newerThan === undefined ? {} : { fromMs: now - newerThan }),
  };
}

export function isFiltered({ reason, name, owner, error, olderThan, newerThan }: FilterOptions): boolean {
  return [reason, name, owner, error, olderThan, newerThan].some((one) => one !== undefined);
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
  const { reason, name, owner, error, olderThan, newerThan } = options;
  const parts = [
    '--all',
    ...(reason === undefined ? [] : [`--reason ${reason}`]),
    ...(name === undefined ? [] : [`--name ${name}`]),
    ...(owner === undefined ? [] : [`--owner ${owner}`]),
    ...(error === undefined ? [] : [`--error ${JSON.stringify(error)}`]),
    ...(olderThan === undefined ? [] : [`--older-than ${olderThan}ms`]),
    ...(newerThan === undefined ? [] : [`--newer-than ${newerThan}ms`]),
  ];
  return parts.join(' ');
}

/** A letter, or the id of one that is not there. */
export type Chosen = DeadLetter | { readonly id: string; readonly isMissing: true };

export function isThere(chosen: Chosen): chosen is DeadLetter {
  return !('isMissing' in chosen);
}

/** How things stood before anybody was asked: what comes later is not what was agreed to. */
export interface Standing {
  /** Null: there is no letter. */
  readonly newest: string | null;
  /** Redis's clock, epoch milliseconds. */
  readonly now: number;
}

export async function standingOf({ deadLetters, lettersNow }: ServiceAccess): Promise<Standing> {
  const [newest, now] = await Promise.all([newestLetter(deadLetters), lettersNow()]);
  return { newest, now };
}

export interface Choice {
  readonly ids: readonly string[];
  readonly options: ChoiceOptions;
  readonly standing: Standing;
}

/** The letters themselves, oldest first, page by page. */
export async function* chosenLetters(
  { deadLetters }: ServiceAccess,
  { ids, options, standing }: Choice,
): AsyncGenerator<readonly Chosen[], void, undefined> {
  if (!options.all) {
    for (const id of ids) yield [await letterOf(deadLetters, id)];
    return;
  }
  const { newest, now } = standing;
  if (newest === null) return;
  yield* selectLetters(deadLetters, filterOf(options, now), { order: 'oldestFirst', newest });
}

const CHUNK = 100;

/** Their ids: those that were given are not looked at first. */
export async function* chosenIds(
  access: ServiceAccess,
  choice: Choice,
): AsyncGenerator<readonly string[], void, undefined> {
  const { ids, options } = choice;
  if (options.all) {
    for await (const page of chosenLetters(access, choice)) yield page.map(({ id }) => id);
    return;
  }
  for (let at = 0; at < ids.length; at += CHUNK) yield ids.slice(at, at + CHUNK);
}

export async function letterOf(deadLetters: ServiceAccess['deadLetters'], id: string): Promise<Chosen> {
  const { letters } = await deadLetters.list(1, null, { from: id, to: id });
  return letters[0] ?? { id, isMissing: true };
}
