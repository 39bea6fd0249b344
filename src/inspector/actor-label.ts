import type { Standing, Subject } from '../replay/tap.js';

/** What an actor is about, for people. */
export function labelOf(
  { path, machine }: Pick<Subject, 'path' | 'machine'>,
  { context }: Pick<Standing, 'context'>,
): string | null {
  if (machine === 'ownership') return String((context as { name?: unknown } | null)?.name ?? '');
  if (machine === 'masterSubscription') return path.slice(path.lastIndexOf('/') + 1);
  return null;
}
