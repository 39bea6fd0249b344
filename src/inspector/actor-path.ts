/** Paths of actors, such as `consumer/ownership/1-0`: who stands above whom. The page imports this file too. */

export const SUPERVISOR = 'supervisor';

/** Path of the parent; null for the one on top. In recordings that were merged a process stands before each: `pod-a:consumer/leaseKeeper`. */
export function parentOf(path: string): string | null {
  if (path.includes('/')) return path.slice(0, path.indexOf('/'));
  const top = `${path.slice(0, path.lastIndexOf(':') + 1)}${SUPERVISOR}`;
  return path === top ? null : top;
}
