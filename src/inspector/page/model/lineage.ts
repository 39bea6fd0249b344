/** Who stands above whom, as the server derives it for rows; recordings name paths only. */
export function parentOf(path: string): string | null {
  if (path === 'supervisor') return null;
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'supervisor';
}

/** The last part of a path: how an actor is called among its siblings. */
export function nameOf(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
