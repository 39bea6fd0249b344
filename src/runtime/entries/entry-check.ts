/** Runs the application's Standard Schema on the fields of an entry. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { messageOf, StreamwardenError, textOf } from '../../core/errors.js';
import type { DataRow } from '../../redis/data-streams.js';
import type { Walked } from './cursor-host.js';
import { objectOf } from './fields.js';

/** What a schema makes of fields, or what is wrong with them, in words that follow 'does not satisfy the schema'. */
export type Checked = { readonly fields: unknown } | { readonly problem: string };

/** A schema that throws is treated like one that refuses. */
export async function checkFields(schema: StandardSchemaV1, fields: unknown): Promise<Checked> {
  try {
    const result = await schema['~standard'].validate(fields);
    if (!result.issues) return { fields: result.value };
    const [first] = result.issues;
    const path = first?.path?.map((part) => textOf(typeof part === 'object' ? part.key : part)).join('.');
    return { problem: `${path ? ` at ${path}` : ''}: ${textOf(first?.message ?? 'no reason given')}` };
  } catch (error) {
    return { problem: `: ${messageOf(error)}` };
  }
}

/** The fields of an entry as the application is handed them, or why it is not. */
export async function checkedFields(
  { ownership, key, options: { schema } }: Walked,
  [id, flat]: DataRow,
): Promise<{ readonly fields: unknown; readonly error?: undefined } | { readonly error: StreamwardenError }> {
  const fields = objectOf(flat);
  if (schema === undefined) return { fields };
  const checked = await checkFields(schema, fields);
  if (!('problem' in checked)) return checked;
  const message = `entry ${id} of ${key} does not satisfy the schema${checked.problem}`;
  const details = { stream: ownership.name, key, entryId: id };
  return { error: new StreamwardenError('EntryInvalid', message, { details }) };
}
