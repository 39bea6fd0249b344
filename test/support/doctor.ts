/** `streamwarden doctor`, and what it found. */
import type { Cli, RunResult } from './cli.js';

export interface Found {
  readonly result: string;
  readonly found: string;
  readonly remedy: string | null;
}

export interface Examined extends RunResult {
  /** By name of the check. */
  readonly checks: Readonly<Record<string, Found>>;
}

/** What a machine that is busy with other tests takes for a round trip is no finding: measured by this, it is little. */
export const UNHURRIED = ['--heartbeat', '600000'];

export type Doctor = (url: string, ...args: readonly string[]) => Promise<Examined>;

export function useDoctor(cli: Cli): Doctor {
  return async (url, ...args) => {
    const run = await cli.run(['doctor', '--redis', url, '--json', ...UNHURRIED, ...args]);
    const checks: Record<string, Found> = {};
    for (const line of run.stdout.split('\n').filter((text) => text !== '')) {
      const { check, result, found, remedy } = JSON.parse(line) as Found & { check: string };
      checks[check] = { result, found, remedy };
    }
    return { ...run, checks };
  };
}

/** Names of the checks with this result. */
export function findings(checks: Examined['checks'], wanted: string): string[] {
  return Object.entries(checks).flatMap(([check, { result }]) => (result === wanted ? [check] : []));
}
