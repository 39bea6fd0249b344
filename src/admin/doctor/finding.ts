/** What a check of `doctor` says. */
import type { Facts } from './facts.js';

/** From best to worst. */
export const RESULTS = ['good', 'warning', 'bad'] as const;

export type Result = (typeof RESULTS)[number];

export interface Verdict {
  readonly result: Result;
  /** What is there. */
  readonly found: string;
  /** What to do about it; null when nothing is to be done. */
  readonly remedy: string | null;
}

export interface Finding extends Verdict {
  /** Name of the check. */
  readonly check: string;
}

/** Pure: what it goes by has been gathered before. */
export interface Check {
  /** In kebab case, and stable: scripts go by it. Listed in docs/reference/cli.md. */
  readonly name: string;
  /** Undefined when the question makes no sense here: Sentinels of a single server, say. */
  judge(facts: Facts): Verdict | undefined;
}

export function good(found: string): Verdict {
  return { result: 'good', found, remedy: null };
}

export function warning(found: string, remedy: string): Verdict {
  return { result: 'warning', found, remedy };
}

export function bad(found: string, remedy: string): Verdict {
  return { result: 'bad', found, remedy };
}

/** The worst of these; `good` when there are none. */
export function worstOf(results: readonly Result[]): Result {
  return RESULTS[Math.max(0, ...results.map((result) => RESULTS.indexOf(result)))] ?? 'good';
}
