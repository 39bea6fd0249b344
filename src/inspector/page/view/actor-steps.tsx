/** What happened to an actor, the latest last; one of it can be chosen to be looked at. */
import { wordsOfEvent } from '../../../replay/event-words.js';
import { pathsOf, wordsOfState } from '../../../replay/state-path.js';
import { clockTime, plural } from '../model/format.js';
import type { Step } from '../model/history.js';
import { movedBetween } from '../model/moved.js';
import { toneOf } from '../model/tone.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { VirtualList } from '../part/virtual-list.js';

const ROW_HEIGHT = 26;

function words(paths: readonly string[]): string {
  return paths.map((path) => path.slice(path.lastIndexOf('.') + 1)).join(' + ');
}

function dataOf({ event }: Step): string {
  if (event === null) return '';
  const { type, ...data } = event;
  return Object.keys(data).length === 0 ? '' : JSON.stringify(data);
}

function beginning({ kind, skipped }: Step): string {
  if (skipped > 0) return `${plural(skipped, 'line')} missing`;
  return kind === 'spawn' ? 'started' : 'seen as it stood';
}

function Row({ step }: { readonly step: Step }) {
  const { seq, at, event, from, state, effects, status, threw } = step;
  const { left, entered } = movedBetween(from === null ? [] : pathsOf(from), pathsOf(state));
  return (
    <div class="step-row" data-step={seq}>
      <span class="muted mono">{seq}</span>
      <span class="mono">{clockTime(at)}</span>
      <span title={event?.type}>
        {event === null ? <i class="muted">{beginning(step)}</i> : wordsOfEvent(event.type)}
      </span>
      <span title={wordsOfState(state)}>
        {left !== '' && <span class="muted">{left} → </span>}
        {entered === '' ? (
          <span class="muted">stays in {words(pathsOf(state))}</span>
        ) : (
          <Badge tone={toneOf(state)}>{entered}</Badge>
        )}
        {status !== 'active' && <span class="muted"> · {status}</span>}
        {threw !== null && <Badge tone="bad">threw</Badge>}
      </span>
      <span class="muted" title={effects.join(', ')}>
        {effects.join(', ')}
      </span>
      <span class="muted mono" title={dataOf(step)}>
        {dataOf(step)}
      </span>
    </div>
  );
}

interface ActorStepsProps {
  readonly steps: readonly Step[];
  readonly hasMachine: boolean;
  /** Its seq; null: the latest. */
  readonly chosen: number | null;
  readonly onChoose: (seq: number | null) => void;
}

export function ActorSteps({ steps, hasMachine, chosen, onChoose }: ActorStepsProps) {
  const current = chosen === null ? steps.length - 1 : steps.findIndex(({ seq }) => seq === chosen);
  const onKeyDown = (event: { readonly key: string; preventDefault(): void; stopPropagation(): void }) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const next = steps[current + by];
    if (by === 0 || next === undefined) return;
    onChoose(next.seq);
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Panel
      title="History"
      isFlush
      class="actor-steps"
      aside={<span class="muted">{plural(steps.length, 'line')}</span>}
    >
      {steps.length === 0 ? (
        <Empty
          title={hasMachine ? 'Nothing is known of its past yet' : 'A child without a machine has no history'}
        />
      ) : (
        <div class="steps">
          <div class="step-head" aria-hidden="true">
            <span>seq</span>
            <span>Time</span>
            <span>Event</span>
            <span>State</span>
            <span>Asked for</span>
            <span>With</span>
          </div>
          <VirtualList
            items={steps}
            rowHeight={ROW_HEIGHT}
            label="History"
            keyOf={({ seq, kind }) => `${seq} ${kind}`}
            followsEnd
            current={chosen === null ? -1 : current}
            currentKey={chosen}
            onKeyDown={onKeyDown}
            onPick={({ seq }) => onChoose(seq)}
          >
            {(step) => <Row step={step} />}
          </VirtualList>
        </div>
      )}
    </Panel>
  );
}
