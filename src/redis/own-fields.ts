/** Fields of an entry that are ours to write, as `scripts/lib/own-fields.lua` has them. Each is in docs/reference/wire-protocol.md. */

export const RETRY_FIELD = '_retry_count';
const DELIVERY_FIELD = '_delivery_count';
const FAILURES_FIELD = '_failures';
const DEATHS_FIELD = '_deaths';
const TRIAL_FIELD = '_trial';
export const REASON_FIELD = '_dlq_reason';
export const ERROR_FIELD = '_dlq_error';
export const OWNER_FIELD = '_dlq_owner';
export const AT_FIELD = '_dlq_at';

/** They count for nothing in an entry's size, which is that of what its producer added. */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  RETRY_FIELD,
  DELIVERY_FIELD,
  FAILURES_FIELD,
  DEATHS_FIELD,
  TRIAL_FIELD,
  REASON_FIELD,
  ERROR_FIELD,
  OWNER_FIELD,
  AT_FIELD,
]);

/** Of a repeated field the last value counts, as in the Go client. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let at = fields.length - 2; at >= 0; at -= 2) {
    if (fields[at] === name) return fields[at + 1];
  }
  return undefined;
}

/** A count as somebody has written it. Absent, malformed and negative ones read as 0. */
export function toCount(text: string | null | undefined): number {
  return text && /^\+?\d{1,15}$/.test(text) ? Number(text) : 0;
}

function countOf(fields: readonly string[], name: string): number {
  return toCount(fieldOf(fields, name));
}

/** Retries that were spent. */
export function retryCountOf(fields: readonly string[]): number {
  return countOf(fields, RETRY_FIELD);
}

/** How often it was delivered to a consumer that died before it had become the owner, under the ids that it had before. */
export function deliveryCountOf(fields: readonly string[]): number {
  return countOf(fields, DELIVERY_FIELD);
}

/** How often a handler of it threw. */
export function failuresOf(fields: readonly string[]): number {
  return countOf(fields, FAILURES_FIELD);
}

/** How often an owner of it died. */
export function deathsOf(fields: readonly string[]): number {
  return countOf(fields, DEATHS_FIELD);
}

/** As which suspect it is to be begun, as a mark says it (`marks.ts`); 0: as none. */
export function trialOf(fields: readonly string[]): number {
  return countOf(fields, TRIAL_FIELD);
}
