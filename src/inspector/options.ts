/** Options of the inspector: raw → validated. */
import * as z from 'zod';
import type { InspectOptions } from '../runtime/inspect-options.js';
import { invalid, parseWith } from '../runtime/option-errors.js';

/** As a browser sends it: without a path, in lower case, without a port that is the usual one. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

const schema = z.strictObject({
  port: z.int().min(0).max(65_535).default(0).describe('an integer from 0 to 65535'),
  host: z.string().min(1).default('127.0.0.1').describe('a non-empty string'),
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,256}$/)
    .describe('16 to 256 letters, digits, - and _')
    .optional(),
  actions: z.boolean().default(false).describe('true or false'),
  stately: z.boolean().default(false).describe('true or false'),
  statelyOrigins: z
    .array(z.string())
    .refine((origins) => origins.every(isOrigin))
    .describe('a list of origins such as https://example.com')
    .default([]),
  allowedHosts: z
    .array(z.string().regex(/^[A-Za-z0-9.-]+$/))
    .describe('a list of host names')
    .default([]),
});

export type CompiledInspectOptions = z.output<typeof schema>;

/** Whether only this computer can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** @throws StreamwardenError `InvalidOption` */
export function compileInspectOptions(raw: InspectOptions): CompiledInspectOptions {
  const options = parseWith(schema, raw);
  if (!isLoopback(options.host) && options.token === undefined) {
    throw invalid('token', `given since others can reach ${options.host}`, undefined);
  }
  if (!options.stately && options.statelyOrigins.length > 0) {
    throw invalid('stately', 'true since statelyOrigins are named', options.stately);
  }
  return options;
}
