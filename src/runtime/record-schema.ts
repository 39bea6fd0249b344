/** What the options of a recording have to look like; messages as in option-schema.ts. */
import * as z from 'zod';
import type { CompiledRecordOptions, RecordedInfo, RecordOptions } from '../replay/record-options.js';
import { NOTIFICATION_TYPES } from './notification-types.js';
import { parseWith } from './option-errors.js';

const integer = (min: number, max: number) =>
  z.int().min(min).max(max).describe(`an integer from ${min} to ${max}`);

export const recordSchema = z
  .strictObject({
    file: z.string().min(1).describe('a non-empty string'),
    ring: z
      .strictObject({
        lastMs: integer(1, 3_600_000).default(60_000),
        maxEvents: integer(1, 10_000_000).default(100_000),
        dumpOn: z
          .array(z.enum(NOTIFICATION_TYPES))
          .describe(`a list of ${NOTIFICATION_TYPES.join(', ')}`)
          .default([]),
      })
      .describe('an object with lastMs, maxEvents, dumpOn')
      .optional(),
    maxBytes: integer(1024, 1_000_000_000_000).default(1_073_741_824),
    maxMs: integer(1, 86_400_000).default(86_400_000),
    info: z
      .custom<RecordedInfo>((value) => value === 'omit' || value === 'keep' || typeof value === 'function')
      .describe("'omit', 'keep' or a function")
      .default('omit'),
  })
  .describe('an object with file, ring, maxBytes, maxMs, info');

export function compiled(options: z.output<typeof recordSchema>): CompiledRecordOptions {
  return { ...options, ring: options.ring };
}

/** @throws StreamwardenError `InvalidOption` */
export function compileRecordOptions(raw: RecordOptions): CompiledRecordOptions {
  return compiled(parseWith(recordSchema, raw));
}
