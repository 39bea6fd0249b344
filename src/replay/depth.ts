/** How deep what was recorded is nested: whoever reads it walks down in it. */

/** What is recorded is at most 32 deep; json-safe.ts. */
export const MAX_DEPTH = 64;

export function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most === 0 || Object.values(value).some((member) => isDeeper(member, most - 1));
}
