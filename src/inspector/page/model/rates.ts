/** Ticks as the lines of charts: time in seconds first, then a value each. */
import type { TickFacts } from '../../protocol.js';

export type Series = readonly (number | null)[];
export type ChartData = readonly [times: readonly number[], ...values: Series[]];
type CounterName = keyof TickFacts['counters'];

export function levels(
  ticks: readonly TickFacts[],
  ...read: ((tick: TickFacts) => number | null)[]
): ChartData {
  return [ticks.map(({ at }) => at / 1_000), ...read.map((one) => ticks.map(one))];
}

/** How much a counter grew, a second. Null where a runtime that started anew counts from zero again. */
function rate(before: TickFacts | undefined, tick: TickFacts, counter: CounterName): number | null {
  if (before === undefined) return null;
  const seconds = (tick.at - before.at) / 1_000;
  const grown = tick.counters[counter] - before.counters[counter];
  return seconds <= 0 || grown < 0 ? null : grown / seconds;
}

export function rates(ticks: readonly TickFacts[], ...counters: CounterName[]): ChartData {
  return [
    ticks.map(({ at }) => at / 1_000),
    ...counters.map((counter) => ticks.map((tick, index) => rate(ticks[index - 1], tick, counter))),
  ];
}

/** Of the last ten seconds, a second. */
export function recentRate(ticks: readonly TickFacts[], counter: CounterName): number {
  const last = ticks.at(-1);
  const first = ticks.at(-11) ?? ticks[0];
  return (last && rate(first, last, counter)) ?? 0;
}
