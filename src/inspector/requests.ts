/** What the page sends, checked. */
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { readJson } from './http.js';
import type { Limits } from './protocol.js';
import { Refusal } from './refusal.js';
import { MAX_REPLAY_BYTES } from './replays.js';

export const LIMITS: Limits = { watched: 8, replayBytes: MAX_REPLAY_BYTES, letters: 100 };

const MAX_BODY_BYTES = 65_536;

const text = z.string().min(1).max(1_024);
const entryId = z.string().regex(/^\d{1,20}-\d{1,20}$/);

export const watchRequest = z.strictObject({
  actors: z.array(z.strictObject({ runtime: text, actor: text })).max(LIMITS.watched),
});

export const lettersRequest = z.strictObject({ ids: z.array(entryId).min(1).max(LIMITS.letters) });

export const nothing = z.strictObject({});

export const letterQuery = z.object({
  count: z.coerce.number().int().min(1).max(100).default(50),
  after: entryId.nullable().default(null),
  find: z.string().max(1_024).default(''),
});

export const fleetStreamsQuery = z.object({ consumer: text, after: entryId.nullable().default(null) });

/** As long as a data stream's name may be. */
export const fleetStreamQuery = z.object({ name: z.string().min(1).max(65_536) });

/** @throws Refusal `Malformed` */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data as z.output<S>;
  const [issue] = error.issues;
  const where = issue?.path.join('.') || 'the request';
  throw new Refusal(400, 'Malformed', `${where}: ${issue?.message ?? 'is not as expected'}`);
}

/** @throws Refusal `TooLarge`, `Malformed` */
export async function bodyAs<S extends z.ZodType>(schema: S, request: IncomingMessage): Promise<z.output<S>> {
  return checked(schema, await readJson(request, MAX_BODY_BYTES));
}
