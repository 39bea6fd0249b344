import type { TickFacts } from '../../protocol.js';
import { bytes, duration, number } from '../model/format.js';
import { levels, rates } from '../model/rates.js';
import { type Line, TimeChart } from '../part/time-chart.js';

const OWNED: readonly Line[] = [
  { name: 'owned', colour: 1, isFilled: true },
  { name: 'waiting', colour: 3 },
];
const RATES: readonly Line[] = [
  { name: 'acquired', colour: 1 },
  { name: 'finished', colour: 2 },
];
const TROUBLE: readonly Line[] = [
  { name: 'requeued', colour: 1 },
  { name: 'handed over', colour: 2 },
  { name: 'dead-lettered', colour: 3 },
  { name: 'lost', colour: 4 },
];
const LEASE: readonly Line[] = [{ name: 'least in the second', colour: 2, isFilled: true }];
const DELAY: readonly Line[] = [
  { name: 'longest', colour: 4 },
  { name: 'median', colour: 1 },
];
const MEMORY: readonly Line[] = [
  { name: 'rss', colour: 1 },
  { name: 'heap used', colour: 2 },
];

/** Round in bytes: from 1 MB to 1 TB. */
const BYTE_MARKS = Array.from({ length: 20 }, (_, power) => 2 ** (20 + power));

export function OverviewCharts({ ticks }: { readonly ticks: readonly TickFacts[] }) {
  return (
    <div class="charts">
      <TimeChart
        title="Streams"
        lines={OWNED}
        format={number}
        data={levels(
          ticks,
          ({ owned }) => owned,
          ({ waiting }) => waiting,
        )}
      />
      <TimeChart
        title="Work a second"
        lines={RATES}
        format={number}
        data={rates(ticks, 'acquired', 'finished')}
      />
      <TimeChart
        title="Moves a second"
        lines={TROUBLE}
        format={number}
        data={rates(ticks, 'requeued', 'handedOver', 'deadLettered', 'lost')}
      />
      <TimeChart
        title="Lease held for"
        lines={LEASE}
        format={duration}
        data={levels(ticks, ({ leaseLeastMs }) => leaseLeastMs)}
      />
      <TimeChart
        title="Event loop delay"
        lines={DELAY}
        format={duration}
        data={levels(
          ticks,
          ({ loopDelay }) => loopDelay.max,
          ({ loopDelay }) => loopDelay.p50,
        )}
      />
      <TimeChart
        title="Memory"
        lines={MEMORY}
        format={bytes}
        marks={BYTE_MARKS}
        data={levels(
          ticks,
          ({ memory }) => memory.rss,
          ({ memory }) => memory.heapUsed,
        )}
      />
    </div>
  );
}
