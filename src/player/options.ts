/** What `play()` is given, checked before anything is read. */
import { StreamwardenError } from '../core/errors.js';
import { invalid, onlyKnown } from '../runtime/option-errors.js';
import { type Duration, toMs } from '../simulation/duration.js';
import type { PlayableRecording, PlayOptions } from './types.js';

const MOST_SEED = 0xffff_ffff;

/** Options with every default in place. */
export interface CompiledPlay<TInfo, TCheckpoint> {
  readonly handler: PlayOptions<TInfo, TCheckpoint>['handler'] | undefined;
  readonly prepare: PlayOptions<TInfo, TCheckpoint>['prepare'] | undefined;
  readonly supply: PlayOptions<TInfo, TCheckpoint>['supply'] | undefined;
  readonly onNotification: PlayOptions<TInfo, TCheckpoint>['onNotification'] | undefined;
  readonly onUncertain: 'continue' | 'abort';
  readonly standstills: boolean;
  readonly graceMs: number;
  readonly toleranceMs: number;
  readonly withinMs: number;
  readonly seed: number;
  readonly realLimitMs: number;
}

const NAMES = [
  'handler',
  'prepare',
  'supply',
  'onNotification',
  'onUncertain',
  'standstills',
  'grace',
  'tolerance',
  'within',
  'seed',
  'realLimitMs',
] as const;

function integer(name: string, value: unknown, from: number, to: number): number {
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) return value as number;
  throw invalid(name, `an integer from ${from} to ${to}`, value);
}

/** @throws StreamwardenError `InvalidOption` */
export function compilePlay<TInfo, TCheckpoint>(
  options: PlayOptions<TInfo, TCheckpoint>,
): CompiledPlay<TInfo, TCheckpoint> {
  const given = onlyKnown(options, NAMES);
  for (const name of ['handler', 'prepare', 'supply', 'onNotification'] as const) {
    if (given[name] !== undefined && typeof given[name] !== 'function')
      throw invalid(name, 'a function', given[name]);
  }
  if ((given.handler === undefined) === (given.prepare === undefined)) {
    const got = given.handler === undefined ? 'neither' : 'both';
    throw new StreamwardenError('InvalidOption', `expected either handler or prepare, got: ${got}`, {
      details: { option: 'handler', expected: 'either handler or prepare' },
    });
  }
  const { onUncertain = 'continue', standstills = true } = given;
  if (onUncertain !== 'continue' && onUncertain !== 'abort')
    throw invalid('onUncertain', "one of 'continue', 'abort'", onUncertain);
  if (typeof standstills !== 'boolean') throw invalid('standstills', 'true or false', standstills);
  const { handler, prepare, supply, onNotification } = options;
  return {
    handler,
    prepare,
    supply,
    onNotification,
    onUncertain,
    standstills,
    graceMs: toMs((given.grace ?? '5 s') as Duration, 'grace'),
    toleranceMs: toMs((given.tolerance ?? '100 ms') as Duration, 'tolerance'),
    withinMs: toMs((given.within ?? '1 min') as Duration, 'within'),
    seed: integer('seed', given.seed ?? 1, 0, MOST_SEED),
    realLimitMs: integer('realLimitMs', given.realLimitMs ?? 1_000, 1, 600_000),
  };
}

/** @throws StreamwardenError `InvalidOption` */
export function listOf(
  recordings: PlayableRecording | readonly PlayableRecording[],
): readonly PlayableRecording[] {
  const list = Array.isArray(recordings)
    ? (recordings as readonly PlayableRecording[])
    : [recordings as PlayableRecording];
  const isOne = (one: unknown) =>
    typeof one === 'string' ||
    one instanceof URL ||
    (typeof one === 'object' && one !== null && 'header' in one && 'lines' in one);
  if (list.length > 0 && list.every(isOne)) return list;
  throw invalid('recording', 'a recording, its path, or a list of them', recordings);
}
