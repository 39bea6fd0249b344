/** What a state means to whoever watches: said by colour, and never by colour alone. */
import type { StateValue } from '../../../replay/format.js';
import { pathsOf } from '../../../replay/state-path.js';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  extending: 'good',
  live: 'good',
  confirmed: 'good',
  present: 'good',
  certain: 'good',
  settled: 'good',
  supervising: 'good',
  waiting: 'good',
  resting: 'good',
  static: 'good',
  released: 'quiet',
  stopped: 'quiet',
  handedOver: 'quiet',
  ended: 'quiet',
  idle: 'quiet',
  none: 'quiet',
  refused: 'quiet',
  degraded: 'warn',
  uncertain: 'warn',
  unsettled: 'warn',
  restarting: 'warn',
  retrying: 'warn',
  pausing: 'warn',
  backingOff: 'warn',
  absent: 'warn',
  offline: 'warn',
  unknown: 'bad',
  failed: 'bad',
  lost: 'bad',
  deadLettered: 'bad',
};

const WEIGHT: Readonly<Record<Tone, number>> = { bad: 4, warn: 3, busy: 2, good: 1, quiet: 0 };

/** Of the innermost name of a path of states, such as `lease.present.pulse.resting`. */
export function toneOfPath(path: string): Tone {
  return TONES[path.slice(path.lastIndexOf('.') + 1)] ?? 'busy';
}

/** Of regions that run side by side, the one that matters most. */
export function toneOf(state: StateValue, status: 'active' | 'done' | 'error' | 'stopped' = 'active'): Tone {
  if (status === 'error') return 'bad';
  const tones = pathsOf(state).map(toneOfPath);
  return tones.reduce<Tone>((worst, tone) => (WEIGHT[tone] > WEIGHT[worst] ? tone : worst), 'quiet');
}
