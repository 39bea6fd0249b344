/** Runs the service's schemas on what a producer announces and appends, before anything is sent. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { StreamwardenError } from '../core/errors.js';
import type { NewEntry } from '../redis/announcing.js';
import type { Info } from '../redis/entry.js';
import { createInfoCheck } from './info-check.js';
import type { CheckedEntry } from './new-entries.js';

/**
 * What the schema is given is what consumers will read: the object as JSON carries it.
 *
 * @throws StreamwardenError `InvalidOption`: rejects with
 */
export function createProducedInfoCheck(
  schema: StandardSchemaV1<unknown, unknown>,
  service: string,
): (entries: readonly NewEntry[]) => Promise<void> {
  const check = createInfoCheck(schema, 'deadLetter');
  return async (entries) => {
    for (const { name, payload } of entries) {
      const { Info: info = null } = JSON.parse(payload) as { readonly Info?: Info };
      const checked = await check(info);
      if (checked.ok) continue;
      throw new StreamwardenError(
        'InvalidOption',
        `expected info of ${name} to satisfy the schema of the service ${service}: ${checked.problem}`,
        { details: { option: 'info', stream: name } },
      );
    }
  };
}

/**
 * What the schema is given is what consumers will read: fields as texts.
 *
 * @throws StreamwardenError `InvalidOption`: rejects with
 */
export function createProducedFieldsCheck(
  schema: StandardSchemaV1<unknown, unknown>,
  service: string,
): (entries: readonly CheckedEntry[]) => Promise<void> {
  const check = createInfoCheck(schema, 'deadLetter');
  return async (entries) => {
    for (const { fields, stream } of entries) {
      const checked = await check({ ...fields });
      if (checked.ok) continue;
      throw new StreamwardenError(
        'InvalidOption',
        `expected fields of ${stream.name} to satisfy the schema of the service ${service}: ${checked.problem.replace(/^Info does/, 'they do')}`,
        { details: { option: 'fields', stream: stream.name } },
      );
    }
  };
}
