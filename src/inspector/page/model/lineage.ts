/** The last part of a path: how an actor is called among its siblings. */
export function nameOf(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
