/** The statechart of an actor: as it stands, as it stood at a step, or as an event that is tried would leave it. */
import { useMemo } from 'preact/hooks';
import type { ActorRow, MachineDefinition } from '../../protocol.js';
import { branchesOf } from '../model/branches.js';
import type { TransitionId } from '../model/chart-edges.js';
import { clockTime } from '../model/format.js';
import type { Step } from '../model/history.js';
import { Empty, Panel } from '../part/panel.js';
import { Statechart } from '../part/statechart.js';
import { chartOfTrials, type Trials } from './trial.js';

interface ActorChartProps {
  readonly row: ActorRow;
  readonly machine: MachineDefinition | undefined;
  readonly step: Step | undefined;
  /** The step is not the latest one. */
  readonly isPast: boolean;
  readonly trials: Trials;
  /** Which way the step went, as the server says; null: it has not said. */
  readonly told: ReadonlySet<TransitionId> | null;
  readonly onNow: () => void;
}

function Aside({
  step,
  isPast,
  trials,
  onNow,
}: Pick<ActorChartProps, 'step' | 'isPast' | 'trials' | 'onNow'>) {
  const last = trials.tried.at(-1);
  if (last !== undefined && trials.isAfter) {
    return (
      <span class="push">
        as if <span class="mono">{last.event.type}</span> had come{' '}
        <button type="button" class="button is-small" onClick={() => trials.show(false)}>
          Back to what was
        </button>
      </span>
    );
  }
  if (!isPast || step === undefined) return null;
  return (
    <span class="push">
      as of {clockTime(step.at)}{' '}
      <button type="button" class="button is-small" onClick={onNow}>
        Back to now
      </button>
    </span>
  );
}

export function ActorChart({ row, machine, step, isPast, trials, told, onNow }: ActorChartProps) {
  const tried = chartOfTrials(trials);
  const branches = useMemo(() => machine && branchesOf(machine, step, told), [machine, step, told]);
  return (
    <Panel
      class={`actor-chart ${tried === undefined ? '' : 'is-tried'}`}
      title={machine === undefined ? 'No statechart' : `Statechart of ${machine.id}`}
      aside={<Aside step={step} isPast={isPast} trials={trials} onNow={onNow} />}
    >
      {machine === undefined ? (
        <Empty
          title={row.machine === null ? 'This child is no machine' : `No machine ${row.machine} is known`}
        >
          {row.machine === null
            ? 'It is a timer, or none at the moment. Its state is that of its supervision.'
            : 'The inspector has no definition of that name to draw.'}
        </Empty>
      ) : (
        <Statechart
          machine={machine}
          // The row may be newer than the last line about it; what is chosen is older than both.
          state={tried?.state ?? (isPast && step !== undefined ? step.state : row.state)}
          step={step}
          taken={tried?.taken ?? branches?.taken}
        />
      )}
      {tried === undefined && branches !== undefined && branches.oneOf !== null && (
        <p class="muted">
          One of the {branches.oneOf} marked branches was taken: which of their guards held is not recorded,
          and cannot be found out with these machines.
        </p>
      )}
    </Panel>
  );
}
