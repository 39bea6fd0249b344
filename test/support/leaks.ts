import { openServers } from '../../src/testing/open-servers.js';

/** Something that a test must not leave behind: it is closed when found, so that one culprit fails one test. */
export interface Leak {
  readonly label: string;
  close(): Promise<void>;
}

/** Objects that are open now, by identity, so that what a suite opened for all its tests can be told from a leak. */
export function openNow(): Map<object, Leak> {
  return new Map(
    openServers().map((server) => [
      server,
      { label: `Redis server on port ${server.port} (${server.dir})`, close: () => server.stop() },
    ]),
  );
}

/** Closes whatever is open now and was not before, and throws naming it. */
export async function failOnLeaks(before: ReadonlyMap<object, Leak>, culprit: string): Promise<void> {
  const leaks = [...openNow()].filter(([object]) => !before.has(object)).map(([, leak]) => leak);
  if (leaks.length === 0) return;
  await Promise.allSettled(leaks.map((leak) => leak.close()));
  throw new Error(
    `expected ${culprit} to close what it opened, got: ${leaks.map((leak) => leak.label).join(', ')}`,
  );
}
