/** Findings in words, for people. */

import type { Finding, Result } from '../../admin/doctor/finding.js';
import { printable } from '../printable.js';

/** As wide as the longest result, and the longest name of a check. */
const RESULT_WIDTH = 9;
const NAME_WIDTH = 20;

export function inWords({ check, result, found, remedy }: Finding): string {
  const line = `${result.padEnd(RESULT_WIDTH)}${check.padEnd(NAME_WIDTH)}${printable(found)}`;
  return remedy === null
    ? line
    : `${line}\n${' '.repeat(RESULT_WIDTH)}${'remedy:'.padEnd(NAME_WIDTH)}${printable(remedy)}`;
}

export function summary(findings: readonly Finding[]): string {
  const count = (wanted: Result) => findings.filter(({ result }) => result === wanted).length;
  const warnings = count('warning');
  return `${count('good')} good, ${warnings} warning${warnings === 1 ? '' : 's'}, ${count('bad')} bad`;
}
