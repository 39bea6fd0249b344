/** Turns what a schema finds into the one error that says which option, what was expected and what came. */
import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { StreamwardenError, textOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { problemOfTarget } from '../redis/target-rules.js';

/** Any value in a few words. Never throws. */
export function show(value: unknown): string {
  if (typeof value === 'string') return redact(JSON.stringify(textOf(value)));
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return showObject(value);
  return typeof value === 'bigint' ? `${textOf(value)}n` : textOf(value);
}

function showObject(value: object): string {
  try {
    if (Array.isArray(value)) return 'an array';
    if ((value as { isCluster?: boolean }).isCluster === true) return 'an ioredis Cluster';
  } catch {
    // A proxy, or a getter, that throws.
  }
  return 'an object';
}

/** Of a text that says where Redis is, whatever may be a credential is left out: it is wrong, so its parts are not where they belong. */
function showTarget(target: unknown): string {
  const shown =
    typeof target === 'string' ? JSON.stringify(textOf(target.replace(/^.*@/s, '***@'))) : show(target);
  const isNear =
    typeof target === 'string' ||
    typeof target === 'function' ||
    (typeof target === 'object' && target !== null);
  const problem = isNear ? problemOfTarget(target) : undefined;
  return problem === undefined ? shown : `${shown} (${problem})`;
}

export function invalid(option: string, expected: string, got: unknown): StreamwardenError {
  const shown = option === 'redis' ? showTarget(got) : show(got);
  return new StreamwardenError('InvalidOption', `expected ${option} to be ${expected}, got: ${shown}`, {
    details: { option, expected },
  });
}

/** A schema as far as it is walked here: an object with members, or a wrapper of one. */
interface Walked {
  readonly shape?: Readonly<Record<PropertyKey, Walked>>;
  readonly unwrap?: () => Walked;
  readonly description?: string;
}

function membersOf(schema: Walked): Readonly<Record<PropertyKey, Walked>> {
  return schema.shape ?? (schema.unwrap ? membersOf(schema.unwrap()) : {});
}

function walk(schema: Walked, path: readonly PropertyKey[]): Walked {
  return path.reduce<Walked>((inner, key) => membersOf(inner)[key] ?? {}, schema);
}

/** A default or an optional hides the description of what it wraps. */
function descriptionOf(schema: Walked): string {
  return schema.description ?? (schema.unwrap ? descriptionOf(schema.unwrap()) : 'valid');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

function nearest(unknown: string, known: readonly string[]): string {
  const [best] = known
    .map((name) => ({ name, far: distance(name.toLowerCase(), unknown.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  return best && best.far <= Math.max(2, unknown.length / 2) ? `; did you mean ${best.name}?` : '';
}

/** Options of one call each, and what takes them. */
const TAKEN_BY: Readonly<Record<string, string>> = {
  concurrency: 'process(handler, { concurrency })',
  delayMs: 'producer.add(name, info, { delayMs })',
  afterMs: 'release(stream, { afterMs })',
  ifTouches: 'done(stream, { ifTouches })',
  mode: 'stop({ mode })',
};

/** Options that something else takes, by their names. */
export type Elsewhere = Readonly<Record<string, string>>;

/**
 * @param option its path
 * @param known the names that there are in its place
 * @param elsewhere further options of others than those that one call takes
 */
export function unknownOption(
  option: string,
  known: readonly string[],
  elsewhere: Elsewhere = {},
): StreamwardenError {
  const taker = { ...elsewhere, ...TAKEN_BY }[option];
  const hint =
    taker === undefined ? nearest(option.split('.').at(-1) ?? '', known) : `; it belongs to ${taker}`;
  return new StreamwardenError('InvalidOption', `unknown option ${option}${hint}`, { details: { option } });
}

/**
 * The options of a call that has few.
 *
 * @param known all that it takes
 * @throws StreamwardenError `InvalidOption`: it is no object, or has another option
 */
export function onlyKnown(options: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options);
  const other = Object.keys(options).find((name) => !known.includes(name));
  if (other !== undefined) throw unknownOption(other, known);
  return options as Readonly<Record<string, unknown>>;
}

function fromIssue(
  schema: Walked,
  issue: z.core.$ZodIssue,
  raw: unknown,
  elsewhere: Elsewhere | undefined,
): StreamwardenError {
  if (issue.code === 'unrecognized_keys') {
    const option = [...issue.path, issue.keys[0] ?? ''].join('.');
    return unknownOption(option, Object.keys(membersOf(walk(schema, issue.path))), elsewhere);
  }
  if (issue.path.length === 0) return invalid('options', 'an object', raw);
  return invalid(issue.path.join('.'), descriptionOf(walk(schema, issue.path)), valueAt(raw, issue.path));
}

/**
 * Runs a schema. Says what is wrong first.
 *
 * @param elsewhere options that the schema does not have, and something else does
 * @throws StreamwardenError `InvalidOption`
 */
export function parseWith<S extends z.ZodType>(schema: S, raw: unknown, elsewhere?: Elsewhere): z.output<S> {
  const result = schema.safeParse(raw);
  const [issue] = result.error?.issues ?? [];
  if (issue) throw fromIssue(schema as unknown as Walked, issue, raw, elsewhere);
  return result.data as z.output<S>;
}
