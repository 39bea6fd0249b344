import { setTimeout as delay } from 'node:timers/promises';
import { describePace, hangingMs } from './pace.js';

export interface EventuallyOptions {
  /** @defaultValue what only catches hanging (`pace.ts`) */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks. @defaultValue 10 at first, and more of them the longer it takes, up to 50 */
  readonly everyMs?: number;
}

/** So much longer than its deadline a look may take before it hangs. */
const HANG_MS = 1_000;
const MOST_OFTEN_MS = 10;
const LEAST_OFTEN_MS = 50;

/**
 * A look answers either something or a falsy 'not yet' (`null`, `false`, 0), or nothing at all when it only asserts. A
 * `find` that may be `undefined` is neither and does not compile: say `?? null`.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: `void` is the answer of a look that only asserts
type Unambiguous<T> = [T] extends [void] ? unknown : undefined extends T ? never : unknown;

/**
 * Asks `look` again and again, for what no event announces, until it no longer throws and does not answer 'not yet', and
 * returns the answer. The deadline only catches hanging: it says nothing of how soon something has to come.
 *
 * @param name what is waited for; the failure says it: "the second owner appears: expected it within … ms, got: …"
 */
export async function eventually<T>(
  name: string,
  look: (() => T | Promise<T>) & Unambiguous<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, null | false>> {
  const timeoutMs = options.timeoutMs ?? hangingMs();
  const begun = performance.now();
  const deadline = begun + timeoutMs;
  // A look that hangs must fail by this name and not by the test's timeout.
  let hang: NodeJS.Timeout | undefined;
  const hangs = new Promise<Answer<T>>((resolve) => {
    const hung = { holds: false, got: 'a look that did not end' } as const;
    hang = setTimeout(() => resolve(hung), timeoutMs + HANG_MS);
  });
  try {
    for (;;) {
      const answer = await Promise.race([judge(look), hangs]);
      if (answer.holds) return answer.value as Exclude<T, null | false>;
      if (performance.now() >= deadline) {
        throw new Error(
          `${name}: expected it within ${timeoutMs} ms, got: ${answer.got}; ${describePace()}`,
          {
            cause: answer.cause,
          },
        );
      }
      const waitMs = options.everyMs ?? nextLookMs(performance.now() - begun);
      // Not past the deadline: what is told is what the last look saw.
      await delay(Math.min(waitMs, deadline - performance.now()));
    }
  } finally {
    clearTimeout(hang);
  }
}

/** What has not come in half a second is no matter of ten milliseconds, and many looks ask a server or a browser. */
function nextLookMs(waitedMs: number): number {
  return Math.min(LEAST_OFTEN_MS, Math.max(MOST_OFTEN_MS, waitedMs / 10));
}

type Answer<T> = { holds: true; value: T } | { holds: false; got: string; cause?: unknown };

async function judge<T>(look: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    const value = await look();
    return value === undefined || value ? { holds: true, value } : { holds: false, got: String(value) };
  } catch (error) {
    return { holds: false, got: error instanceof Error ? error.message : String(error), cause: error };
  }
}
