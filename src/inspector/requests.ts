/** What the page sends, checked. */
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { readJson } from './http.js';
import type { LetterQuery } from './letters/letter-query.js';
import type { LetterJobRequest, Limits, StreamActionRequest } from './protocol.js';
import { Refusal } from './refusal.js';
import { MAX_REPLAY_BYTES } from './replays.js';

export const LIMITS: Limits = { watched: 8, replayBytes: MAX_REPLAY_BYTES, letters: 100 };

const MAX_BODY_BYTES = 65_536;

const text = z.string().min(1).max(1_024);
export const entryId = z.string().regex(/^\d{1,20}-\d{1,20}$/);

export const watchRequest = z.strictObject({
  actors: z.array(z.strictObject({ runtime: text, actor: text })).max(LIMITS.watched),
});

export const lettersRequest = z.strictObject({ ids: z.array(entryId).min(1).max(LIMITS.letters) });

export const nothing = z.strictObject({});

const find = z.string().max(1_024);
const ms = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const msText = z.coerce.number().pipe(ms);

/** What the page asks for by query, as the inspector has it: an absent member is absent. */
const letterFilter = z.object({
  find: find.optional(),
  reason: text.optional(),
  errorName: text.optional(),
  olderMs: msText.optional(),
  newerMs: msText.optional(),
  after: entryId.nullable().default(null),
  newest: entryId.optional(),
  fromMs: msText.optional(),
  toMs: msText.optional(),
});

function letterQueryOf({ newest, fromMs, toMs, ...asked }: z.output<typeof letterFilter>): LetterQuery {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const range = newest === undefined ? null : { newest, fromMs: fromMs ?? null, toMs: toMs ?? null };
  return { ...given, after: asked.after, range };
}

export const letterGroupsQuery = letterFilter.transform(letterQueryOf);

export const letterPageQuery = letterFilter
  .extend({ count: z.coerce.number().int().min(1).max(100).default(50) })
  .transform(({ count, ...asked }) => ({ ...letterQueryOf(asked), count }));

export const letterJobRequest = z
  .strictObject({
    action: z.enum(['redrive', 'delete']),
    filter: z.strictObject({ find: find.optional(), reason: text.optional(), errorName: text.optional() }),
    range: z.strictObject({ newest: entryId.nullable(), fromMs: ms.nullable(), toMs: ms.nullable() }),
  })
  .transform(({ action, filter, range }): LetterJobRequest => {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined && value !== '');
    return { action, filter: Object.fromEntries(given), range };
  });

export const streamActionRequest = z
  .strictObject({
    name: z.string().min(1).max(65_536),
    id: entryId.optional(),
    force: z.boolean().default(false),
  })
  .transform(
    ({ name, id, force }): StreamActionRequest => ({ name, force, ...(id === undefined ? {} : { id }) }),
  );

export const fleetStreamsQuery = z.object({ consumer: text, after: entryId.nullable().default(null) });

export const fleetNamesQuery = z.object({ part: text });

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
