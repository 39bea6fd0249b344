/** Who the lanes of a sequence are. They stand still while the rows below are scrolled, and fold what is not wanted. */
import {
  fullWordsOfLane,
  type LanePlaces,
  OUTSIDE,
  processesAcross,
  TIME_ROOM,
  wordsOfLane,
} from '../model/lanes.js';
import { Breakable } from './breakable.js';

interface LaneHeadsProps {
  readonly places: LanePlaces;
  readonly onFold: (lane: string) => void;
}

function columns(widths: readonly number[]): string {
  return [TIME_ROOM, ...widths].map((width) => `${width}px`).join(' ');
}

/** Where words would have no room between the capitals of a name either. */
function broken(name: string): string {
  return name.replace(/([a-z])(?=[A-Z])/g, '$1\u200b');
}

export function LaneHeads({ places: { lanes }, onFold }: LaneHeadsProps) {
  const processes = processesAcross(lanes);
  return (
    <div class="lanes">
      {processes.length > 0 && (
        <div
          class="lane-row is-process"
          style={{ gridTemplateColumns: columns(processes.map(({ width }) => width)) }}
        >
          <i />
          {processes.map(({ process }) => (
            <span key={process} title={process}>
              <b>{process}</b>
            </span>
          ))}
        </div>
      )}
      <div class="lane-row" style={{ gridTemplateColumns: columns(lanes.map(({ width }) => width)) }}>
        <i />
        {lanes.map(({ lane, isFolded }) => (
          <button
            key={lane}
            type="button"
            class={isFolded ? 'is-folded' : ''}
            aria-expanded={!isFolded}
            aria-label={fullWordsOfLane(lane)}
            title={`${lane === OUTSIDE ? 'Redis, a timer, or the application' : lane}: ${isFolded ? 'open' : 'fold'} this lane`}
            onClick={() => onFold(lane)}
          >
            {isFolded ? '▸' : <Breakable text={broken(wordsOfLane(lane))} />}
          </button>
        ))}
      </div>
    </div>
  );
}
