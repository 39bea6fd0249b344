/** What is closed when all files have run, where one process runs them all. Mocha's workers are ended, and what they have kept ends with them. */
const closers = new Set<() => Promise<void>>();

export function atEnd(close: () => Promise<void>): void {
  closers.add(close);
}

export async function closeAtEnd(): Promise<void> {
  for (const close of closers) await close();
  closers.clear();
}
