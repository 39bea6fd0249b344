/** Paths of actors, such as `consumer/ownership/1-0`: who stands above whom. The page imports this file too. */

export const SUPERVISOR = 'supervisor';

/** Path of the parent; null for the one on top. */
export function parentOf(path: string): string | null {
  if (path === SUPERVISOR) return null;
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : SUPERVISOR;
}
