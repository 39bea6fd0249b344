/** What `stream.entries()` is given, checked before anything is asked of Redis. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as z from 'zod';
import { canonicalEntryId, isEntryId } from '../../core/entry-id.js';
import { invalid, parseWith } from '../option-errors.js';
import { integerWords, TEXT_WORDS } from '../option-rules.js';
import type { Entry } from './types.js';

const integer = (min: number, max: number) => z.int().min(min).max(max).describe(integerWords(min, max));
const oneOf = <T extends string>(...values: [T, ...T[]]) =>
  z.enum(values).describe(`one of ${values.map((value) => `'${value}'`).join(', ')}`);
const isId = (value: unknown): value is string => typeof value === 'string' && isEntryId(value);

const schema = z.strictObject({
  key: z.string().min(1).describe(TEXT_WORDS).optional(),
  from: z
    .custom<string>((value) => value === 'start' || value === 'new' || isId(value))
    .describe("'start', 'new' or an entry id")
    .default('start'),
  count: integer(1, 10_000).default(100),
  until: z
    .custom<string | ((entry: Entry<unknown>) => boolean)>(
      (value) => typeof value === 'function' || isId(value),
    )
    .describe('a function or an entry id')
    .optional(),
  idleMs: integer(0, 86_400_000).optional(),
  raw: z.boolean().describe('true or false').default(false),
  schema: z
    .custom<StandardSchemaV1>(
      (value) =>
        (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value,
    )
    .describe('a Standard Schema')
    .optional(),
  trim: oneOf('never', 'committed').default('never'),
  commit: oneOf('auto', 'manual').default('auto'),
  onEntryError: oneOf('stop', 'skip', 'deadLetter').default('stop'),
  entryRetries: integer(0, 1_000_000).optional(),
});

export interface CompiledEntries {
  readonly key: string | undefined;
  readonly from: string;
  readonly count: number;
  readonly until: ((entry: Entry<unknown>) => boolean) | undefined;
  /** Id of the last entry that is wanted. */
  readonly untilId: string | undefined;
  readonly idleMs: number;
  readonly raw: boolean;
  readonly schema: StandardSchemaV1 | undefined;
  readonly isTrimming: boolean;
  readonly isAuto: boolean;
  readonly onEntryError: 'stop' | 'skip' | 'deadLetter';
  readonly entryRetries: number;
}

/** Most handlers give none, and there may be as many iterators as streams. */
const defaults = new Map<number, CompiledEntries>();

/** @throws StreamwardenError `InvalidOption` */
export function compileEntries(raw: unknown, maxRetries: number): CompiledEntries {
  if (raw === undefined) {
    let none = defaults.get(maxRetries);
    if (none === undefined) {
      none = compile({}, maxRetries);
      defaults.set(maxRetries, none);
    }
    return none;
  }
  return compile(raw, maxRetries);
}

function compile(raw: unknown, maxRetries: number): CompiledEntries {
  const {
    until,
    from,
    trim,
    commit,
    idleMs,
    entryRetries,
    onEntryError,
    key,
    schema: fields,
    ...rest
  } = parseWith(schema, raw);
  if (entryRetries !== undefined && onEntryError !== 'stop' && entryRetries > maxRetries) {
    throw invalid('entryRetries', `at most maxRetries (${maxRetries})`, entryRetries);
  }
  return {
    ...rest,
    key,
    schema: fields,
    from: isEntryId(from) ? canonicalEntryId(from) : from,
    until: typeof until === 'function' ? until : undefined,
    untilId: typeof until === 'string' ? canonicalEntryId(until) : undefined,
    idleMs: idleMs ?? Number.POSITIVE_INFINITY,
    isTrimming: trim === 'committed',
    isAuto: commit === 'auto',
    onEntryError,
    entryRetries: entryRetries ?? Math.min(3, maxRetries),
  };
}
