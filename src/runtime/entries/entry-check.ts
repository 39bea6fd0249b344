/** Runs the application's Standard Schema on the fields of an entry. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { messageOf, textOf } from '../../core/errors.js';

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
