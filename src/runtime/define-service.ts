/** A service in one object: its name, and what its streams carry. Runtimes, producers, admins and tests share it. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Info } from '../redis/entry.js';
import { invalid } from './option-errors.js';
import { TEXT_WORDS } from './option-rules.js';

/**
 * What `defineService()` returns.
 *
 * @typeParam TInput what producers attach as `info`
 * @typeParam TInfo what handlers get as `info`: what the schema makes of it
 * @typeParam TCheckpoint what handlers save of how far they have come
 * @typeParam TEntrySchema what the fields of entries have to satisfy
 */
export interface Service<
  TInput = object | null,
  TInfo = Info | null,
  TCheckpoint = string,
  TEntrySchema extends StandardSchemaV1 | undefined = undefined,
> {
  /** Names the load balancer stream `<name>-input` and the group `<name>-group`. */
  readonly name: string;
  /** Undefined: `info` is any object, or null. */
  readonly infoSchema: StandardSchemaV1<TInput, TInfo> | undefined;
  /** Undefined: a checkpoint is a text. */
  readonly checkpointSchema: StandardSchemaV1<unknown, TCheckpoint> | undefined;
  /** Undefined: entries may have any fields. */
  readonly entrySchema: TEntrySchema;
}

/** Any service, whatever its info is. */
// biome-ignore lint/suspicious/noExplicitAny: what a producer takes is contravariant, and of any service nothing is known of it
export type AnyService<TInfo = any, TCheckpoint = any> = Service<any, TInfo, TCheckpoint, any>;

/** What handlers of a service get as `info`: `StreamHandler<InfoOf<typeof orders>>`. */
export type InfoOf<TService extends AnyService> = TService extends AnyService<infer TInfo> ? TInfo : never;

/** What handlers of a service save: `StreamHandler<InfoOf<typeof orders>, CheckpointOf<typeof orders>>`. */
export type CheckpointOf<TService extends AnyService> =
  TService extends AnyService<unknown, infer TCheckpoint> ? TCheckpoint : never;

export interface ServiceDefinition<
  TSchema extends StandardSchemaV1 | undefined = undefined,
  TCheckpoint = string,
  TEntrySchema extends StandardSchemaV1 | undefined = undefined,
> {
  /** Name of the service: a non-empty string. */
  readonly name: string;
  /**
   * A Standard Schema (zod, Valibot, ArkType …) for the `info` of its streams. Producers refuse what it refuses, and handlers get what it returns. It is
   * given null where there is no `info`.
   */
  readonly infoSchema?: TSchema;
  /**
   * A Standard Schema that answers at once, for what handlers save as checkpoints: `stream.save()` refuses what could not be read back by it, and
   * `stream.checkpoint` is what it returns. Without it a checkpoint is a text.
   */
  readonly checkpointSchema?: StandardSchemaV1<unknown, TCheckpoint>;
  /**
   * A Standard Schema for the fields of the entries of its data streams, as consumers read them: texts. Producers refuse to append what it refuses. Handlers give it to
   * `stream.entries({ schema })`.
   */
  readonly entrySchema?: TEntrySchema;
}

/**
 * Defines a service once, for `createRuntime()`, `createProducer()`, `createAdmin()` and the simulation: give it as their option `service`.
 *
 * @throws StreamwardenError `InvalidOption`
 */
export function defineService<
  TSchema extends StandardSchemaV1,
  TCheckpoint = string,
  TEntrySchema extends StandardSchemaV1 | undefined = undefined,
>(
  definition: ServiceDefinition<TSchema, TCheckpoint, TEntrySchema> & { readonly infoSchema: TSchema },
): Service<
  StandardSchemaV1.InferInput<TSchema>,
  StandardSchemaV1.InferOutput<TSchema>,
  TCheckpoint,
  TEntrySchema
>;
export function defineService<
  TCheckpoint = string,
  TEntrySchema extends StandardSchemaV1 | undefined = undefined,
>(
  definition: ServiceDefinition<undefined, TCheckpoint, TEntrySchema>,
): Service<object | null, Info | null, TCheckpoint, TEntrySchema>;
export function defineService(
  definition: ServiceDefinition<StandardSchemaV1 | undefined, unknown, StandardSchemaV1 | undefined>,
): AnyService {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid('definition', 'an object with a name', definition);
  }
  const { name, infoSchema, checkpointSchema, entrySchema } = definition;
  if (typeof name !== 'string' || name === '') throw invalid('name', TEXT_WORDS, name);
  if (infoSchema !== undefined && !isSchema(infoSchema)) {
    throw invalid('infoSchema', 'a Standard Schema', infoSchema);
  }
  if (checkpointSchema !== undefined && !isSchema(checkpointSchema)) {
    throw invalid('checkpointSchema', 'a Standard Schema', checkpointSchema);
  }
  if (entrySchema !== undefined && !isSchema(entrySchema)) {
    throw invalid('entrySchema', 'a Standard Schema', entrySchema);
  }
  return Object.freeze({ name, infoSchema, checkpointSchema, entrySchema });
}

function isSchema(value: unknown): value is StandardSchemaV1 {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
}

/** Of any copy of the package. */
export function isService(value: unknown): value is AnyService {
  if (typeof value !== 'object' || value === null) return false;
  const { name, infoSchema, checkpointSchema, entrySchema } = value as Readonly<Record<string, unknown>>;
  return (
    typeof name === 'string' &&
    name !== '' &&
    [infoSchema, checkpointSchema, entrySchema].every((schema) => schema === undefined || isSchema(schema))
  );
}

/** The option `service`, which may be the name alone. */
export function serviceOf(given: string | AnyService): AnyService {
  return typeof given === 'string'
    ? { name: given, infoSchema: undefined, checkpointSchema: undefined, entrySchema: undefined }
    : given;
}
