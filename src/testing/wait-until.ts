import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds between two looks: a server changes by itself ten times a second, and each look is work for all nodes of a cluster. */
const everyMs = 50;

/**
 * Looks again and again, for what no event announces, until `look` finds nothing wrong any more.
 *
 * @param look answers in words what is still wrong, or undefined; a look that throws is taken for one that answered its error
 * @returns undefined, or what was still wrong when `timeoutMs` had passed
 */
export async function waitUntil(
  look: () => Promise<string | undefined>,
  timeoutMs: number,
): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const wrong = await look().catch((error: unknown) => String(error));
    if (wrong === undefined || performance.now() >= deadline) return wrong;
    await delay(everyMs);
  }
}
